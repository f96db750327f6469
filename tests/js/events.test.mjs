// What a program is told of its calls: when, in which order, and that no listener can break one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  BudgetExceededError,
  BudgetManager,
  CostTracker,
  FallbackChain,
  GuardedAnthropic,
  GuardedAzureOpenAI,
  GuardedOpenAI,
  GuardrailBlockedError,
  InMemoryCostStorage,
  MemoryBudgetLedger,
  TimeoutError,
  createGuardedFetch,
} from "tollgate";
import { callLog } from "tollgate/telemetry";

import { CHAT, CHAT_EVENTS, MAIL, MESSAGE_EVENTS, STREAMS, events, json, pii, post, provider } from "./lib/wire.mjs";

const chat = { id: "c", object: "chat.completion", created: 1, model: "gpt-5-mini", choices: [{ index: 0, message: { role: "assistant", content: "Hello", refusal: null }, finish_reason: "stop" }], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } };
const message = { id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5", content: [{ type: "text", text: "Hello" }], stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 9, output_tokens: 4 } };
const SECRET = "the secret of the prompt";
const messages = [{ role: "user", content: SECRET }];

const NAMES = ["onEstimate", "onRequest", "onBlocked", "onRecord", "onAlert", "onError"];
const listening = () => {
  const told = [];
  return { told, names: () => told.map(([name]) => name), options: Object.fromEntries(NAMES.map((name) => [name, (event) => void told.push([name, event])])) };
};
const budget = (limit, thresholds = [50]) => {
  const budgetManager = new BudgetManager();
  budgetManager.createBudget({ name: "team", limit, period: "daily", action: "block", alertThresholds: thresholds });
  return budgetManager;
};

/** The clients, each with how it is asked. */
const CLIENTS = [
  ["GuardedOpenAI", chat, CHAT_EVENTS, { done: true }, (config) => new GuardedOpenAI({ apiKey: "sk-key", ...config }), (client, more) => client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages, ...more }), "https://api.openai.com/v1/chat/completions", "openai"],
  ["GuardedAnthropic", message, MESSAGE_EVENTS, { named: true }, (config) => new GuardedAnthropic({ apiKey: "sk-key", ...config }), (client, more) => client.messages.create({ model: "claude-sonnet-4-5", max_tokens: 50, messages, ...more }), "https://api.anthropic.com/v1/messages", "anthropic"],
  ["GuardedAzureOpenAI", chat, CHAT_EVENTS, { done: true }, (config) => new GuardedAzureOpenAI({ apiKey: "sk-key", endpoint: "https://me.openai.azure.com", deployments: { mine: "gpt-5-mini" }, ...config }), (client, more) => client.chat.completions.create({ deployment: "mine", max_completion_tokens: 50, messages, ...more }), "https://me.openai.azure.com/openai/deployments/mine/chat/completions", "azure-openai"],
  ["createGuardedFetch", chat, CHAT_EVENTS, { done: true }, (config) => createGuardedFetch(config), async (fetch, more) => {
    const response = await fetch(`${CHAT}?key=hidden`, post({ model: "gpt-5-mini", max_completion_tokens: 50, messages, ...more }));
    await response.text();
    return response;
  }, CHAT, "openai"],
];

