// What a new project does with the package, in whatever host it is: handed the package, it imports nothing.

export default async function main({ baseURL }, tollgate) {
  const answer = { version: tollgate.VERSION, ids: 0 };
  const ids = [tollgate.generateId(), tollgate.generateId()];
  answer.ids = new Set(ids).size;
  if (ids.some((id) => !/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id))) answer.ids = -1;
  answer.error = tollgate.TollgateError.isInstance(new tollgate.ConfigurationError({ code: "invalid_config", message: "x" }));
  return answer;
}
