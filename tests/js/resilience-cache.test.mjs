// Answers that are given again: what makes two requests the same, what is never kept, and what it costs.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import OpenAI from "openai";
import {
  BudgetManager,
  ConfigurationError,
  FallbackChain,
  GuardedAnthropic,
  GuardrailBlockedError,
  GuardrailEngine,
  InMemoryCostStorage,
  KVCacheStore,
  KeywordGuardrail,
  MemoryCacheStore,
  PIIDetectionGuardrail,
  ResponseCache,
  Vault,
  WebCacheStore,
  createGuardedFetch,
} from "tollgate";

import { stopClock } from "./lib/clock.mjs";
import { random } from "./lib/records.mjs";
import { baseURL, client, hello, provider, useProvider } from "./lib/local.mjs";

useProvider();

const ask = (config, body = {}, context, options = {}) => client(config).chat.completions.create({ ...hello, ...body }, { ...options, ...(context && { tollgate: context }) });
const engine = (...guardrails) => {
  const made = new GuardrailEngine();
  for (const guardrail of guardrails) made.registerGuardrail(guardrail);
  return made;
};
const read = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};

describe("ResponseCache", () => {
  it("gives the same answer again, which costs nothing, is not recorded, and says so", async () => {
    const cache = new ResponseCache();
    const costStorage = new InMemoryCostStorage();
    const budgetManager = new BudgetManager();
    const { id } = budgetManager.createBudget({ name: "b", limit: 1, period: "daily", action: "block" });
    const config = { cache, costStorage, budgetManager };
    const first = await ask(config);
    const second = await ask(config);
    const { security: one, ...answer } = first;
    const { security: two, ...again } = second;
    assert.deepEqual(again, answer);
    assert.deepEqual([provider.requests.length, costStorage.size()], [1, 1]);
    assert.deepEqual(one.cache, { hit: false });
    assert.deepEqual([two.cache.hit, two.cache.savedUsd, two.costRecord, two.budgetCheck], [true, one.costRecord.usd, undefined, undefined]);
    assert.ok(Math.abs(Date.parse(two.cache.storedAt) - Date.now()) < 60_000);
    assert.notEqual(two.requestId, one.requestId);
    const { spentUsd, heldUsd } = await budgetManager.getBudgetStatus(id);
    assert.deepEqual([spentUsd, heldUsd], [one.costRecord.usd, "0"]);
    // Nobody shares an object with anybody.
    second.choices[0].message.content = "mine";
    assert.deepEqual((await ask(config)).choices, answer.choices);
    // It is given though the money is gone.
    budgetManager.updateBudget(id, { limit: one.costRecord.usd });
    assert.equal((await ask(config)).security.cache.hit, true);
  });

  it("replays a stream as it came", async () => {
    const cache = new ResponseCache();
    const config = { cache, costStorage: new InMemoryCostStorage() };
    const body = { stream: true };
    const first = await ask(config, body);
    const chunks = await read(first);
    assert.deepEqual((await first.security).cache, { hit: false });
    const again = await ask(config, body);
    assert.deepEqual(await read(again), chunks);
    const security = await again.security;
    assert.deepEqual([security.cache.hit, security.costRecord, config.costStorage.size(), provider.requests.length], [true, undefined, 1, 1]);
    // A whole answer is another request.
    assert.equal((await ask(config)).security.cache.hit, false);
    // What was left early, or broke off, is not kept.
    for (const [index, spoil] of [(stream) => stream.controller.abort(), () => undefined].entries()) {
      const other = { ...body, seed: index };
      if (index === 1) provider.script({ cut: 300 });
      const spoiled = await ask(config, other);
      spoil(spoiled);
      await spoiled.security;
      const later = await ask(config, other);
      await read(later);
      assert.equal((await later.security).cache.hit, false);
    }
  });

  it("law: whatever changes an answer is another request", async () => {
    const cache = new ResponseCache();
    const messages = (content) => ({ messages: [{ role: "user", content }] });
    const asks = {
      plain: [{}, {}],
      model: [{}, { model: "gpt-5" }],
      limit: [{}, { max_completion_tokens: 51 }],
      seed: [{}, { seed: 7 }],
      stop: [{}, { stop: ["x"] }],
      text: [{}, messages("Hello there!")],
      role: [{}, { messages: [{ role: "developer", content: "Hello there" }] }],
      tools: [{}, { tools: [{ type: "function", function: { name: "f", parameters: { type: "object", properties: {} } } }] }],
      format: [{}, { response_format: { type: "json_object" }, ...messages("Say it in JSON") }],
      stream: [{}, { stream: true }],
      "base URL": [{ baseURL: "http://other.invalid/v1", fetch: (url, init) => fetch(String(url).replace("http://other.invalid", provider.url), init) }, {}],
      key: [{ apiKey: "sk-other" }, {}],
      organisation: [{ organization: "org-2" }, {}],
      project: [{ project: "proj-2" }, {}],
      headers: [{ defaultHeaders: { "openai-beta": "x=1" } }, {}],
      "headers of the call": [{}, {}, undefined, { headers: { "x-proxy-tenant": "2" } }],
      agent: [{}, {}, { agentId: "other" }],
      "agent of the client": [{ agentId: "third" }, {}],
      scope: [{}, {}, { scopes: [{ type: "organization", id: "acme" }] }],
      "other scope": [{}, {}, { scopes: [{ type: "user", id: "acme" }] }],
    };
    const seen = [];
    for (const [name, [config, body, context, options]] of Object.entries(asks)) {
      for (const hit of [false, true]) {
        const answer = await ask({ cache, ...config }, body, context, options);
        if (body.stream) await read(answer);
        const { cache: found } = await answer.security;
        assert.deepEqual([name, found.hit], [name, hit]);
      }
      seen.push(name);
    }
    assert.equal(provider.requests.length, seen.length);
    // The same in another order of scopes, with another id and other notes, and what a host adds to each request.
    const scopes = [{ type: "user", id: "1" }, { type: "project", id: "2" }];
    await ask({ cache }, {}, { scopes });
    const same = await ask({ cache }, {}, { scopes: scopes.toReversed(), requestId: "r", metadata: { trace: 1 } }, { headers: { traceparent: "00-1", "x-request-id": "9" }, idempotencyKey: "k" });
    assert.equal(same.security.cache.hit, true);
  });

  it("law: no tenant is given what another asked, over random calls", async () => {
    const next = random(7);
    const below = (n) => Math.floor(next() * n);
    const cache = new ResponseCache();
    let asked = 0;
    const fetch = async (_url, init) => {
      asked += 1;
      const { messages, model } = JSON.parse(init.body);
      const said = `${init.headers.get("authorization")} ${asked} ${messages[0].content}`;
      const usage = { prompt_tokens: 5, completion_tokens: 5, total_tokens: 10 };
      return Response.json({ object: "chat.completion", model, choices: [{ index: 0, message: { role: "assistant", content: said }, finish_reason: "stop" }], usage });
    };
    const clients = ["a", "b"].map((apiKey) => client({ apiKey, fetch, cache }));
    const owners = new Map();
    for (let call = 0; call < 400; call += 1) {
      const who = below(2);
      const tenant = `t${below(4)}`;
      const text = `q${below(5)}`;
      const { choices, security } = await clients[who].chat.completions.create({ ...hello, messages: [{ role: "user", content: text }] }, { tollgate: { scopes: [{ type: "organization", id: tenant }] } });
      const { content } = choices[0].message;
      const owner = owners.get(content);
      assert.equal(security.cache.hit, owner !== undefined);
      if (owner !== undefined) assert.equal(owner, `${who} ${tenant} ${text}`);
      owners.set(content, `${who} ${tenant} ${text}`);
    }
    assert.equal(asked, owners.size);
    assert.ok(asked <= 40);
  });

  it("a partition of one's own says who shares", async () => {
    const cache = new ResponseCache({ partition: ({ scopes = [] }) => scopes.find(({ type }) => type === "organization")?.id ?? "" });
    const of = (user, organization) => ({ agentId: user, scopes: [{ type: "user", id: user }, { type: "organization", id: organization }] });
    await ask({ cache }, {}, of("ada", "acme"));
    assert.equal((await ask({ cache }, {}, of("bob", "acme"))).security.cache.hit, true);
    assert.equal((await ask({ cache }, {}, of("bob", "other"))).security.cache.hit, false);
  });

  it("guards what it gives by the rules of now, and input too", async () => {
    const cache = new ResponseCache();
    await ask({ cache });
    const said = new KeywordGuardrail({ keywords: ["you wrote"], stages: ["output"], action: "block" });
    await assert.rejects(ask({ cache, guardrailEngine: engine(said) }), (error) => {
      assert.ok(error instanceof GuardrailBlockedError);
      return error.security.cache.hit === true && error.security.costRecord === undefined;
    });
    const hidden = await ask({ cache, guardrailEngine: engine(new KeywordGuardrail({ keywords: ["you wrote"], stages: ["output"], action: "redact" })) });
    assert.deepEqual([hidden.security.cache.hit, /You wrote/.test(hidden.choices[0].message.content)], [true, false]);
    const heard = new KeywordGuardrail({ keywords: ["hello"], stages: ["input"], action: "block" });
    await assert.rejects(ask({ cache, guardrailEngine: engine(heard) }), (error) => error.stage === "input" && error.security.cache === undefined);
    assert.equal(provider.requests.length, 1);
  });

  it("keeps no errors, nothing that was refused or changed, and nothing with a vault", async () => {
    const mail = { messages: [{ role: "user", content: "Greet ada@example.org" }] };
    const blocking = { guardrailEngine: engine(new PIIDetectionGuardrail({ action: "block", stages: ["output"] })) };
    const redacting = { guardrailEngine: engine(new PIIDetectionGuardrail({ action: "redact", stages: ["output"] })) };
    const cases = [
      ["an error", {}, {}, { status: 500 }],
      ["a refused answer", blocking, mail, {}],
      ["a changed answer", redacting, mail, {}],
      ["a changed stream", redacting, { ...mail, stream: true }, {}],
      ["an answer that can't be read", {}, {}, { malformed: "shape" }],
      ["a long one", {}, {}, { text: "x".repeat(3_000) }],
    ];
    for (const [name, config, body, step] of cases) {
      provider.reset();
      const store = new MemoryCacheStore();
      const cache = new ResponseCache({ store, maxAnswerBytes: 2_000 });
      provider.script(step);
      const answer = await ask({ cache, ...config }, body).catch((error) => error);
      if (body.stream) await read(answer);
      await answer.security;
      assert.deepEqual([name, store.size], [name, 0]);
    }
    const store = new MemoryCacheStore();
    const cache = new ResponseCache({ store });
    const { security } = await ask({ cache }, mail, { vault: new Vault() });
    assert.deepEqual([security.cache, store.size], [undefined, 0]);
    const pending = { fetch: async () => Response.json({ id: "r", object: "response", status: "queued", model: "gpt-5", output: [], usage: null }) };
    await client({ cache, ...pending }).responses.create({ model: "gpt-5", input: "Hi", background: true }).catch(() => undefined);
    assert.equal(store.size, 0);
  });

  it("keeps a stream only where it ended well, and no answer that is not yet there", async () => {
    const event = (data) => `data: ${JSON.stringify(data)}\n\n`;
    const chunk = (delta, finish_reason = null) => event({ id: "c", object: "chat.completion.chunk", created: 1, model: "gpt-5-mini", choices: [{ index: 0, delta, finish_reason }] });
    const said = chunk({ content: "a" });
    const done = "data: [DONE]\n\n";
    const ended = (type, status) => `event: ${type}\n` + event({ type, response: { id: "r", object: "response", status, model: "gpt-5-mini", output: [], usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } } });
    const chat = "https://api.openai.com/v1/chat/completions";
    const responses = "https://api.openai.com/v1/responses";
    const sent = async (url, text, type) => {
      let count = 0;
      const fetch = createGuardedFetch({
        cache: new ResponseCache(),
        fetch: async () => ((count += 1), new Response(text, { headers: { "content-type": type } })),
      });
      const body = JSON.stringify({ model: "gpt-5-mini", stream: type !== "application/json", messages: hello.messages, input: "Hi" });
      for (let turn = 0; turn < 2; turn += 1) {
        await fetch(url, { method: "POST", body }).then((response) => response.text()).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return count;
    };
    for (const [name, url, text, count] of [
      ["whole", chat, said + chunk({}, "stop") + done, 1],
      ["at its maximum", chat, said + chunk({}, "length") + done, 1],
      ["with CRLF", chat, (said + chunk({}, "stop") + done).replaceAll("\n", "\r\n"), 1],
      ["an error as finish reason", chat, said + chunk({}, "error") + done, 2],
      ["nothing but the end", chat, done, 2],
      ["no finish reason", chat, said + done, 2],
      ["an error in it", chat, said + event({ error: { message: "boom" } }) + done, 2],
      ["one of two choices", chat, event({ id: "c", model: "gpt-5-mini", choices: [{ index: 1, delta: { content: "b" }, finish_reason: null }] }) + chunk({}, "stop") + done, 2],
      ["completed", responses, ended("response.completed", "completed"), 1],
      ["incomplete", responses, ended("response.incomplete", "incomplete"), 1],
      ["failed", responses, ended("response.failed", "failed"), 2],
      ["begun", responses, ended("response.created", "in_progress"), 2],
    ]) {
      assert.deepEqual([name, await sent(url, text, "text/event-stream")], [name, count]);
    }
    const whole = { id: "r", object: "response", status: "completed", model: "gpt-5-mini", output: [], usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } };
    assert.equal(await sent(responses, `\n  ${JSON.stringify(whole)}`, "application/json"), 1);
    assert.equal(await sent(responses, `\n  ${JSON.stringify({ ...whole, status: "queued" })}`, "application/json"), 2);
  });

  it("refuses a partition that gives no text, before anything is sent", async () => {
    for (const partition of [async () => "a", () => undefined, () => 5]) {
      await assert.rejects(ask({ cache: new ResponseCache({ partition }) }), (error) => error instanceof ConfigurationError && /expected partition to give a text, found (a promise|undefined|number)/.test(error.message));
    }
    assert.equal(provider.requests.length, 0);
    const thrown = await ask({ cache: new ResponseCache({ partition: () => assert.fail("mine") }) });
    assert.deepEqual(thrown.security.warnings.map(({ code }) => code), ["cache_unavailable"]);
  });

  it("does not keep the answer to a request that a budget has cut short", async () => {
    const store = new MemoryCacheStore();
    const cache = new ResponseCache({ store });
    const budgetManager = new BudgetManager();
    budgetManager.createBudget({ name: "b", limit: "0.01", period: "daily", action: "block" });
    const body = { max_completion_tokens: 100_000 };
    await ask({ cache, budgetManager, outputBound: "clamp" }, body);
    assert.ok(provider.requests[0].body.max_completion_tokens < 100_000);
    assert.equal(store.size, 0);
    assert.equal((await ask({ cache }, body)).security.cache.hit, false);
    assert.equal(store.size, 1);
  });

  it("keeps nothing under the key of a target that failed", async () => {
    const store = new MemoryCacheStore();
    const cache = new ResponseCache({ store });
    let asked = 0;
    // It is asked for the key of the cache, and again for the request.
    const other = client({ apiKey: async () => ((asked += 1) === 1 ? assert.fail("away") : "sk-other") });
    provider.script({ status: 500 }, { text: "of the other" });
    const answer = await ask({ cache, fallback: new FallbackChain([{ client: other }]) });
    assert.deepEqual([answer.choices[0].message.content, asked, store.size, answer.security.cache], ["of the other", 2, 0, undefined]);
  });

  it("measures answers in bytes, and waits for no store that never answers", async () => {
    const store = new MemoryCacheStore();
    provider.script({ text: "x".repeat(900) }, { text: "\u{ac00}".repeat(900) });
    const cache = new ResponseCache({ store, maxAnswerBytes: 2_000 });
    await ask({ cache });
    await ask({ cache }, { seed: 1 });
    assert.equal(store.size, 1);
    const told = [];
    const pending = [];
    const hanging = new ResponseCache({ store: { get: () => undefined, put: () => new Promise(() => undefined) } });
    await ask({ cache: hanging, timeout: 200, onError: ({ code }) => told.push(code) }, {}, { waitUntil: (promise) => pending.push(promise) });
    await Promise.all(pending);
    assert.deepEqual([pending.length, told], [1, ["timeout"]]);
  });

  it("is refreshed or skipped where a call says so", async () => {
    const cache = new ResponseCache();
    provider.script({ text: "one" }, { text: "two" }, { text: "three" });
    const said = async (context) => (await ask({ cache }, {}, context)).choices[0].message.content;
    assert.deepEqual([await said(), await said()], ["one", "one"]);
    assert.deepEqual([await said({ cache: "refresh" }), await said(), await said({ cache: "skip" }), await said()], ["two", "two", "three", "two"]);
    await assert.rejects(ask({ cache }, {}, { cache: "no" }), /expected cache to be one of use, refresh, skip/);
  });

  it("works under a guarded fetch: the SDK gets what the provider said", async () => {
    const sdk = new OpenAI({ apiKey: "sk-test", baseURL, fetch: createGuardedFetch({ cache: new ResponseCache() }) });
    const first = await sdk.chat.completions.create(hello);
    const { data, response } = await sdk.chat.completions.create(hello).withResponse();
    assert.deepEqual(data, first);
    assert.equal(response.headers.get("x-tollgate-cache"), "hit");
    const stream = { ...hello, stream: true };
    const chunks = await read(await sdk.chat.completions.create(stream));
    assert.deepEqual(await read(await sdk.chat.completions.create(stream)), chunks);
    assert.equal(provider.requests.length, 2);
  });

  it("works for messages", async () => {
    const anthropic = new GuardedAnthropic({ apiKey: "sk-ant", baseURL: provider.url, cache: new ResponseCache() });
    const body = { model: "claude-sonnet-4-5", max_tokens: 50, messages: hello.messages };
    const first = await anthropic.messages.create(body);
    const second = await anthropic.messages.create(body);
    assert.deepEqual([second.id, second.security.cache.hit, provider.requests.length], [first.id, true, 1]);
  });

  it("a store that fails loses no answer", async () => {
    const told = [];
    const store = { get: () => Promise.reject(new Error("away")), put: () => Promise.reject(new Error("full")) };
    const { security, choices } = await ask({ cache: new ResponseCache({ store }), onError: ({ message }) => told.push(message) });
    assert.ok(choices.length > 0);
    assert.deepEqual(security.warnings.map(({ code, message }) => [code, message]), [["cache_unavailable", "cannot read the cache: found Error"]]);
    assert.deepEqual(told, ["away", "full"]);
    // What is no entry of ours, or one of a later version, is none.
    for (const text of ["", "{", "null", '{"tollgate":"answer","schema":2}', '{"tollgate":"answer","schema":1,"text":5}']) {
      const odd = { get: () => text, put: () => undefined };
      assert.equal((await ask({ cache: new ResponseCache({ store: odd }) })).security.cache.hit, false);
    }
  });

  it("refuses what can't be meant", () => {
    for (const config of [{ ttlMs: -1 }, { ttlMs: 0 }, { maxAnswerBytes: 1.5 }, { store: {} }, { partition: "user" }, { namespace: 5 }, { ttl: 60 }, null]) {
      assert.throws(() => new ResponseCache(config), ConfigurationError, JSON.stringify(config));
    }
    assert.throws(() => new MemoryCacheStore({ maxEntries: 0 }), ConfigurationError);
    assert.throws(() => client({ cache: new Map() }), /expected cache to be a ResponseCache/);
  });
});

