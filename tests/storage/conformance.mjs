// What every storage has to do, whatever host it is in: random sequences of operations, of which each answer must be the one
// that the storage in memory gives; and records that must be refused. It imports nothing of a host.

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** A value with its keys in order, so that equal values have equal texts. */
function inOrder(value) {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, of]) => [key, inOrder(of)]);
}
const text = (value) => JSON.stringify(inOrder(value)) ?? "undefined";

/** Fails with both values where they differ. */
export function same(found, expected, where) {
  const [a, b] = [text(found), text(expected)];
  if (a !== b) throw new Error(`${where}: expected ${b.slice(0, 2000)}, found ${a.slice(0, 2000)}`);
}

const HOUR = 3_600_000;
// The last days of one month and the first of the next, so that a sequence crosses both kinds of border.
const BEGIN = Date.UTC(2026, 9, 29);
const HOURS = 130;

/** Names that are only names, whatever they mean elsewhere. */
const NAMES = ["a", "b", "__proto__", "constructor", "é:%/\u2028\u{1f600}"];

function someRecord(next, moves) {
  const upTo = (n) => Math.floor(next() * n);
  const input = upTo(2000);
  const output = upTo(500);
  const id = upTo(10);
  return {
    id: id === 9 ? "x".repeat(300) : `r${id}`,
    requestId: `q${upTo(4)}`,
    agentId: NAMES[upTo(NAMES.length)],
    model: `m${upTo(3)}`,
    provider: ["openai", "anthropic"][upTo(2)],
    actualTokens: { inputTokens: input, outputTokens: output, totalTokens: input + output, ...(next() < 0.2 ? { cacheReadTokens: 0, reasoningTokens: upTo(output) } : {}) },
    actualCost: upTo(1_000_000) / 1e9,
    // A record of one id is of one day, unless it may move.
    timestamp: new Date(BEGIN + (moves ? upTo(HOURS) : (id % 5) * 24 + upTo(24)) * HOUR + upTo(3)).toISOString(),
    ...(next() < 0.5 ? {} : { revision: upTo(3) }),
    ...(next() < 0.7 ? {} : { scopes: [{ type: "tag", id: NAMES[upTo(NAMES.length)] }, { type: "project", id: `p${upTo(2)}` }] }),
    ...(next() < 0.7 ? {} : { metadata: JSON.parse(`{"team":"t${upTo(2)}","deep":{"n":${upTo(3)},"list":[1,null]},"__proto__":{"x":1}}`) }),
    ...(next() < 0.8 ? {} : { priced: false, outcome: "error", latencyMs: upTo(1000) / 4, streamed: true, serviceTier: "flex" }),
    ...(next() < 0.8 ? {} : { items: [{ unit: "input", quantity: input, ratePerMillion: "2.5", usd: "0.0001" }], warnings: [{ code: "stale_rate", message: "old" }] }),
    ...(next() < 0.9 ? {} : { ofALaterRelease: { kept: [1.5, "x"] } }),
  };
}

const SECTIONS = ["model", "provider", "agent", "project", "organization", "user", "tag"];

/** A random question: a method and its arguments. */
function someQuestion(next) {
  const upTo = (n) => Math.floor(next() * n);
  const of = (list) => list[upTo(list.length)];
  const at = () => BEGIN + upTo(HOURS) * HOUR;
  const [from, to] = [at(), at()].sort((a, b) => a - b);
  const range = next() < 0.3 ? {} : { start: from, end: new Date(to) };
  const filter = {
    ...range,
    ...(next() < 0.2 ? { agentId: NAMES[upTo(3)] } : {}),
    ...(next() < 0.2 ? { model: [`m${upTo(3)}`, `m${upTo(3)}`] } : {}),
    ...(next() < 0.1 ? { provider: "openai" } : {}),
    ...(next() < 0.1 ? { requestId: [`q${upTo(4)}`] } : {}),
    ...(next() < 0.1 ? { tag: NAMES[upTo(3)] } : {}),
    ...(next() < 0.1 ? { metadata: { team: `t${upTo(2)}`, "deep.n": upTo(3) } } : {}),
    ...(next() < 0.1 ? { priced: next() < 0.5 } : {}),
  };
  const questions = [
    ["get", `r${upTo(9)}`],
    ["get", "x".repeat(300)],
    ["get", "none"],
    ["getByRequestId", `q${upTo(4)}`],
    ["getByAgentId", of(NAMES)],
    ["getByAgentId", of(NAMES), from, to],
    ["getByAgentId", of(NAMES), from],
    ["getByAgentId", of(NAMES), undefined, to],
    ["getByDateRange", from, to],
    ["getByDateRange", to, from],
    ["getSummary", from, to],
    ["getSummary", "2026-10-30", "2026-11-01"],
    ["getSummary", from, to, of(NAMES)],
    ["query", { ...filter, orderBy: of(["timestamp", "cost", "tokens"]), order: of(["asc", "desc"]), limit: 1 + upTo(4) }],
    ["query", filter],
    ["getTimeSeries", { ...filter, ...(next() < 0.5 ? {} : { start: BEGIN, end: BEGIN + HOURS * HOUR }), interval: of(["hour", "day", "week", "month"]), timeZone: of(["UTC", "Europe/Berlin", "America/New_York"]), weekStart: of(["monday", "sunday"]), ...(next() < 0.5 ? {} : { groupBy: of(SECTIONS) }) }],
    ["getTop", { ...filter, of: of(SECTIONS), by: of(["cost", "tokens", "requests"]), limit: 1 + upTo(3) }],
  ];
  return questions[upTo(questions.length)];
}

