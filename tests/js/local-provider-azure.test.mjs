// Azure OpenAI as the local provider speaks it: deployments and the newer paths, its keys, its filters, its errors; and OpenAI's
// own client for Azure with nothing between.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import OpenAI, { AzureOpenAI } from "openai";
import { startProvider } from "../../examples/local-provider/provider.mjs";

/** @type {Awaited<ReturnType<typeof startProvider>>} */
let provider;
before(async () => {
  provider = await startProvider();
});
after(() => provider.close());
beforeEach(() => provider.reset());

const HELLO = { messages: [{ role: "user", content: "Hello" }] };
const KEY = "0123456789abcdef0123456789abcdef";
const DEPLOYED = "/openai/deployments/our-chat/chat/completions?api-version=2024-10-21";
const SAFE = { hate: { filtered: false, severity: "safe" }, self_harm: { filtered: false, severity: "safe" }, sexual: { filtered: false, severity: "safe" }, violence: { filtered: false, severity: "safe" } };
const SAFE_PROMPT = [{ prompt_index: 0, content_filter_results: { ...SAFE, jailbreak: { detected: false, filtered: false } } }];

const post = (body, headers = {}, path = DEPLOYED) => fetch(provider.url + path, { method: "POST", headers: { "api-key": KEY, ...headers }, body: JSON.stringify(body) });

const chunks = (text) => text.trim().split("\n\n").filter((frame) => !frame.endsWith("[DONE]")).map((frame) => JSON.parse(frame.slice(6)));