for (const [name, answer, made, options, create, ask, url, who] of CLIENTS) {
  describe(name, () => {
    it("tells of estimate, request and record, in that order, with the same ids", async () => {
      const { told, names, options: listeners } = listening();
      const client = create({ fetch: provider(() => json(answer)).fetch, maxRetries: undefined, agentId: "a1", ...listeners, ...(name === "createGuardedFetch" && {}) });
      await ask(client);
      assert.deepEqual(names(), ["onEstimate", "onRequest", "onRecord"]);
      const [[, estimate], [, request], [, record]] = told;
      assert.equal(estimate.requestId, request.requestId);
      assert.equal(record.requestId, request.requestId);
      assert.deepEqual([estimate.agentId, estimate.provider, record.agentId], ["a1", who, "a1"]);
      assert.equal(request.url, url);
      assert.equal(request.attempt, 1);
      assert.ok(Number(estimate.estimate.usd) > 0);
      assert.equal(record.actualTokens.inputTokens, 9);
      assert.ok(!JSON.stringify(told).includes(SECRET) && !JSON.stringify(told).includes("sk-key") && !JSON.stringify(told).includes("hidden"));
    });

    it("tells the same of a stream", async () => {
      const { names, options: listeners } = listening();
      const client = create({ fetch: provider(events(made("Hel", "lo"), options).response).fetch, ...listeners });
      const stream = await ask(client, { stream: true });
      if (name !== "createGuardedFetch") for await (const _ of stream);
      await stream.security;
      assert.deepEqual(names(), ["onEstimate", "onRequest", "onRecord"]);
    });

    it("tells of a refusal by a budget, and that nothing was sent", async () => {
      const { told, names, options: listeners } = listening();
      const client = create({ fetch: provider(() => json(answer)).fetch, budgetManager: budget("0.000001", [200]), ...listeners });
      await ask(client).catch((error) => error);
      assert.deepEqual(names(), ["onEstimate", "onBlocked"]);
      assert.ok(told[1][1] instanceof BudgetExceededError);
      assert.equal(told[1][1].security.requestId, told[0][1].requestId);
    });

    it("tells of a refusal by a guardrail, of a request and in a stream", async () => {
      const { told, names, options: listeners } = listening();
      const client = create({ fetch: provider(events(made("Write to ", MAIL, " now"), options).response).fetch, guardrailEngine: pii("block"), ...listeners });
      await ask(client, { messages: [{ role: "user", content: MAIL }] }).catch((error) => error);
      assert.deepEqual(names(), ["onBlocked"]);
      assert.ok(told[0][1] instanceof GuardrailBlockedError);
      const stream = await ask(client, { stream: true });
      if (name !== "createGuardedFetch") await (async () => { for await (const _ of stream); })().catch(() => undefined);
      await stream.security;
      assert.deepEqual(names().slice(1), ["onEstimate", "onRequest", "onRecord", "onBlocked"]);
      assert.equal(told.at(-1)[1].stage, "output");
      assert.ok(!JSON.stringify(told).includes(MAIL));
    });

    it("tells of a budget's thresholds, projected and true", async () => {
      const { told, options: listeners } = listening();
      const client = create({ fetch: provider(() => json(answer)).fetch, budgetManager: budget("0.01", [0.1]), ...listeners });
      await ask(client);
      const alerts = told.filter(([event]) => event === "onAlert").map(([, alert]) => alert);
      assert.ok(alerts.length >= 1 && alerts.every(({ budgetName }) => budgetName === "team"), JSON.stringify(alerts));
      assert.equal(alerts[0].projected, true);
    });

    it("goes on whatever its listeners throw, and says so", async () => {
      const faults = [];
      const throwing = Object.fromEntries(NAMES.map((event) => [event, () => { throw new Error(event); }]));
      const costStorage = new InMemoryCostStorage();
      const client = create({ fetch: provider(() => json(answer)).fetch, costStorage, budgetManager: budget("0.01", [0.1]), ...throwing, onError: (error) => faults.push(error.message) });
      const found = await ask(client);
      assert.deepEqual([...new Set(faults)].sort(), ["onAlert", "onEstimate", "onRecord", "onRequest"]);
      assert.equal(costStorage.size(), 1);
      if (found.security) assert.ok(found.security.warnings.some(({ code }) => code === "callback_failed"));
      // One of onError itself, and one that fails later.
      const silent = create({ fetch: provider(() => json(answer)).fetch, ...throwing, onRecord: async () => Promise.reject(new Error("later")) });
      await ask(silent);
    });
  });
}

describe("the guarded fetch", () => {
  for (const [format, url, made, options, body] of STREAMS) {
    it(`tells who subscribed later, until they leave, in ${format}`, async () => {
      const fetch = createGuardedFetch({ fetch: provider(events(made("a", "b"), options).response).fetch });
      const told = [];
      const leave = NAMES.map((name) => fetch[name]((event) => told.push([name, event])));
      await (await fetch.with({ agentId: "u" })(url, post(body))).text();
      await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(told.map(([name]) => name), ["onEstimate", "onRequest", "onRecord"]);
      assert.equal(told[1][1].agentId, "u");
      for (const go of leave) go();
      await (await fetch(url, post(body))).text();
      await new Promise((resolve) => setImmediate(resolve));
      assert.equal(told.length, 3);
    });
  }

  it("tells of a body that nobody can read", async () => {
    const blocked = [];
    const fetch = createGuardedFetch({ fetch: provider(() => json({})).fetch, onBlocked: (error) => blocked.push(error.code) });
    assert.equal((await fetch(CHAT, { ...post({}), body: "{oops" })).status, 400);
    assert.deepEqual(blocked, ["invalid_input"]);
  });
});

