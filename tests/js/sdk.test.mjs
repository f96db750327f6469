// The official SDKs over the guarded fetch: what they give is what they give without it, and what it refuses is an error of theirs.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import OpenAI from "openai";
import {
  BudgetExceededError,
  BudgetManager,
  GuardrailBlockedError,
  GuardrailEngine,
  InMemoryCostStorage,
  PIIDetectionGuardrail,
  PromptInjectionGuardrail,
  SecretDetectionGuardrail,
  TollgateError,
  createGuardedFetch,
} from "tollgate";

import { startProvider } from "../../examples/local-provider/provider.mjs";
import { tool } from "../lib/tools.mjs";

const Anthropic = await tool("@anthropic-ai/sdk");

const MAIL = "jane.doe@example.com";
const WEATHER = { type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false };

let plain;
let watched;
const made = { now: () => 1_760_000_000_000 };
before(async () => {
  [plain, watched] = await Promise.all([startProvider(made), startProvider(made)]);
});
after(() => Promise.all([plain.close(), watched.close()]));
beforeEach(() => {
  plain.reset();
  watched.reset();
});

const engine = (action = "redact") => {
  const found = new GuardrailEngine();
  found.registerGuardrail(new PIIDetectionGuardrail({ action }));
  found.registerGuardrail(new SecretDetectionGuardrail());
  found.registerGuardrail(new PromptInjectionGuardrail());
  return found;
};

/** A guarded fetch with everything on, and what it recorded. */
const guard = (options = {}) => {
  const records = [];
  const budgetManager = new BudgetManager(new InMemoryCostStorage());
  budgetManager.createBudget({ name: "enough", limit: 1000, period: "total", action: "block" });
  const fetch = createGuardedFetch({ guardrailEngine: engine(), budgetManager, onRecord: (record) => records.push(record), ...options });
  return { fetch, records, budgetManager };
};

const openai = (provider, options = {}) => new OpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, maxRetries: 0, ...options });
const anthropic = (provider, options = {}) => new Anthropic({ apiKey: "sk-ant-local", baseURL: provider.url, maxRetries: 0, ...options });

const all = async (stream) => {
  const found = [];
  for await (const one of stream) found.push(one);
  return found;
};

/**
 * What a flow gives or throws, as JSON. Usage is asked for in every stream, so chunks have `usage: null` that nobody asked for; the
 * one chunk that is nothing but usage does not come through.
 */
const outcome = async (flow) => {
  try {
    return { gave: JSON.parse(JSON.stringify(await flow(), (key, value) => (key === "usage" && value === null ? undefined : value))) };
  } catch (error) {
    return { threw: error.constructor.name, status: error.status, message: error.message, body: error.error };
  }
};

const CHAT = { model: "gpt-5-mini", max_completion_tokens: 200, messages: [{ role: "user", content: "Hello, wörld 🌍" }] };
const TOOLS = { tools: [{ type: "function", function: { name: "get_weather", parameters: WEATHER } }], tool_choice: "required" };
const RESPONSE = { model: "gpt-5-mini", max_output_tokens: 200, input: "Hello, wörld 🌍" };
const MESSAGE = { model: "claude-sonnet-4-5", max_tokens: 200, messages: [{ role: "user", content: "Hello, wörld 🌍" }] };
const STRUCTURED = { response_format: { type: "json_schema", json_schema: { name: "w", strict: true, schema: WEATHER } } };
const SCRIPTED = { toolCalls: [{ name: "get_weather", arguments: { city: "Paris" } }] };

const FLOWS = [
  ["chat", openai, (client) => client.chat.completions.create(CHAT)],
  ["chat, two choices", openai, (client) => client.chat.completions.create({ ...CHAT, n: 2 })],
  ["chat streamed", openai, async (client) => all(await client.chat.completions.create({ ...CHAT, stream: true }))],
  ["chat streamed with usage", openai, async (client) => all(await client.chat.completions.create({ ...CHAT, stream: true, stream_options: { include_usage: true } }))],
  ["chat with tools", openai, (client) => client.chat.completions.create({ ...CHAT, ...TOOLS }), [SCRIPTED]],
  ["chat with tools, streamed", openai, async (client) => all(await client.chat.completions.create({ ...CHAT, ...TOOLS, stream: true })), [SCRIPTED]],
  ["chat of a form", openai, (client) => client.chat.completions.create({ ...CHAT, ...STRUCTURED })],
  ["chat, parsed", openai, (client) => client.chat.completions.parse({ ...CHAT, ...STRUCTURED })],
  ["chat after two failures", openai, (client) => client.chat.completions.create(CHAT, { maxRetries: 3 }), [{ status: 500, retryAfterMs: 1 }, { status: 429, retryAfterMs: 1 }, {}]],
  ["chat that fails", openai, (client) => client.chat.completions.create(CHAT), [{ status: 400, error: { message: "no such thing" } }]],
  ["chat with a page for an answer", openai, (client) => client.chat.completions.create(CHAT), [{ malformed: "html" }]],
  ["a stream with an error in it", openai, async (client) => all(await client.chat.completions.create({ ...CHAT, stream: true })), [{ status: 200, error: { message: "overloaded" }, errorAt: 2 }]],
  ["a response", openai, (client) => client.responses.create(RESPONSE)],
  ["a response, streamed", openai, async (client) => all(await client.responses.create({ ...RESPONSE, stream: true }))],
  ["a response with tools, streamed", openai, async (client) => all(await client.responses.create({ ...RESPONSE, stream: true, tools: [{ type: "function", name: "get_weather", parameters: WEATHER, strict: true }] })), [SCRIPTED]],
  ["embeddings", openai, (client) => client.embeddings.create({ model: "text-embedding-3-small", input: ["a", "b"] })],
  ["models, which pass", openai, (client) => client.models.list()],
  ["a message", anthropic, (client) => client.messages.create(MESSAGE)],
  ["a message, streamed", anthropic, async (client) => all(await client.messages.create({ ...MESSAGE, stream: true }))],
  ["a message, gathered", anthropic, (client) => client.messages.stream(MESSAGE).finalMessage()],
  ["a message with tools", anthropic, (client) => client.messages.create({ ...MESSAGE, tools: [{ name: "get_weather", input_schema: WEATHER }] }), [SCRIPTED]],
  ["a message with tools, streamed", anthropic, (client) => client.messages.stream({ ...MESSAGE, tools: [{ name: "get_weather", input_schema: WEATHER }] }).finalMessage(), [SCRIPTED]],
  ["a count of tokens, which passes", anthropic, (client) => client.messages.countTokens({ model: MESSAGE.model, messages: MESSAGE.messages })],
  ["a message that fails", anthropic, (client) => client.messages.create(MESSAGE), [{ status: 529 }]],
];

