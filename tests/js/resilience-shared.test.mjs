// Calls that are one, and targets that are asked in the place of others: who answers, who pays, and what is never paid twice.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  BudgetExceededError,
  BudgetManager,
  CallbackGuardrail,
  CircuitBreaker,
  ConfigurationError,
  Deduplicator,
  FallbackChain,
  GuardedAnthropic,
  GuardedAzureOpenAI,
  GuardrailEngine,
  InMemoryCostStorage,
  KeywordGuardrail,
  PIIDetectionGuardrail,
  RateLimitError,
  ServerError,
  Vault,
} from "tollgate";

import { createProvider, startProvider } from "../../examples/local-provider/provider.mjs";
import { random } from "./lib/records.mjs";
import { baseURL, client, hello, provider, useProvider } from "./lib/local.mjs";

useProvider();

const azure = (config = {}) => new GuardedAzureOpenAI({ endpoint: provider.url, apiKey: "local", deployments: { "my-chat": "gpt-4o" }, maxRetries: 0, ...config });
const budget = (limit = 1) => {
  const budgetManager = new BudgetManager();
  const { id } = budgetManager.createBudget({ name: "b", limit, period: "daily", action: "block" });
  return { budgetManager, status: () => budgetManager.getBudgetStatus(id) };
};

describe("Deduplicator", () => {
  it("sends calls that are the same and under way once: one reservation, one record, an answer for each", async () => {
    const costStorage = new InMemoryCostStorage();
    const { budgetManager, status } = budget();
    const shared = client({ deduplicator: new Deduplicator(), costStorage, budgetManager });
    const answers = await Promise.all(Array.from({ length: 5 }, () => shared.chat.completions.create(hello)));
    assert.deepEqual([provider.requests.length, costStorage.size()], [1, 1]);
    const [own, ...others] = answers;
    const { usd } = own.security.costRecord;
    assert.equal(own.security.deduplicated, undefined);
    for (const { security, ...answer } of others) {
      assert.deepEqual([security.deduplicated, security.costRecord, security.budgetCheck, security.requestId], [true, undefined, undefined, own.security.requestId]);
      assert.equal(answer.choices[0].message.content, own.choices[0].message.content);
      assert.notEqual(answer.choices, own.choices);
      assert.notEqual(security.warnings, own.security.warnings);
    }
    // What one of them changes is nobody else's.
    others[0].security.warnings.push({ code: "no_usage", message: "mine" });
    assert.deepEqual(answers.map(({ security }) => security.warnings.length), [0, 1, 0, 0, 0].map((more) => own.security.warnings.length + more));
    const { spentUsd, heldUsd } = await status();
    assert.deepEqual([spentUsd, heldUsd], [usd, "0"]);
    // Once it has come, the next one is another.
    await shared.chat.completions.create(hello);
    assert.equal(provider.requests.length, 2);
  });

  it("whoever gives up does so alone; with the last one the call is given up", async () => {
    const shared = client({ deduplicator: new Deduplicator() });
    const controllers = [new AbortController(), new AbortController()];
    provider.script({ headDelay: 60 });
    const reason = new Error("mine");
    const [first, second] = controllers.map(({ signal }) => shared.chat.completions.create(hello, { signal }));
    setTimeout(() => controllers[0].abort(reason), 15);
    await assert.rejects(first, (error) => error === reason);
    assert.ok((await second).choices.length > 0);
    provider.reset();
    provider.script({ headDelay: 3_000 });
    const storage = new InMemoryCostStorage();
    const lonely = client({ deduplicator: new Deduplicator(), costStorage: storage });
    const both = [new AbortController(), new AbortController()];
    const calls = both.map(({ signal }) => lonely.chat.completions.create(hello, { signal }));
    setTimeout(() => both.forEach((controller) => controller.abort(reason)), 30);
    for (const call of calls) await assert.rejects(call, (error) => error === reason);
    for (let turn = 0; storage.size() === 0; turn += 1) {
      assert.ok(turn < 500, "what was sent is settled");
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal((await storage.getByDateRange(0, Date.now() + 1_000))[0].estimated, "unknown_outcome");
    // A call that comes then does not wait for one that is given up.
    provider.reset();
    assert.ok((await lonely.chat.completions.create(hello)).choices.length > 0);
    await assert.rejects(lonely.chat.completions.create(hello, { signal: AbortSignal.abort(reason) }), (error) => error === reason);
  });

  it("takes the longest timeout that there is", async () => {
    const shared = client({ deduplicator: new Deduplicator(), timeout: 2_147_483_647 });
    provider.script({ headDelay: 20 });
    const answers = await Promise.all([1, 2].map(() => shared.chat.completions.create(hello)));
    assert.deepEqual([answers.length, provider.requests.length], [2, 1]);
  });

  it("an error is everybody's", async () => {
    const shared = client({ deduplicator: new Deduplicator() });
    provider.script({ status: 500, headDelay: 20 });
    const results = await Promise.allSettled([1, 2, 3].map(() => shared.chat.completions.create(hello)));
    assert.deepEqual(results.map(({ reason }) => reason instanceof ServerError), [true, true, true]);
    assert.equal(provider.requests.length, 1);
  });

  it("shares nothing that differs, no stream, and nothing with a vault", async () => {
    const deduplicator = new Deduplicator();
    const shared = client({ deduplicator });
    const create = (body = {}, options = {}) => shared.chat.completions.create({ ...hello, ...body }, options);
    const drained = async (call) => {
      for await (const _chunk of await call);
    };
    await Promise.all([
      create(),
      create({ seed: 1 }),
      create({}, { timeout: 5_000 }),
      create({}, { idempotencyKey: "k" }),
      create({}, { headers: { "x-tenant": "2" } }),
      create({}, { tollgate: { agentId: "other" } }),
      create({}, { tollgate: { scopes: [{ type: "user", id: "1" }] } }),
      create({}, { tollgate: { vault: new Vault() } }),
      create({}, { tollgate: { vault: new Vault() } }),
      drained(create({ stream: true })),
      drained(create({ stream: true })),
      client({ deduplicator }).chat.completions.create(hello),
      client({ deduplicator, apiKey: "sk-other" }).chat.completions.create(hello),
    ]);
    assert.equal(provider.requests.length, 13);
    // Notes and ids of a call are its own and change nothing.
    provider.reset();
    await Promise.all([create({}, { tollgate: { requestId: "1" } }), shared.with({ metadata: { trace: 2 } }).chat.completions.create(hello)]);
    assert.equal(provider.requests.length, 1);
  });

  it("law: never two charges for one call, whoever gives up when", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const next = random(seed);
      const below = (n) => Math.floor(next() * n);
      const costStorage = new InMemoryCostStorage();
      const { budgetManager, status } = budget();
      const { handle, requests } = createProvider();
      const shared = client({ baseURL: "http://provider.invalid/v1", deduplicator: new Deduplicator(), costStorage, budgetManager, fetch: (...words) => handle(new Request(...words)) });
      const calls = Array.from({ length: 2 + below(8) }, async () => {
        const controller = new AbortController();
        if (next() < 0.4) setTimeout(() => controller.abort(), below(6));
        if (next() < 0.5) await new Promise((resolve) => setTimeout(resolve, below(4)));
        const headers = { "x-simulator-head-delay": "3" };
        return shared.chat.completions.create({ ...hello, seed: below(2) }, { signal: controller.signal, headers });
      });
      await Promise.allSettled(calls);
      // A call whose last caller gave up is settled a little later.
      for (let turn = 0; (await status()).heldUsd !== "0"; turn += 1) {
        assert.ok(turn < 500, `seed ${seed}: something is held for ever`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const { totalUsd } = await costStorage.getSummary(0, Date.now() + 1_000);
      assert.equal((await status()).spentUsd, totalUsd, `seed ${seed}`);
      assert.ok(costStorage.size() <= requests.length + 1 && requests.length <= calls.length, `seed ${seed}`);
    }
  });

  it("refuses what can't be meant", () => {
    assert.throws(() => new Deduplicator({ ttl: 1 }), (error) => error.code === "unknown_option");
    assert.throws(() => client({ deduplicator: true }), ConfigurationError);
  });
});

describe("FallbackChain", () => {
  it("asks another model of the same provider, and then another provider", async () => {
    const costStorage = new InMemoryCostStorage();
    const { budgetManager, status } = budget();
    const chain = new FallbackChain([{ model: "gpt-4.1-mini" }, { client: azure(), deployment: "my-chat" }]);
    const asking = client({ fallback: chain, budgetManager, costStorage, maxRetries: 1, retry: { initialDelayMs: 1 } });
    provider.script({ status: 503 }, { status: 503 }, { status: 429 }, { status: 500 }, { text: "From afar." });
    const { choices, security } = await asking.chat.completions.create(hello);
    assert.equal(choices[0].message.content, "From afar.");
    const { costRecord, fallback, warnings } = security;
    assert.deepEqual([costRecord.provider, costRecord.model, costRecord.attempt, costRecord.metadata], ["azure-openai", "gpt-4o", 5, { deployment: "my-chat" }]);
    assert.deepEqual([fallback.provider, fallback.model], ["azure-openai", "gpt-4o"]);
    assert.deepEqual(
      fallback.failed.map(({ provider, model, code, status }) => [provider, model, code, status]),
      [["openai", "gpt-5-mini", "server_error", 503], ["openai", "gpt-4.1-mini", "server_error", 500]],
    );
    assert.deepEqual(warnings.filter(({ code }) => code === "fallback_used").map(({ message }) => message), [
      "gpt-5-mini of openai ended with server_error: gpt-4.1-mini of openai is asked",
      "gpt-4.1-mini of openai ended with server_error: gpt-4o of azure-openai is asked",
    ]);
    const sent = provider.requests;
    assert.deepEqual(sent.map(({ body }) => body.model), ["gpt-5-mini", "gpt-5-mini", "gpt-4.1-mini", "gpt-4.1-mini", undefined]);
    assert.match(sent[4].path, /^\/openai\/deployments\/my-chat\/chat\/completions/);
    // Each target has a key of its own, kept over its tries.
    const keys = sent.map(({ headers }) => headers["idempotency-key"]);
    assert.deepEqual([keys[0] === keys[1], keys[2] === keys[3], new Set(keys).size], [true, true, 3]);
    assert.ok(keys.every((key) => key.startsWith("tollgate-")));
    const { spentUsd, heldUsd } = await status();
    assert.deepEqual([spentUsd, heldUsd, costStorage.size()], [costRecord.usd, "0", 1]);
  });

  it("reserves the dearest from the first try on", async () => {
    const reserved = [];
    const { budgetManager } = budget();
    const { reserve } = BudgetManager.prototype;
    budgetManager.reserve = function (request, ...rest) {
      reserved.push([request.requestId.split("#")[1], Number(request.amount)]);
      return reserve.call(this, request, ...rest);
    };
    provider.script({ status: 500 }, {});
    await client({ budgetManager, fallback: new FallbackChain([{ model: "gpt-4" }]) }).chat.completions.create({ ...hello, model: "gpt-4o-mini", max_completion_tokens: undefined, max_tokens: 50 });
    assert.deepEqual(reserved.map(([attempt]) => attempt), ["1", "2"]);
    assert.ok(Math.abs(reserved[0][1] / reserved[1][1] - 1) < 0.1, JSON.stringify(reserved));
    // A budget that can't pay for it refuses the call, though it could pay for the first.
    const poor = budget(reserved[0][1] / 2);
    await assert.rejects(
      client({ budgetManager: poor.budgetManager, fallback: new FallbackChain([{ model: "gpt-4" }]) }).chat.completions.create({ ...hello, model: "gpt-4o-mini", max_completion_tokens: undefined, max_tokens: 50 }),
      (error) => error instanceof BudgetExceededError && Number(error.cost) === reserved[0][1],
    );
    assert.equal(provider.requests.length, 2);
  });

  it("ends with the error of the last, which tells of all", async () => {
    provider.script({ status: 500 }, { status: 429 });
    const asking = client({ fallback: new FallbackChain([{ model: "gpt-4.1" }]) });
    await assert.rejects(asking.chat.completions.create(hello), (error) => {
      assert.ok(error instanceof RateLimitError && error.status === 429);
      assert.deepEqual(error.context.attempts.map(({ model, code, status }) => [model, code, status]), [["gpt-5-mini", "server_error", 500]]);
      assert.equal(error.security.fallback.model, "gpt-4.1");
      return true;
    });
  });

  it("falls back from what is held back here: a circuit that is open", async () => {
    const circuitBreaker = new CircuitBreaker({ failureThreshold: 1 });
    const gone = await startProvider();
    await gone.close();
    const asking = client({ baseURL: `${gone.url}/v1`, circuitBreaker, fallback: new FallbackChain([{ client: client() }]) });
    for (const code of ["network", "circuit_open"]) {
      const { security } = await asking.chat.completions.create(hello);
      assert.deepEqual([security.fallback.failed[0].code, security.fallback.model], [code, "gpt-5-mini"]);
    }
    assert.equal(provider.requests.length, 2);
    await assert.rejects(client({ baseURL: `${gone.url}/v1`, circuitBreaker, fallback: new FallbackChain([{ client: client({ baseURL: `${gone.url}/v1`, circuitBreaker }) }]) }).chat.completions.create(hello), (error) => {
      assert.deepEqual([error.code, error.context.attempts.map(({ code }) => code)], ["circuit_open", ["circuit_open"]]);
      return true;
    });
  });

  it("begins a stream elsewhere, but does not leave one that has begun", async () => {
    const asking = client({ fallback: new FallbackChain([{ model: "gpt-4.1-mini" }]) });
    provider.script({ status: 503 }, { text: "Streamed." });
    const stream = await asking.chat.completions.create({ ...hello, stream: true });
    let text = "";
    const models = new Set();
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      models.add(chunk.model);
      assert.notEqual(chunk.choices.length, 0, "usage that nobody asked for");
    }
    assert.equal(text, "Streamed.");
    assert.match([...models].join(), /^gpt-4\.1-mini[-0-9]*$/);
    assert.equal((await stream.security).fallback.failed.length, 1);
    provider.reset();
    provider.script({ cut: 400 });
    const broken = await asking.chat.completions.create({ ...hello, stream: true });
    await assert.rejects((async () => {
      for await (const _chunk of broken);
    })());
    assert.equal(provider.requests.length, 1);
  });

  it("sends what the guardrails let pass, and judges it once", async () => {
    const guardrailEngine = new GuardrailEngine();
    let judged = 0;
    guardrailEngine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
    guardrailEngine.registerGuardrail(new CallbackGuardrail({ callback: () => (judged += 1) > 0, stages: ["input"] }));
    provider.script({ status: 500 }, {});
    const mail = { ...hello, messages: [{ role: "user", content: "Greet ada@example.org" }] };
    await client({ guardrailEngine, fallback: new FallbackChain([{ model: "gpt-4.1" }]) }).chat.completions.create(mail);
    assert.deepEqual(provider.requests.map(({ body }) => body.messages[0].content), ["Greet [REDACTED_EMAIL]", "Greet [REDACTED_EMAIL]"]);
    assert.equal(judged, 1);
  });

  it("does not help against what would fail anywhere, nor for who gave up, nor past the call's time", async () => {
    const fallback = new FallbackChain([{ model: "gpt-4.1" }]);
    for (const [status, tried] of [[400, 1], [401, 1], [403, 1], [422, 1], [408, 2], [409, 2], [429, 2], [529, 2]]) {
      provider.reset();
      provider.script({ status }, {});
      await client({ fallback }).chat.completions.create(hello).catch(() => undefined);
      assert.deepEqual([status, provider.requests.length], [status, tried]);
    }
    provider.reset();
    const engine = new GuardrailEngine();
    engine.registerGuardrail(new KeywordGuardrail({ keywords: ["you wrote"], stages: ["output"], action: "block" }));
    await assert.rejects(client({ fallback: new FallbackChain([{ model: "gpt-4.1" }], { when: () => true }), guardrailEngine: engine }).chat.completions.create(hello), (error) => error.code === "guardrail_blocked");
    assert.equal(provider.requests.length, 1);
    provider.script({ headDelay: 2_000 });
    await assert.rejects(client({ fallback, timeout: 50 }).chat.completions.create(hello), (error) => error.code === "timeout" && error.context.attempts === undefined);
    provider.reset();
    provider.script({ headDelay: 2_000 }, {});
    const late = await client({ fallback, connectTimeout: 50 }).chat.completions.create(hello);
    assert.deepEqual(late.security.fallback.failed.map(({ code }) => code), ["timeout"]);
  });

  it("`when` decides, also for a budget of one model", async () => {
    const budgetManager = new BudgetManager();
    budgetManager.createBudget({ name: "dear", limit: 0, period: "daily", action: "block", scope: { type: "model", id: "gpt-5" } });
    const seen = [];
    const fallback = new FallbackChain([{ model: "gpt-5-nano" }], { when: ({ code }) => (seen.push(code), code === "budget_exceeded") });
    const { security } = await client({ budgetManager, fallback }).chat.completions.create({ ...hello, model: "gpt-5" });
    assert.deepEqual([security.costRecord.model, seen, provider.requests.length], ["gpt-5-nano", ["budget_exceeded"], 1]);
  });

  it("a `when` that throws, or gives a promise, says no: the call's error stays", async () => {
    for (const when of [() => assert.fail("mine"), async () => assert.fail("mine"), async () => true]) {
      provider.reset();
      provider.script({ status: 500 }, {});
      const fallback = new FallbackChain([{ model: "gpt-5" }], { when });
      await assert.rejects(client({ fallback }).chat.completions.create(hello), (error) => error instanceof ServerError && error.status === 500);
      assert.equal(provider.requests.length, 1);
    }
  });

  it("headers of the call, which may have a key, go to its own provider only", async () => {
    provider.script({ status: 500 }, { status: 500 }, {});
    const asking = client({ fallback: new FallbackChain([{ model: "gpt-4.1" }, { client: azure(), deployment: "my-chat" }]) });
    await asking.chat.completions.create(hello, { headers: { "x-own": "secret" } });
    assert.deepEqual(provider.requests.map(({ headers }) => headers["x-own"]), ["secret", "secret", undefined]);
  });

  it("works for messages, responses, embeddings, and from Azure to OpenAI", async () => {
    const messages = new GuardedAnthropic({ apiKey: "sk-ant", baseURL: provider.url, maxRetries: 0, fallback: new FallbackChain([{ model: "claude-haiku-4-5" }]) });
    provider.script({ status: 529 }, {});
    const said = await messages.messages.create({ model: "claude-sonnet-4-5", max_tokens: 20, messages: hello.messages });
    assert.equal(said.security.costRecord.model, "claude-haiku-4-5");
    const asking = client({ fallback: new FallbackChain([{ client: client({ baseURL }), model: "gpt-4.1" }]) });
    provider.reset();
    provider.script({ status: 500 }, {}, { status: 500 }, {});
    assert.equal((await asking.responses.create({ model: "gpt-5-mini", max_output_tokens: 20, input: "Hi" })).security.costRecord.model, "gpt-4.1");
    provider.reset();
    provider.script({ status: 500 }, {});
    const small = client({ fallback: new FallbackChain([{ model: "text-embedding-3-large" }]) });
    assert.equal((await small.embeddings.create({ model: "text-embedding-3-small", input: "Hi" })).security.costRecord.model, "text-embedding-3-large");
    provider.reset();
    provider.script({ status: 500 }, {});
    const back = azure({ fallback: new FallbackChain([{ client: client(), model: "gpt-4o-mini" }]) });
    const { security } = await back.chat.completions.create({ deployment: "my-chat", messages: hello.messages, max_tokens: 20 });
    assert.deepEqual([security.costRecord.provider, security.costRecord.model, security.costRecord.metadata], ["openai", "gpt-4o-mini", undefined]);
    const odd = new FallbackChain([{ client: messages, model: "claude-haiku-4-5" }]);
    await assert.rejects(client({ fallback: odd }).chat.completions.create(hello), (error) => error instanceof ConfigurationError && /speaks the format chat/.test(error.message));
  });

  it("law: budgets are never overspent under fallbacks, retries, faults and aborts", async () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const next = random(seed);
      const below = (n) => Math.floor(next() * n);
      const limit = (0.0002 + next() * 0.01).toFixed(6);
      const { budgetManager, status } = budget(limit);
      const costStorage = new InMemoryCostStorage();
      const { handle } = createProvider();
      const fetch = async (...words) => {
        const fault = next();
        if (fault < 0.15) throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNREFUSED" } });
        if (fault < 0.25) throw Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
        const request = new Request(...words);
        if (fault < 0.5) request.headers.set("x-simulator-status", String([408, 429, 500, 503, 504][below(5)]));
        if (fault > 0.9) request.headers.set("x-simulator-cut", "40");
        if (fault > 0.8) request.headers.set("x-simulator-head-delay", "4");
        return handle(request);
      };
      const own = { baseURL: "http://provider.invalid/v1", fetch };
      const asking = client({
        ...own,
        maxRetries: 1,
        retry: { initialDelayMs: 1 },
        connectTimeout: 3,
        budgetManager,
        costStorage,
        deduplicator: new Deduplicator(),
        fallback: new FallbackChain([{ model: "gpt-4.1-nano" }, { client: azure({ fetch }), deployment: "my-chat" }]),
      });
      const calls = Array.from({ length: 6 }, async () => {
        const signal = next() < 0.3 ? AbortSignal.timeout(1 + below(12)) : undefined;
        const stream = next() < 0.3;
        const answer = await asking.chat.completions.create({ ...hello, stream, seed: below(4) }, { signal });
        if (!stream) return;
        for await (const _chunk of answer) if (next() < 0.1) break;
        await answer.security;
      });
      await Promise.allSettled(calls);
      for (let turn = 0; (await status()).heldUsd !== "0"; turn += 1) {
        assert.ok(turn < 1_000, `seed ${seed}: something is held for ever`);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      const { spentUsd, overageUsd } = await status();
      assert.ok(Number(spentUsd) <= Number(limit), `seed ${seed}: ${spentUsd} of ${limit}`);
      assert.ok(overageUsd === undefined || overageUsd === "0");
      assert.equal((await costStorage.getSummary(0, Date.now() + 1_000)).totalUsd, spentUsd, `seed ${seed}`);
    }
  });

  it("refuses what can't be meant", () => {
    for (const targets of [[], [{}], [{ model: "" }], [{ model: 5 }], [{ name: "gpt-5" }], "gpt-5", [null], undefined]) {
      assert.throws(() => new FallbackChain(targets), ConfigurationError, JSON.stringify(targets));
    }
    assert.throws(() => new FallbackChain([{ model: "m" }], { when: "always" }), ConfigurationError);
    assert.throws(() => client({ fallback: [{ model: "gpt-5" }] }), /expected fallback to be a FallbackChain/);
  });

  it("leaves it to the call to refuse what is no request", async () => {
    const asking = client({ fallback: new FallbackChain([{ model: "gpt-5" }]), deduplicator: new Deduplicator() });
    for (const body of [null, "text", 5]) await assert.rejects(asking.chat.completions.create(body), (error) => error.code === "invalid_input");
  });
});