describe("what an application hands in and throws", () => {
  const unhandled = async (act) => {
    const found = [];
    const listen = (error) => void found.push(error);
    process.on("unhandledRejection", listen);
    try {
      await act();
      await new Promise((resolve) => setTimeout(resolve, 5));
    } finally {
      process.off("unhandledRejection", listen);
    }
    return found;
  };

  it("waitUntil that throws breaks no call, and leaves no timer", async () => {
    const torn = () => {
      throw new TypeError("Illegal invocation");
    };
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), context: { waitUntil: torn } });
    assert.equal((await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages })).choices[0].message.content, "Hello");
    const fetch = createGuardedFetch({ fetch: async () => json(chat), context: { waitUntil: torn } });
    assert.equal((await fetch(CHAT, post({ model: "gpt-5-mini", max_completion_tokens: 50, messages }))).status, 200);
  });

  it("an observer that is asynchronous and fails ends no program", async () => {
    const fail = async () => {
      throw new Error("observer");
    };
    const telemetry = [{ begin: fail }, { begin: () => ({ run: async (send) => (await send(), fail()), end: fail }) }];
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), telemetry });
    const found = await unhandled(() => client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages }));
    assert.deepEqual(found, []);
  });

  it("soFar right after the loop is undefined: the call is settled", async () => {
    const stream = events(CHAT_EVENTS("Hello"), { done: true });
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => stream.response() });
    const answer = await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages, stream: true });
    for await (const _ of answer);
    assert.equal(answer.soFar(), undefined);
  });
});

describe("tries", () => {
  it("are told of one by one: a request each, and a record of each that may have been billed", async () => {
    const { told, names, options } = listening();
    let turn = 0;
    const fetch = async () => {
      turn += 1;
      if (turn === 1) throw Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error("reset"), { code: "ECONNRESET" }) });
      return json(chat);
    };
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch, maxRetries: 1, costTracker: new CostTracker(), ...options });
    await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages });
    assert.deepEqual(names().filter((name) => name !== "onError"), ["onEstimate", "onRequest", "onRecord", "onRequest", "onRecord"]);
    assert.deepEqual(told.filter(([name]) => name === "onRequest").map(([, { attempt }]) => attempt), [1, 2]);
    assert.deepEqual(told.filter(([name]) => name === "onRecord").map(([, { outcome, attempt }]) => [outcome, attempt]), [["error", 1], ["ok", 2]]);
  });
});

describe("a call that fell back", () => {
  it("is logged under who answered", async () => {
    const entries = [];
    let turn = 0;
    const fetch = async () => ((turn += 1) === 1 ? json({}, { status: 500 }) : json(chat));
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch, maxRetries: 0, fallback: new FallbackChain([{ model: "gpt-4.1-mini" }]), telemetry: callLog({ write: (entry) => entries.push(entry) }) });
    await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages });
    assert.deepEqual(entries.map(({ provider, model }) => [provider, model]), [["openai", "gpt-4.1-mini"]]);
  });

  it("is logged with what all its tries cost, and where the last one went", async () => {
    const [entries, records] = [[], []];
    let turn = 0;
    // A gateway that stopped waiting: it may have been billed.
    const fetch = async () => ((turn += 1) === 1 ? json({}, { status: 504 }) : json(chat));
    const other = new GuardedAzureOpenAI({ endpoint: "https://me.openai.azure.com", apiKey: "k", deployments: { mine: "gpt-4.1-mini" }, fetch });
    const fallback = new FallbackChain([{ client: other, deployment: "mine" }]);
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch, maxRetries: 0, fallback, onRecord: (record) => records.push(record), telemetry: callLog({ write: (entry) => entries.push(entry) }) });
    await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages });
    assert.deepEqual(records.map(({ model, estimated }) => [model, estimated]), [["gpt-5-mini", "unknown_outcome"], ["gpt-4.1-mini", undefined]]);
    const [first, second] = records.map(({ usd }) => BigInt(Math.round(Number(usd) * 1e12)));
    assert.equal(BigInt(Math.round(Number(entries[0].usd) * 1e12)), first + second);
    assert.match(entries[0].url, /^https:\/\/me\.openai\.azure\.com\//);
  });
});