describe("a completion of a deployment", () => {
  it("is OpenAI's, with what the filters say", async () => {
    const response = await post(HELLO);
    assert.match(response.headers.get("apim-request-id"), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(response.headers.get("x-ms-region"), "Sweden Central");
    const { choices, model, prompt_filter_results, usage, ...rest } = await response.json();
    assert.deepEqual(Object.keys(rest), ["id", "object", "created", "system_fingerprint"], "no tier");
    assert.equal(model, "gpt-4o-mini-2024-07-18");
    assert.deepEqual(choices, [{ index: 0, message: { role: "assistant", content: "You wrote: Hello", refusal: null, annotations: [] }, logprobs: null, finish_reason: "stop", content_filter_results: SAFE }]);
    assert.deepEqual(prompt_filter_results, SAFE_PROMPT);
    assert.equal(usage.total_tokens, 12);
  });

  it("names the model of a deployment that is called like one", async () => {
    const model = async (name, body = HELLO) => (await (await post(body, {}, DEPLOYED.replace("our-chat", name))).json()).model;
    assert.equal(await model("gpt-4.1"), "gpt-4.1-2025-04-14");
    assert.equal(await model("our%20chat", { ...HELLO, model: "gpt-5" }), "gpt-4o-mini-2024-07-18", "what the body says does not matter");
  });

  it("streams the filters' word on the prompt first, and on each text", async () => {
    const all = chunks(await (await post({ ...HELLO, stream: true, stream_options: { include_usage: true } })).text());
    assert.deepEqual(all[0], { choices: [], created: 0, id: "", model: "", object: "", prompt_filter_results: SAFE_PROMPT });
    assert.deepEqual(all[1].choices[0].content_filter_results, {});
    assert.deepEqual([all[2].choices[0].delta.content, all[2].choices[0].content_filter_results], ["You", SAFE]);
    assert.deepEqual([all.at(-2).choices[0].finish_reason, all.at(-1).usage.total_tokens], ["stop", 12]);
  });

  it("is stopped by a filter, and so is a prompt", async () => {
    const headers = { "x-simulator-content-filter": '{"violence":"medium","hate":"low"}' };
    const [choice] = (await (await post(HELLO, headers)).json()).choices;
    assert.deepEqual([choice.finish_reason, choice.message.content, choice.content_filter_results.violence, choice.content_filter_results.hate], ["content_filter", "", { filtered: true, severity: "medium" }, { filtered: false, severity: "low" }]);
    const last = chunks(await (await post({ ...HELLO, stream: true }, headers)).text()).at(-1).choices[0];
    assert.deepEqual([last.finish_reason, last.content_filter_results.violence.filtered], ["content_filter", true]);
    const response = await post(HELLO, { "x-simulator-block-reason": "jailbreak" });
    assert.equal(response.status, 400);
    const { error } = await response.json();
    assert.deepEqual([error.code, error.param, error.type, error.status, error.innererror.code], ["content_filter", "prompt", null, 400, "ResponsibleAIPolicyViolation"]);
    assert.deepEqual(error.innererror.content_filter_result.jailbreak, { detected: true, filtered: true });
    assert.equal((await (await post(HELLO, { "x-simulator-content-filter": '{"hate":"much"}' })).json()).error.code, "invalid_control");
  });
});

describe("the newer paths", () => {
  it("need no version, and take a bearer", async () => {
    const headers = { "api-key": "", authorization: "Bearer eyJ0" };
    const { "api-key": _, ...bearer } = headers;
    const response = await fetch(`${provider.url}/openai/v1/chat/completions`, { method: "POST", headers: bearer, body: JSON.stringify({ ...HELLO, model: "our-chat" }) });
    assert.deepEqual((await response.json()).choices[0].content_filter_results, SAFE);
    const { output } = await (await post({ model: "our-chat", input: "Hello" }, {}, "/openai/responses?api-version=2025-04-01-preview")).json();
    assert.equal(output[0].content[0].text, "You wrote: Hello");
    const { data } = await (await post({ input: "Hello" }, {}, "/openai/deployments/e/embeddings?api-version=2024-10-21")).json();
    assert.equal(data[0].embedding.length, 1536);
  });
});

describe("what is refused", () => {
  const cases = [
    ["no key", { "api-key": "" }, DEPLOYED, 401, "401"],
    ["a key of OpenAI's", { "api-key": "sk-1" }, DEPLOYED, 401, "401"],
    ["no version", {}, "/openai/deployments/a/chat/completions", 404, "404"],
    ["a path that there is not", {}, "/openai/deployments/a/nothing?api-version=2024-10-21", 404, "404"],
    ["a deployment that there is not", { "x-simulator-status": "404" }, DEPLOYED, 404, "DeploymentNotFound"],
    ["too much at once", { "x-simulator-status": "429", "x-simulator-retry-after": "2" }, DEPLOYED, 429, "429"],
  ];
  for (const [name, headers, path, status, code] of cases) {
    it(name, async () => {
      const response = await post(HELLO, headers, path);
      assert.equal(response.status, status);
      const { error } = await response.json();
      assert.equal(error.code, code);
      assert.deepEqual(Object.keys(error), ["code", "message"]);
    });
  }

  it("what the model's own checks refuse is in OpenAI's words", async () => {
    const { error } = await (await post({ ...HELLO, agentId: 1 })).json();
    assert.deepEqual([error.code, error.param], ["unknown_parameter", "agentId"]);
  });
});

describe("OpenAI's own client for Azure", () => {
  const azure = (options = {}) => new AzureOpenAI({ endpoint: provider.url, apiKey: KEY, apiVersion: "2024-10-21", deployment: "our-chat", maxRetries: 0, ...options });

  it("reads a completion and a stream, with a key and with a token", async () => {
    assert.equal((await azure().chat.completions.create({ ...HELLO, model: "" })).choices[0].message.content, "You wrote: Hello");
    assert.equal(provider.requests[0].path, DEPLOYED);
    const byToken = azure({ apiKey: undefined, azureADTokenProvider: async () => "eyJ0" });
    const stream = byToken.chat.completions.stream({ ...HELLO, model: "our-chat" });
    assert.equal(await stream.finalContent(), "You wrote: Hello");
  });

  it("raises the filter's refusal", async () => {
    provider.script({ blockReason: "violence" });
    await assert.rejects(azure().chat.completions.create({ ...HELLO, model: "" }), (error) => error instanceof OpenAI.BadRequestError && error.code === "content_filter");
    await assert.rejects(azure({ apiKey: "sk-1" }).chat.completions.create({ ...HELLO, model: "" }), OpenAI.AuthenticationError);
  });

  it("of the newer paths is OpenAI's", async () => {
    const client = new OpenAI({ apiKey: KEY, baseURL: `${provider.url}/openai/v1`, maxRetries: 0 });
    assert.equal((await client.chat.completions.create({ ...HELLO, model: "our-chat" })).choices[0].message.content, "You wrote: Hello");
    assert.equal((await client.responses.create({ model: "our-chat", input: "Hello" })).output_text, "You wrote: Hello");
  });
});