describe("stores of a response cache", () => {
  let clock;
  beforeEach(() => (clock = stopClock()));
  afterEach(() => clock.restore());

  it("memory forgets after a time, and what was not asked for the longest first", async () => {
    const store = new MemoryCacheStore({ maxEntries: 3, maxBytes: 100 });
    store.put("a", "1", 1_000);
    store.put("b", "2", 5_000);
    store.put("c", "3", 5_000);
    assert.equal(store.get("a"), "1");
    store.put("d", "4", 5_000);
    assert.deepEqual(["a", "b", "c", "d"].map((key) => store.get(key)), ["1", undefined, "3", "4"]);
    await clock.passes(1_000);
    assert.deepEqual([store.get("a"), store.get("c"), store.size], [undefined, "3", 2]);
    store.put("e", "x".repeat(49), 1_000);
    // Of the two, "c" was asked for last; both are less than a byte too much.
    assert.deepEqual([store.get("c"), store.get("d"), store.size], ["3", undefined, 2]);
    store.put("f", "x".repeat(51), 1_000);
    assert.equal(store.get("f"), undefined);
  });

  it("law: memory is a map with limits, over random uses", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const next = random(seed);
      const below = (n) => Math.floor(next() * n);
      const [maxEntries, maxBytes] = [1 + below(5), 20 + below(60)];
      const store = new MemoryCacheStore({ maxEntries, maxBytes });
      /** From the one not asked for the longest. */
      let model = [];
      const bytes = () => model.reduce((sum, [, text]) => sum + text.length * 2, 0);
      for (let step = 0; step < 60; step += 1) {
        const key = `k${below(7)}`;
        const found = model.find(([name]) => name === key);
        model = model.filter(([name]) => name !== key);
        if (next() < 0.5) {
          assert.equal(store.get(key), found?.[1]);
          if (found !== undefined) model.push(found);
        } else {
          const text = "x".repeat(below(30));
          store.put(key, text, 1_000);
          if (text.length * 2 <= maxBytes) model.push([key, text]);
          while (model.length > maxEntries || bytes() > maxBytes) model.shift();
        }
        assert.equal(store.size, model.length);
      }
    }
  });

  it("KV and the Cache API keep texts under their keys, no longer than they may", async () => {
    const kept = new Map();
    const kv = new KVCacheStore({ get: async (key) => kept.get(key)?.[0] ?? null, put: async (key, ...words) => void kept.set(key, words) });
    await kv.put("k", "text", 5_000);
    await kv.put("l", "text", 3_600_000);
    assert.deepEqual([await kv.get("k"), await kv.get("none")], ["text", undefined]);
    const seconds = Date.now() / 1_000;
    assert.deepEqual([...kept.values()].map(([, { expiration }]) => expiration - seconds), [61, 3_600]);
    const pages = new Map();
    const web = {
      match: async ({ url }) => pages.get(url)?.clone(),
      put: async ({ url }, response) => void pages.set(url, response),
    };
    const store = new WebCacheStore(web);
    await store.put("tollgate:1:a", "text", 90_000);
    assert.deepEqual([await store.get("tollgate:1:a"), await store.get("tollgate:1:b")], ["text", undefined]);
    const [[url, response]] = pages;
    assert.deepEqual([url, response.headers.get("cache-control")], ["https://tollgate.invalid/tollgate%3A1%3Aa", "max-age=90"]);
    globalThis.caches = { open: async (name) => (assert.equal(name, "mine"), web) };
    try {
      assert.equal(await new WebCacheStore("mine").get("tollgate:1:a"), "text");
    } finally {
      delete globalThis.caches;
    }
  });

  it("an entry that a store gives after its time is not used", async () => {
    const texts = new Map();
    const store = { get: (key) => texts.get(key), put: (key, text) => void texts.set(key, text) };
    const fetch = async () => Response.json({ object: "chat.completion", model: "gpt-5-mini", choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
    const config = { cache: new ResponseCache({ store, ttlMs: 1_000 }), fetch };
    await ask(config);
    await clock.passes(999);
    assert.equal((await ask(config)).security.cache.hit, true);
    await clock.passes(1);
    assert.equal((await ask(config)).security.cache.hit, false);
    assert.ok([...texts.keys()].every((key) => /^tollgate:1:default:answer:[0-9a-f]{64}$/.test(key)));
  });
});