describe("an error of the provider's that repeats what was asked", () => {
  const mail = "jane.doe@example.com";
  const asked = [{ role: "user", content: `Dear committee, my name is Jane Doe and you reach me at ${mail} at noon.` }];
  const echo = { error: { message: `Invalid content: 'my name is Jane Doe and you reach me' near ${mail}; max_tokens is too large. ${"More of it. ".repeat(100)}`, type: "invalid_request_error", param: "messages", code: "invalid" } };

  it("is told without it, and is whole in its body", async () => {
    const failed = async (answer, body) => {
      const told = [];
      const telemetry = { begin: () => ({ run: (send) => send(), end: ({ error }) => told.push(error) }) };
      const client = new GuardedOpenAI({ apiKey: "sk-key", maxRetries: 0, fetch: async () => answer(), telemetry });
      const error = await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages: asked, ...body }).then(
        async (stream) => {
          for await (const _ of stream);
        },
      ).catch((error) => error);
      assert.equal(told[0], error);
      return error;
    };
    const plain = await failed(() => json(echo, { status: 400 }));
    assert.ok(plain.message.startsWith("400 Invalid content: '...' near ...; max_tokens is too large. More"), plain.message);
    assert.ok(plain.message.length < 520, plain.message.length);
    assert.deepEqual(plain.body, echo);
    assert.ok(!JSON.stringify(plain).includes("Jane") && !JSON.stringify(plain).includes(mail));
    const streamed = await failed(events([CHAT_EVENTS("Hi")[0], echo]).response, { stream: true });
    assert.equal(streamed.code, "api_error");
    assert.ok(streamed.message.includes("Invalid content: '...' near ...;") && !streamed.message.includes("Jane"), streamed.message);
  });
});

describe("what is no listener and no observer", () => {
  it("is refused when it is given", () => {
    for (const wrong of [{ telemetry: () => undefined }, { telemetry: [{}] }, { onRecord: "log" }, { onError: {} }]) {
      assert.throws(() => createGuardedFetch(wrong), { code: "invalid_config" }, JSON.stringify(wrong));
      assert.throws(() => new GuardedOpenAI({ apiKey: "sk-key", ...wrong }), { code: "invalid_config" });
    }
  });
});

describe("a ledger or a storage that never answers", () => {
  const silent = new Promise(() => undefined);
  const request = { model: "gpt-5-mini", max_completion_tokens: 50, messages };
  const over = (methods) => {
    const memory = new MemoryBudgetLedger();
    const ledger = new Proxy(memory, { get: (own, key) => methods[key] ?? (typeof own[key] === "function" ? own[key].bind(own) : own[key]) });
    const budgetManager = new BudgetManager(undefined, { ledger });
    budgetManager.createBudget({ name: "team", limit: 5, period: "daily", action: "block" });
    return { memory, budgetManager };
  };

  it("holds no call past its timeout, or its caller's signal, before it is sent", async () => {
    let sent = 0;
    const fetch = async () => ((sent += 1), json(chat));
    const client = (timeout) => new GuardedOpenAI({ apiKey: "sk-key", fetch, timeout, budgetManager: over({ reserve: () => silent, release: () => silent }).budgetManager });
    await assert.rejects(client(30).chat.completions.create(request), (error) => error instanceof TimeoutError && error.timeout === 30 && /budgets/.test(error.message));
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 20);
    await assert.rejects(client(60_000).chat.completions.create(request, { signal: controller.signal }), /enough/);
    assert.equal(sent, 0);
  });

  it("gives back what is held after the call was given up", async () => {
    let answer;
    const held = new Promise((resolve) => (answer = resolve));
    const { memory, budgetManager } = over({ reserve: async (request) => (await held, memory.reserve(request)) });
    const owed = [];
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), timeout: 30, budgetManager, context: { waitUntil: (promise) => owed.push(promise) } });
    await assert.rejects(client.chat.completions.create(request), TimeoutError);
    answer();
    await Promise.all(owed);
    const [status] = await memory.status();
    assert.deepEqual([status.spentUsd, status.heldUsd], ["0", "0"]);
  });

  it("holds back no answer past the call's time, and says so", async () => {
    const owed = [];
    const costStorage = new InMemoryCostStorage();
    costStorage.store = () => silent;
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), timeout: 30, costStorage, budgetManager: over({ settle: () => silent }).budgetManager, context: { waitUntil: (promise) => owed.push(promise) } });
    const answer = await client.chat.completions.create(request);
    assert.equal(answer.choices[0].message.content, "Hello");
    assert.deepEqual(answer.security.warnings.map(({ code }) => code).filter((code) => code !== "no_usage").sort(), ["record_not_stored", "settlement_failed"]);
    assert.equal(owed.length, 3);
  });
});
