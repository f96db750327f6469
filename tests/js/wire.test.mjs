// Streams from public test suites, each with its source, through the guarded fetch: what comes out is what came in, byte by byte,
// however it is cut. Rust's tests/call.rs cuts each of them at every offset.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";

import { BudgetManager, CostTracker, createGuardedFetch, defaultEngine } from "tollgate";

import { pieces, post } from "./lib/wire.mjs";

// Priced whoever the host belongs to.
const rates = { rates: { input: 1, output: 2 } };
const costTracker = new CostTracker({ customPricing: { "gpt-4o-mini": rates, "gpt-3.5-turbo-instruct": rates } });

const FIXTURES = new URL("../fixtures/wire/", import.meta.url);
const fixtures = readdirSync(FIXTURES)
  .filter((name) => name.endsWith(".json"))
  .map((name) => [name.slice(0, -5), JSON.parse(readFileSync(new URL(name, FIXTURES), "utf8"))]);
/** With the event by which a provider reports an error, a stream is at its end. */
const upToError = (stream) => {
  const at = stream.indexOf('data: {"type":"error"');
  return at < 0 ? stream : stream.slice(0, stream.indexOf("\n\n", at) + 2);
};

/** What a provider's stream says it used, found without this library. */
const usageOf = (stream) => {
  const data = stream.split(/\r?\n/).filter((line) => line.startsWith("data: {")).flatMap((line) => { try { return [JSON.parse(line.slice(6))]; } catch { return []; } });
  let output;
  for (const event of data) {
    const usage = event.usage ?? event.response?.usage ?? event.message?.usage ?? event.usageMetadata ?? event.x_groq?.usage;
    const said = usage?.completion_tokens ?? usage?.output_tokens ?? (usage?.candidatesTokenCount === undefined ? undefined : usage.candidatesTokenCount + (usage.thoughtsTokenCount ?? 0));
    // They only grow: a nought at the end takes back nothing.
    if (said !== undefined) output = Math.max(said, output ?? 0);
  }
  return output;
};

it("there are at least twelve, each with its source and licence, in every format", () => {
  assert.ok(fixtures.length >= 12, `${fixtures.length} streams`);
  for (const [name, { source, licence }] of fixtures) {
    assert.match(source, /^https:\/\/github\.com\/[^/]+\/[^/]+\/blob\/[0-9a-f]{40}\//, name);
    assert.match(licence, /^(MIT|Apache-2\.0)$/, name);
  }
  assert.deepEqual([...new Set(fixtures.map(([, { format }]) => format))].sort(), ["chat", "completions", "gemini", "messages", "responses"]);
});

for (const [name, { url, request, stream }] of fixtures) {
  describe(name, () => {
    const length = new TextEncoder().encode(stream).length;
    const sizes = [1, 2, 3, 7, 64, 1000, length];
    for (const [kind, config] of [
      ["nothing on", () => ({})],
      ["guardrails and a budget", () => {
        const budgetManager = new BudgetManager();
        budgetManager.createBudget({ name: "enough", limit: 1000, period: "daily", action: "block" });
        return { guardrailEngine: defaultEngine(), budgetManager, allowUnbounded: true };
      }],
    ]) {
      it(`comes out as it went in, with ${kind}`, async () => {
        for (const size of sizes) {
          const records = [];
          const blocked = [];
          const fetch = createGuardedFetch({
            fetch: async () => new Response(pieces(stream, size), { headers: { "content-type": "text/event-stream" } }),
            onRecord: (record) => records.push(record),
            onBlocked: (error) => blocked.push(error),
            costTracker,
            ...config(),
          });
          const text = await (await fetch(url, post(request))).text();
          assert.equal(text, upToError(stream), `in pieces of ${size}`);
          await new Promise((resolve) => setImmediate(resolve));
          assert.deepEqual(blocked, []);
          assert.equal(records.length, 1);
          const [record] = records;
          const told = usageOf(stream);
          if (record.outcome === "ok" && record.estimated === undefined) assert.equal(record.actualTokens.outputTokens, told);
        }
      });
    }
  });
}
