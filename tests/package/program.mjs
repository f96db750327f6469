// What a new project does with the package, in whatever host it is: handed the package, it imports nothing.

const EMAIL = "ada@example.org";

/** Prices, ids, and one streamed guarded call; the answer is the same in every host, to the digit. */
export default async function main({ baseURL }, tollgate) {
  const ids = [tollgate.generateId(), tollgate.generateId()];
  const answer = {
    version: tollgate.VERSION,
    ids: new Set(ids).size,
    wellFormed: ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
    error: tollgate.TollgateError.isInstance(new tollgate.ConfigurationError({ code: "invalid_config", message: "x" })),
    // Also where a bundler has renamed the classes.
    errorName: new tollgate.MissingApiKeyError({ message: "x" }).name,
    price: tollgate.PriceBook.bundled().price({ model: "gpt-4o-mini", usage: { input: 1000, output: 500 }, at: "2025-11-01" }).usd,
  };

  const guardrailEngine = new tollgate.GuardrailEngine();
  guardrailEngine.registerGuardrail(new tollgate.PIIDetectionGuardrail({ action: "redact" }));
  const costStorage = new tollgate.InMemoryCostStorage();
  const budgetManager = new tollgate.BudgetManager(costStorage);
  const { id } = budgetManager.createBudget({ name: "pot", limit: "0.01", period: "total", action: "block" });
  const client = new tollgate.GuardedOpenAI({ apiKey: "sk-local", baseURL, guardrailEngine, costStorage, budgetManager, dangerouslyAllowBrowser: true });
  const stream = await client.chat.completions.create(
    { model: "gpt-4o-mini", stream: true, max_completion_tokens: 100, messages: [{ role: "user", content: `Write to ${EMAIL}, please.` }] },
    { headers: { "x-simulator-text": encodeURIComponent(`I wrote to ${EMAIL} at once.`), "x-simulator-piece-size": "3" } },
  );
  answer.text = "";
  for await (const chunk of stream) answer.text += chunk.choices[0]?.delta.content ?? "";
  const { costRecord } = await stream.security;
  answer.usd = costRecord.usd;
  answer.priced = costRecord.priced;
  const { spentUsd, heldUsd } = await budgetManager.getBudgetStatus(id);
  Object.assign(answer, { spentUsd, heldUsd });
  return answer;
}
