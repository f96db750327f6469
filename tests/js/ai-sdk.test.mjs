// The AI SDK over the guarded fetch: plain, streamed, with tools, of a form, refused.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import {
  BudgetExceededError,
  BudgetManager,
  GuardrailBlockedError,
  GuardrailEngine,
  InMemoryCostStorage,
  PIIDetectionGuardrail,
  TollgateError,
  createGuardedFetch,
} from "tollgate";

import { startProvider } from "../../examples/local-provider/provider.mjs";
import { tool as install } from "../lib/tools.mjs";

const { generateText, generateObject, streamText, tool, stepCountIs } = await install("ai");
const { createOpenAI } = await install("@ai-sdk/openai");
const { createAnthropic } = await install("@ai-sdk/anthropic");
const { createAzure } = await install("@ai-sdk/azure");
const { z } = await install("zod");

const MAIL = "jane.doe@example.com";

let provider;
before(async () => {
  provider = await startProvider({ now: () => 1_760_000_000_000 });
});
after(() => provider.close());
beforeEach(() => provider.reset());

const engine = (action) => {
  const found = new GuardrailEngine();
  found.registerGuardrail(new PIIDetectionGuardrail({ action }));
  return found;
};

/** The models of each of its providers, over a fetch. */
const MODELS = {
  "OpenAI's responses": (fetch) => createOpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, fetch })("gpt-5-mini"),
  "OpenAI's chat": (fetch) => createOpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1`, fetch }).chat("gpt-5-mini"),
  Anthropic: (fetch) => createAnthropic({ apiKey: "sk-ant-local", baseURL: `${provider.url}/v1`, fetch })("claude-sonnet-4-5"),
  Azure: (fetch) => createAzure({ apiKey: "local", baseURL: `${provider.url}/openai`, useDeploymentBasedUrls: true, apiVersion: "2024-10-21", fetch }).chat("gpt-4o-mini"),
};

for (const [name, model] of Object.entries(MODELS)) {
  describe(`the AI SDK with ${name}`, () => {
    /** What it gives with the guarded fetch, which is what it gives without. */
    const same = async (flow, script = []) => {
      provider.script(...script);
      const expected = await flow(model(globalThis.fetch));
      provider.reset();
      provider.script(...script);
      const records = [];
      const budgetManager = new BudgetManager(new InMemoryCostStorage());
      budgetManager.createBudget({ name: "enough", limit: 1000, period: "total", action: "block" });
      const fetch = createGuardedFetch({ guardrailEngine: engine("redact"), budgetManager, onRecord: (record) => records.push(record) });
      assert.deepEqual(await flow(model(fetch)), expected);
      assert.ok(records.length > 0 && records.every(({ priced, outcome }) => priced && outcome === "ok"), JSON.stringify(records));
      return expected;
    };

    it("answers", async () => {
      const found = await same(async (model) => {
        const { text, finishReason, usage } = await generateText({ model, prompt: "Hello there", maxOutputTokens: 100 });
        return { text, finishReason, usage };
      });
      assert.match(found.text, /Hello there/);
    });

    it("streams", async () => {
      const found = await same(async (model) => {
        const { textStream, usage } = streamText({ model, prompt: "Hello there", maxOutputTokens: 100 });
        const pieces = [];
        for await (const piece of textStream) pieces.push(piece);
        return { pieces, usage: await usage };
      });
      assert.ok(found.pieces.length > 1);
    });

    it("calls tools, turn by turn", async () => {
      const weather = tool({ description: "The weather", inputSchema: z.object({ city: z.string() }), execute: ({ city }) => `fine in ${city}` });
      const found = await same(
        async (model) => {
          const { text, steps } = await generateText({ model, prompt: "How is it in Paris?", tools: { weather }, stopWhen: stepCountIs(3), maxOutputTokens: 100 });
          return { text, called: steps.flatMap(({ toolCalls }) => toolCalls.map(({ toolName, input }) => [toolName, input])) };
        },
        [{ toolCalls: [{ name: "weather", arguments: { city: "Paris" } }] }, { text: "It is fine." }],
      );
      assert.deepEqual(found, { text: "It is fine.", called: [["weather", { city: "Paris" }]] });
    });

    it("gives objects of a form", async () => {
      const schema = z.object({ city: z.string() });
      const script = name === "Anthropic" ? [{ text: '{"city":"Paris"}', toolCalls: [{ name: "json", arguments: { city: "Paris" } }] }] : [];
      const { object } = await same(async (model) => ({ object: (await generateObject({ model, schema, prompt: "A city", maxOutputTokens: 100 })).object }), script);
      assert.equal(typeof object.city, "string");
    });

    it("is refused once, with ours inside", async () => {
      const blocked = await generateText({ model: model(createGuardedFetch({ guardrailEngine: engine("block") })), prompt: MAIL, maxRetries: 3 }).catch((error) => error);
      assert.equal(blocked.statusCode, 403);
      assert.ok(TollgateError.from(blocked) instanceof GuardrailBlockedError);
      const budgetManager = new BudgetManager(new InMemoryCostStorage());
      budgetManager.createBudget({ name: "none", limit: "0.0000001", period: "total", action: "block" });
      const broke = await generateText({ model: model(createGuardedFetch({ budgetManager })), prompt: "Hi", maxRetries: 3 }).catch((error) => error);
      assert.equal(broke.statusCode, 402);
      assert.ok(TollgateError.from(broke) instanceof BudgetExceededError);
      assert.equal(provider.requests.length, 0);
    });
  });
}
