// The guarded fetch and the clients over it, in every format: answers and streams as the providers' documents show them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  BudgetExceededError,
  BudgetManager,
  ConfigurationError,
  GuardedAnthropic,
  GuardedAzureOpenAI,
  GuardedOpenAI,
  GuardrailBlockedError,
  InMemoryCostStorage,
  TollgateError,
  createGuardedFetch,
} from "tollgate";

import { CHAT, GEMINI, MAIL, MESSAGES, MESSAGE_EVENTS, RESPONSES, RESPONSE_EVENTS, STREAMS, events, json, pii, pieces, post, provider } from "./lib/wire.mjs";

describe("createGuardedFetch", () => {
  for (const [format, url, made, options, body] of STREAMS) {
    it(`passes a stream of ${format} byte by byte as it came, and bills it`, async () => {
      for (const guardrailEngine of [undefined, pii()]) {
        for (const size of [1, 16, 4096]) {
          const stream = events(made("Hello", ", ", "world, 12 times."), { ...options, size });
          const records = [];
          const fetch = createGuardedFetch({ fetch: provider(stream.response).fetch, onRecord: (record) => records.push(record), ...(guardrailEngine && { guardrailEngine }) });
          const response = await fetch(url, post(body));
          assert.equal(await response.text(), stream.text);
          assert.equal(records.length, 1);
          assert.equal(records[0].outcome, "ok");
          assert.equal(records[0].estimated, undefined);
          assert.ok(records[0].priced && records[0].actualTokens.outputTokens > 3, JSON.stringify(records[0]));
        }
      }
    });

    it(`takes what is private out of a stream of ${format}, wherever it is told`, async () => {
      const stream = events(made("Write to jane", ".doe@exam", "ple.com", " today"), { ...options, size: 5 });
      const fetch = createGuardedFetch({ fetch: provider(stream.response).fetch, guardrailEngine: pii() });
      const text = await (await fetch(url, post(body))).text();
      assert.ok(!text.includes("jane") && !text.includes("exam"), text);
      assert.ok(text.includes("Write to ") && text.includes(" today"), text);
      // Every event is JSON still, and none is missing.
      const data = text.split("\n").filter((line) => line.startsWith("data: {"));
      assert.equal(data.map((line) => JSON.parse(line.slice(6))).length, stream.text.split("\n").filter((line) => line.startsWith("data: {")).length);
    });

    it(`ends a stream of ${format} that a guardrail refuses with an error of the provider's shape`, async () => {
      const stream = events(made("Write to ", MAIL, " today"), options);
      const blocked = [];
      const fetch = createGuardedFetch({ fetch: provider(stream.response).fetch, guardrailEngine: pii("block"), onBlocked: (error) => blocked.push(error) });
      const text = await (await fetch(url, post(body))).text();
      assert.ok(!text.includes("jane"), text);
      const last = JSON.parse(text.trimEnd().split("\n").at(-1).slice(6));
      assert.equal((last.error ?? last).tollgate.code, "guardrail_blocked");
      assert.ok(blocked[0] instanceof GuardrailBlockedError);
      assert.ok(TollgateError.from({ error: last.error }) instanceof GuardrailBlockedError);
    });

    it(`cuts ${format} at every offset: what was whole is delivered, and something is charged`, async () => {
      const { text } = events(made("Hello", " world"), options);
      for (let end = 0; end < text.length; end += 23) {
        const records = [];
        const cut = () => new Response(pieces(text.slice(0, end), 64), { headers: { "content-type": "text/event-stream" } });
        const fetch = createGuardedFetch({ fetch: provider(cut).fetch, onRecord: (record) => records.push(record) });
        const got = await (await fetch(url, post(body))).text();
        assert.ok(text.startsWith(got) && got.length <= end);
        assert.equal(records.length, 1);
        assert.ok(Number(records[0].usd) > 0, `cut at ${end}`);
      }
    });
  }

  it("guards what is sent, in every format", async () => {
    const cases = [
      [CHAT, { model: "gpt-5-mini", messages: [{ role: "user", content: MAIL }] }],
      [RESPONSES, { model: "gpt-5-mini", instructions: "x", input: [{ role: "user", content: [{ type: "input_text", text: MAIL }] }, { type: "function_call", call_id: "1", name: "f", arguments: JSON.stringify({ to: MAIL }) }, { type: "function_call_output", call_id: "1", output: MAIL }] }],
      [RESPONSES, { model: "gpt-5-mini", input: MAIL }],
      [MESSAGES, { model: "claude-sonnet-4-5", max_tokens: 9, system: [{ type: "text", text: MAIL }], messages: [{ role: "user", content: [{ type: "text", text: MAIL }, { type: "tool_result", tool_use_id: "1", content: [{ type: "text", text: MAIL }] }] }, { role: "assistant", content: [{ type: "tool_use", id: "1", name: "f", input: { to: [MAIL] } }] }] }],
      [`${GEMINI}:generateContent`, { contents: [{ role: "user", parts: [{ text: MAIL }, { functionResponse: { name: "f", response: { mail: MAIL } } }] }, { role: "model", parts: [{ functionCall: { name: "f", args: { to: MAIL } } }] }], systemInstruction: { parts: [{ text: MAIL }] } }],
      ["https://api.openai.com/v1/embeddings", { model: "text-embedding-3-small", input: ["a", MAIL] }],
      ["https://api.openai.com/v1/completions", { model: "gpt-3.5-turbo-instruct", prompt: MAIL, max_tokens: 5 }],
      ["https://api.openai.com/v1/images/generations", { model: "gpt-image-1", prompt: MAIL }],
    ];
    for (const [url, body] of cases) {
      const { asked, fetch } = provider(() => json({ error: { message: "enough" } }, { status: 400 }));
      await createGuardedFetch({ fetch, guardrailEngine: pii() })(url, post(body));
      assert.equal(asked.length, 1, url);
      const sent = JSON.stringify(asked[0].body);
      assert.ok(!sent.includes("jane"), sent);
      assert.deepEqual(Object.keys(asked[0].body), Object.keys(body));
    }
  });

  it("guards whole answers, in every format", async () => {
    const cases = [
      [RESPONSES, { model: "gpt-5-mini", input: "x" }, { id: "r", object: "response", model: "gpt-5-mini", output: [{ type: "reasoning", summary: [{ type: "summary_text", text: MAIL }] }, { type: "message", role: "assistant", content: [{ type: "output_text", text: MAIL }] }, { type: "function_call", name: "f", arguments: JSON.stringify({ to: MAIL }) }], usage: { input_tokens: 5, output_tokens: 6, total_tokens: 11 } }],
      [MESSAGES, { model: "claude-sonnet-4-5", max_tokens: 9, messages: [{ role: "user", content: "x" }] }, { id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929", content: [{ type: "text", text: MAIL }, { type: "tool_use", id: "1", name: "f", input: { to: MAIL } }], stop_reason: "tool_use", stop_sequence: null, usage: { input_tokens: 5, output_tokens: 6 } }],
      [`${GEMINI}:generateContent`, { contents: [{ parts: [{ text: "x" }] }] }, { candidates: [{ content: { parts: [{ text: MAIL }, { functionCall: { name: "f", args: { to: MAIL } } }], role: "model" }, finishReason: "STOP" }], usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 6, totalTokenCount: 11 }, modelVersion: "gemini-2.5-flash" }],
      ["https://api.openai.com/v1/completions", { model: "gpt-3.5-turbo-instruct", prompt: "x" }, { object: "text_completion", model: "gpt-3.5-turbo-instruct", choices: [{ text: MAIL, index: 0, finish_reason: "stop", logprobs: null }], usage: { prompt_tokens: 5, completion_tokens: 6, total_tokens: 11 } }],
    ];
    for (const [url, body, answer] of cases) {
      const records = [];
      const fetch = createGuardedFetch({ fetch: provider(() => json(answer)).fetch, guardrailEngine: pii(), onRecord: (record) => records.push(record) });
      const response = await fetch(url, post(body));
      const text = await response.text();
      assert.equal(response.status, 200, text);
      assert.ok(!text.includes("jane"), text);
      assert.deepEqual([records[0].actualTokens.inputTokens, records[0].actualTokens.outputTokens, records[0].priced], [5, 6, true], url);
    }
  });

  it("refuses as the provider would, before anything is sent", async () => {
    const { asked, fetch } = provider(() => json({}));
    for (const [, url, , , body] of STREAMS) {
      const text = JSON.stringify(body).replace('"Hi"', JSON.stringify(MAIL));
      const response = await createGuardedFetch({ fetch, guardrailEngine: pii("block") })(url, { method: "POST", body: text });
      assert.equal(response.status, 403);
      assert.equal(response.headers.get("x-should-retry"), "false");
      assert.equal((await response.json()).error.tollgate.code, "guardrail_blocked");
    }
    const budgetManager = new BudgetManager(new InMemoryCostStorage());
    budgetManager.createBudget({ name: "none", limit: 0.0000001, period: "total", action: "block" });
    for (const [, url, , , body] of STREAMS) {
      const response = await createGuardedFetch({ fetch, budgetManager })(url, post(body));
      assert.equal(response.status, 402, url);
      const { error } = await response.json();
      assert.ok(TollgateError.from({ error }) instanceof BudgetExceededError);
    }
    assert.equal(asked.length, 0);
  });

  it("writes a bound where a budget can refuse, in each format's own words", async () => {
    const budgetManager = new BudgetManager(new InMemoryCostStorage());
    budgetManager.createBudget({ name: "some", limit: 100, period: "total", action: "block" });
    for (const [url, body, place] of [
      [CHAT, { model: "gpt-5-mini", messages: [{ role: "user", content: "x" }] }, (sent) => sent.max_completion_tokens],
      [RESPONSES, { model: "gpt-5-mini", input: "x" }, (sent) => sent.max_output_tokens],
      [`${GEMINI}:generateContent`, { contents: [{ parts: [{ text: "x" }] }] }, (sent) => sent.generationConfig.maxOutputTokens],
      [`${GEMINI}:generateContent`, { contents: [{ parts: [{ text: "x" }] }], generationConfig: { temperature: 1 } }, (sent) => sent.generationConfig.maxOutputTokens],
    ]) {
      const { asked, fetch } = provider(() => json({ error: {} }, { status: 400 }));
      await createGuardedFetch({ fetch, budgetManager, defaultMaxOutputTokens: 77 })(url, post(body));
      assert.equal(place(asked[0].body), 77, JSON.stringify(asked[0].body));
    }
  });

  it("lets through what is no call of a model, untouched", async () => {
    const { asked, fetch } = provider(() => new Response("ok"));
    const guarded = createGuardedFetch({ fetch, guardrailEngine: pii("block") });
    const form = new FormData();
    form.set("file", new Blob(["x"]), "x.mp3");
    const init = { method: "POST", body: MAIL, headers: { "x-a": "1" } };
    for (const [input, options] of [
      ["https://api.openai.com/v1/models", undefined],
      ["https://example.com/anything", init],
      ["https://api.anthropic.com/v1/messages/batches", init],
      ["https://api.openai.com/v1/files", { method: "POST", body: form }],
      [new Request("https://example.com/x", { method: "POST", body: "y" }), undefined],
    ]) {
      assert.equal(await (await guarded(input, options)).text(), "ok");
      assert.equal(asked.at(-1).init, options);
    }
  });

  it("strips headers of ours, and heeds them only where it is told to", async () => {
    const { asked, fetch } = provider(() => json({ error: {} }, { status: 400 }));
    const storage = new InMemoryCostStorage();
    const answer = provider(() => json({ object: "chat.completion", model: "gpt-5-mini", choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    const headers = { "x-tollgate-agent-id": "mallory", "x-tollgate-scopes": "user:42,project:a%20b", "content-type": "application/json" };
    const body = { model: "gpt-5-mini", messages: [{ role: "user", content: "x" }] };
    await createGuardedFetch({ fetch })("https://example.com", { headers });
    assert.ok(!asked[0].headers.has("x-tollgate-agent-id"));
    const options = { fetch: answer.fetch, costStorage: storage, agentId: "me" };
    await createGuardedFetch(options)(CHAT, post(body, { headers }));
    await createGuardedFetch({ ...options, contextHeaders: true })(CHAT, post(body, { headers }));
    const found = await storage.getByDateRange(new Date(0), new Date(Date.now() + 1000));
    assert.deepEqual(found.map(({ agentId }) => agentId).sort(), ["mallory", "me"]);
    assert.ok(answer.asked.every((one) => ![...one.headers.keys()].some((name) => name.startsWith("x-tollgate"))));
    assert.deepEqual(found.find(({ agentId }) => agentId === "mallory").scopes, [{ type: "user", id: "42" }, { type: "project", id: "a b" }]);
  });

  it("passes errors, pages and empty answers of the provider", async () => {
    const body = { model: "gpt-5-mini", messages: [{ role: "user", content: "x" }] };
    for (const [made, status, text] of [
      [() => json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after": "3" } }), 429, '{"error":{"message":"slow down"}}'],
      [() => new Response("<html>bad gateway</html>", { status: 502 }), 502, "<html>bad gateway</html>"],
      [() => new Response("<html>fine</html>", { status: 200 }), 200, "<html>fine</html>"],
      [() => new Response(null, { status: 204 }), 204, ""],
    ]) {
      const response = await createGuardedFetch({ fetch: provider(made).fetch })(CHAT, post(body));
      assert.deepEqual([response.status, await response.text()], [status, text]);
    }
    const failure = Object.assign(new TypeError("fetch failed"), { cause: { code: "ECONNRESET" } });
    await assert.rejects(createGuardedFetch({ fetch: () => Promise.reject(failure) })(CHAT, post(body)), (error) => error === failure);
    const why = new Error("enough");
    await assert.rejects(createGuardedFetch({ fetch: provider(() => json({})).fetch })(CHAT, post(body, { signal: AbortSignal.abort(why) })), (error) => error === why);
  });

  it("takes a Request, bytes and a stream as bodies", async () => {
    const { asked, fetch } = provider(() => json({ error: {} }, { status: 400 }));
    const guarded = createGuardedFetch({ fetch, guardrailEngine: pii() });
    const text = JSON.stringify({ model: "gpt-5-mini", messages: [{ role: "user", content: MAIL }] });
    await guarded(new Request(CHAT, { method: "POST", body: text, headers: { authorization: "Bearer x" } }));
    await guarded(CHAT, { method: "POST", body: new TextEncoder().encode(text) });
    await guarded(new URL(CHAT), { method: "POST", body: new Response(text).body, duplex: "half" });
    assert.equal(asked.length, 3);
    for (const { body } of asked) assert.ok(!JSON.stringify(body).includes("jane"));
    assert.equal(asked[0].headers.get("authorization"), "Bearer x");
  });

  it("knows whose money a call spends, and refuses a configuration that can't guard", async () => {
    const storage = new InMemoryCostStorage();
    const { fetch } = provider(() => json({ object: "chat.completion", model: "gpt-5-mini", choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }));
    const guarded = createGuardedFetch({ fetch, costStorage: storage, agentId: "a" });
    await guarded.with({ agentId: "b", scopes: [{ type: "user", id: "1" }] }).with({ scopes: [{ type: "project", id: "p" }] })(CHAT, post({ model: "gpt-5-mini", messages: [] }));
    const [record] = await storage.getByAgentId("b");
    assert.deepEqual(record.scopes, [{ type: "user", id: "1" }, { type: "project", id: "p" }]);
    assert.throws(() => createGuardedFetch({ enableGuardrails: true }), ConfigurationError);
    assert.throws(() => createGuardedFetch({ nonsense: 1 }), TollgateError);
  });
});

describe("the clients", () => {
  it("GuardedAnthropic: messages and streams", async () => {
    const answer = { id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5-20250929", content: [{ type: "text", text: "Hello" }], stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 1000, output_tokens: 500 } };
    const { asked, fetch } = provider((turn) => (turn === 1 ? json(answer) : events(MESSAGE_EVENTS("Hel", "lo"), { named: true }).response()));
    const client = new GuardedAnthropic({ apiKey: "sk-ant-test", fetch });
    const request = { model: "claude-sonnet-4-5", max_tokens: 1000, messages: [{ role: "user", content: "Hi" }] };
    const message = await client.messages.create(request);
    assert.equal(message.content[0].text, "Hello");
    // 1,000 at 3 and 500 at 15 dollars a million.
    assert.equal(message.security.costRecord.usd, "0.0105");
    assert.equal(message.security.costRecord.provider, "anthropic");
    assert.equal(asked[0].headers.get("x-api-key"), "sk-ant-test");
    assert.equal(asked[0].headers.get("anthropic-version"), "2023-06-01");
    const stream = await client.messages.create({ ...request, stream: true });
    let text = "";
    for await (const event of stream) if (event.type === "content_block_delta") text += event.delta.text;
    assert.equal(text, "Hello");
    const { costRecord } = await stream.security;
    assert.deepEqual([costRecord.actualTokens.inputTokens, costRecord.actualTokens.cacheReadTokens, costRecord.actualTokens.outputTokens], [25, 10, 15]);
  });

  it("GuardedOpenAI: responses and embeddings", async () => {
    const embedded = { object: "list", model: "text-embedding-3-small", data: [{ object: "embedding", index: 0, embedding: [0.5] }], usage: { prompt_tokens: 1000000, total_tokens: 1000000 } };
    const { fetch } = provider((turn) => (turn === 1 ? events(RESPONSE_EVENTS("Hel", "lo"), { named: true }).response() : json(embedded)));
    const client = new GuardedOpenAI({ apiKey: "sk-test", fetch });
    const stream = await client.responses.create({ model: "gpt-5-mini", input: "Hi", stream: true });
    const types = [];
    for await (const event of stream) types.push(event.type);
    assert.equal(types.at(-1), "response.completed");
    assert.equal((await stream.security).costRecord.actualTokens.outputTokens, 12);
    const answer = await client.embeddings.create({ model: "text-embedding-3-small", input: "Hi" });
    assert.deepEqual(answer.data[0].embedding, [0.5]);
    assert.equal(answer.security.costRecord.usd, "0.02");
  });

  it("GuardedAzureOpenAI: deployments, keys and tokens", async () => {
    const answer = { object: "chat.completion", model: "gpt-4o-2024-11-20", choices: [{ index: 0, message: { role: "assistant", content: "Hi", refusal: null }, finish_reason: "stop" }], usage: { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 } };
    const { asked, fetch } = provider(() => json(answer));
    const config = { endpoint: "https://me.openai.azure.com/", fetch, deployments: { "my-chat": "gpt-4o-mini" } };
    const client = new GuardedAzureOpenAI({ ...config, apiKey: "secret" });
    const request = { deployment: "my-chat", messages: [{ role: "user", content: "Hi" }] };
    const { security } = await client.chat.completions.create(request);
    assert.equal(asked[0].url, "https://me.openai.azure.com/openai/deployments/my-chat/chat/completions?api-version=2024-10-21");
    assert.equal(asked[0].headers.get("api-key"), "secret");
    assert.ok(!("deployment" in asked[0].body) && !("model" in asked[0].body));
    assert.deepEqual([security.costRecord.provider, security.costRecord.model, security.costRecord.metadata.deployment], ["azure-openai", "gpt-4o-mini", "my-chat"]);
    // By the map, and not by the model that the answer names: 1,000 at 0.15 and 100 at 0.6 dollars a million.
    assert.equal(security.costRecord.usd, "0.00021");
    const withToken = new GuardedAzureOpenAI({ ...config, azureADTokenProvider: async () => "token" });
    // Not in the map: what the answer says. 1,000 at 2.5 and 100 at 10 dollars a million.
    const other = await withToken.deployments.chat.completions.create({ ...request, deployment: "other" });
    assert.equal(other.security.costRecord.usd, "0.0035");
    assert.equal(asked[1].headers.get("authorization"), "Bearer token");
    assert.ok(!JSON.stringify(withToken.getConfig()).includes("token"));
    await assert.rejects(client.chat.completions.create({ messages: [] }), TollgateError);
    assert.throws(() => new GuardedAzureOpenAI({ endpoint: "https://x.openai.azure.com" }), ConfigurationError);
  });

  it("a refusal has one status, wherever it comes from", async () => {
    for (const [code, status] of [["token_limit", 413], ["queue_full", 429], ["circuit_open", 503]]) {
      const refuse = () => {
        throw Object.assign(new TollgateError({ code, message: "no" }));
      };
      const blocked = [];
      const fetch = createGuardedFetch({ fetch: refuse, context: refuse, onBlocked: (error) => blocked.push(error.code) });
      const response = await fetch(CHAT, post({ model: "gpt-5-mini", messages: [] }));
      assert.deepEqual([response.status, blocked], [status, [code]]);
    }
  });

  it("a Request of Azure's through the guarded fetch", async () => {
    const { fetch } = provider(() => json({ object: "chat.completion", model: "gpt-4o-2024-11-20", choices: [], usage: { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 } }));
    const records = [];
    const guarded = createGuardedFetch({ fetch, deployments: { d: "gpt-4o-mini" }, onRecord: (record) => records.push(record) });
    await guarded("https://me.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21", post({ messages: [] }));
    assert.deepEqual([records[0].usd, records[0].metadata, records[0].provider], ["0.00015", { deployment: "d" }, "azure-openai"]);
  });
});