/** What a question is answered with; pages are followed to the last. */
async function ask(storage, [method, ...args]) {
  if (method !== "query") return storage[method](...args);
  const pages = [];
  let cursor;
  do {
    const page = await storage.query(args[0], cursor);
    pages.push(page.items.map(({ id, revision, usd }) => [id, revision, usd]));
    cursor = page.cursor;
  } while (cursor !== undefined && pages.length < 1000);
  return pages;
}

/**
 * Drives instances over one store, beside the storage in memory: `open()` gives an instance, `empty()` takes away all that is
 * stored, with a new store behind it if need be; `moves`: whether an instance may move a record, which another has stored, to
 * another day. Answers with what was done; throws at the first difference.
 */
export async function conform(tollgate, { open, empty = async () => {}, seeds = 20, steps = 30, instances = 2, moves = true }) {
  let [operations, questions] = [0, 0];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const next = random(seed);
    await empty();
    const memory = new tollgate.InMemoryCostStorage();
    const all = await Promise.all(Array.from({ length: instances }, open));
    for (let step = 0; step < steps; step += 1) {
      const kind = next();
      const storage = all[Math.floor(next() * all.length)];
      const operation =
        kind < 0.62
          ? ["store", someRecord(next, moves)]
          : kind < 0.66
            ? ["deleteOlderThan", BEGIN + Math.floor(next() * HOURS) * HOUR]
            : kind < 0.67
              ? ["clear"]
              : someQuestion(next);
      if (storage[operation[0]] === undefined) continue;
      const where = `seed ${seed}, step ${step}, ${operation[0]} ${JSON.stringify(operation.slice(1)).slice(0, 300)}`;
      same(await ask(storage, operation), await ask(memory, operation), where);
      operations += 1;
    }
    // In the end every instance, and one that has seen nothing yet, knows the same.
    for (const storage of [...all, await open()]) {
      for (let count = 0; count < 6; count += 1) {
        const question = someQuestion(next);
        if (storage[question[0]] === undefined) continue;
        same(await ask(storage, question), await ask(memory, question), `seed ${seed}, at the end, ${JSON.stringify(question).slice(0, 300)}`);
        questions += 1;
      }
      same(await storage.getByDateRange(0, 8e15), await memory.getByDateRange(0, 8e15), `seed ${seed}, all of it`);
    }
  }
  return { operations, questions };
}

/** Records and arguments that are refused, each with its code; what was stored before is as it was. */
export async function refuses(tollgate, storage) {
  const good = { id: "kept", model: "m", timestamp: "2026-11-21T12:00:00.000Z", actualCost: 0.1 };
  await storage.store(good);
  const cyclic = { ...good };
  cyclic.metadata = { self: cyclic };
  const asked = (method, ...args) => () => storage[method](...args);
  for (const [call, code] of [
    [asked("store", { ...good, id: "" }), "invalid_input"],
    [asked("store", { ...good, model: "" }), "invalid_input"],
    [asked("store", { ...good, actualCost: NaN }), "invalid_amount"],
    [asked("store", { ...good, actualCost: -1 }), "invalid_amount"],
    [asked("store", { ...good, actualCost: Infinity }), "invalid_amount"],
    [asked("store", { ...good, usd: "1,5" }), "invalid_amount"],
    [asked("store", { ...good, actualTokens: { inputTokens: -1 } }), "invalid_usage"],
    [asked("store", { ...good, actualTokens: { inputTokens: 1.5 } }), "invalid_usage"],
    [asked("store", { ...good, timestamp: "2026-11-21T12:00:00" }), "invalid_time"],
    [asked("store", { ...good, timestamp: undefined }), "invalid_time"],
    [asked("store", { ...good, schema: 2 }), "storage_version_newer"],
    [asked("store", { ...good, metadata: { big: 1n } }), "invalid_input"],
    [asked("store", cyclic), "invalid_input"],
    [asked("store", undefined), "invalid_input"],
    [asked("store", null), "invalid_input"],
    [asked("store", "text"), "invalid_input"],
    [asked("getByDateRange", "yesterday", 0), "invalid_time"],
    [asked("getByDateRange", 0, NaN), "invalid_time"],
    [asked("getSummary", 0, new Date(NaN)), "invalid_time"],
    [asked("deleteOlderThan", "soon"), "invalid_time"],
    ...(storage.query === undefined
      ? []
      : [
          [asked("query", { limit: 0 }), "invalid_input"],
          [asked("query", { limit: 1.5 }), "invalid_input"],
          [asked("query", { orderBy: "name" }), "invalid_input"],
          [asked("query", { colour: "red" }), "unknown_option"],
          [asked("query", { start: "yesterday" }), "invalid_time"],
          [asked("query", {}, "no cursor"), "invalid_input"],
          [asked("getTimeSeries", { interval: "fortnight", start: 0, end: 1 }), "invalid_input"],
          [asked("getTimeSeries", { interval: "day", timeZone: "Nowhere/At all" }), "invalid_config"],
          [asked("getTop", { of: "colour" }), "invalid_input"],
        ]),
  ]) {
    let found = "no error";
    try {
      await call();
    } catch (error) {
      found = error.code ?? String(error);
    }
    same(found, code, "a refusal");
  }
  same((await storage.getByDateRange(0, 8e15)).map(({ id }) => id), ["kept"], "what was stored before");
  await storage.clear();
}