describe("the official SDKs over the guarded fetch", () => {
  for (const [name, client, flow, script = []] of FLOWS) {
    it(`give the same: ${name}`, async () => {
      plain.script(...script);
      watched.script(...script);
      const { fetch } = guard();
      const expected = await outcome(() => flow(client(plain)));
      assert.deepEqual(await outcome(() => flow(client(watched, { fetch }))), expected);
      assert.equal(watched.requests.length, plain.requests.length);
    });
  }

  it("each try is a call of its own: what failed is released, what answered is recorded", async () => {
    watched.script({ status: 500, retryAfterMs: 1 }, {});
    const { fetch, records, budgetManager } = guard();
    await openai(watched, { fetch, maxRetries: 2 }).chat.completions.create(CHAT);
    assert.equal(records.length, 1);
    const status = await budgetManager.getBudgetStatus(budgetManager.getAllBudgets()[0].id);
    assert.deepEqual([status.spentUsd, status.heldUsd], [records[0].usd, "0"]);
  });

  for (const [name, client, send] of [
    ["openai", openai, (sdk, content) => sdk.chat.completions.create({ ...CHAT, messages: [{ role: "user", content }] }, { maxRetries: 3 })],
    ["openai's responses", openai, (sdk, input) => sdk.responses.create({ ...RESPONSE, input }, { maxRetries: 3 })],
    ["anthropic", anthropic, (sdk, content) => sdk.messages.create({ ...MESSAGE, messages: [{ role: "user", content }] }, { maxRetries: 3 })],
  ]) {
    it(`refusals are errors of ${name}, are not tried again, and have ours inside`, async () => {
      const blocking = createGuardedFetch({ guardrailEngine: engine("block") });
      const blocked = await send(client(watched, { fetch: blocking }), MAIL).catch((error) => error);
      assert.equal(blocked.status, 403);
      assert.equal(blocked.constructor.name, "PermissionDeniedError");
      assert.ok(TollgateError.from(blocked) instanceof GuardrailBlockedError);
      assert.ok(!JSON.stringify(blocked).includes("jane"));
      const budgetManager = new BudgetManager(new InMemoryCostStorage());
      budgetManager.createBudget({ name: "none", limit: "0.0000001", period: "total", action: "block" });
      const broke = await send(client(watched, { fetch: createGuardedFetch({ budgetManager }) }), "Hi").catch((error) => error);
      assert.equal(broke.status, 402);
      const ours = TollgateError.from(broke);
      assert.ok(ours instanceof BudgetExceededError);
      assert.equal(ours.budget.name, "none");
      assert.equal(watched.requests.length, 0);
    });
  }

  it("what is private leaves neither way", async () => {
    watched.script({ text: `Ask ${MAIL}, please`, deltaSize: 3 }, { text: `Ask ${MAIL}, please`, deltaSize: 3 }, { text: `Ask ${MAIL}, please`, deltaSize: 3 });
    const { fetch } = guard();
    const said = (await all(await openai(watched, { fetch }).chat.completions.create({ ...CHAT, stream: true, messages: [{ role: "user", content: MAIL }] }))).map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    const message = await anthropic(watched, { fetch }).messages.stream({ ...MESSAGE, messages: [{ role: "user", content: MAIL }] }).finalMessage();
    const response = await openai(watched, { fetch }).responses.stream({ ...RESPONSE, input: MAIL }).finalResponse();
    for (const text of [said, message.content[0].text, response.output_text, JSON.stringify(watched.requests)]) {
      assert.ok(!text.includes("jane") && !text.includes("example.com"), text);
    }
    assert.ok(said.startsWith("Ask ") && said.endsWith(", please"));
    assert.equal(message.content[0].text, said);
    assert.equal(response.output_text, said);
  });

  it("an abort is the SDK's own, and settles", async () => {
    watched.script({ text: "word ".repeat(200), deltaSize: 5, pieceDelay: 5 });
    const { fetch, records, budgetManager } = guard();
    const stream = await openai(watched, { fetch }).chat.completions.create({ ...CHAT, stream: true });
    let chunks = 0;
    for await (const _ of stream) if ((chunks += 1) === 5) break;
    for (let tries = 0; records.length === 0 && tries < 200; tries += 1) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(records[0].estimated, "aborted");
    const status = await budgetManager.getBudgetStatus(budgetManager.getAllBudgets()[0].id);
    assert.deepEqual([status.spentUsd, status.heldUsd], [records[0].usd, "0"]);
    const controller = new AbortController();
    watched.script({ headDelay: 5000 });
    const waiting = openai(watched, { fetch }).chat.completions.create(CHAT, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await assert.rejects(waiting, { name: "Error", constructor: OpenAI.APIUserAbortError });
  });
});
