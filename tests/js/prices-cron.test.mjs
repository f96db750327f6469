// The Worker with fresh prices, where KV fails: what was fetched and not stored is fetched again.
import assert from "node:assert/strict";
import { it } from "node:test";
import { PriceBook } from "tollgate";

const TABLE = JSON.stringify({ tollgate: 1, sources: [{ id: "acme" }], models: [{ provider: "acme", id: "fast-1", rows: [{ source: "acme", rates: { input: "2", output: "8" } }] }] });

/** A KV namespace whose write of this number fails; none, if left out. */
function namespace(failing) {
  const kept = new Map();
  let writes = 0;
  const write = (change) => async (key, value) => {
    writes += 1;
    if (writes === failing) throw new Error("KV PUT failed: 429 Too Many Requests");
    change(key, value);
  };
  return {
    get: async (key) => kept.get(key) ?? null,
    put: write((key, value) => kept.set(key, value)),
    delete: write((key) => kept.delete(key)),
    writes: () => writes,
  };
}

/** An isolate of its own, which looks for news at its first request. */
let isolates = 0;
const isolate = async () => (await import(`../../examples/prices-cron/worker.mjs?${(isolates += 1)}`)).default;
const usdOf = async (PRICES) => {
  const answer = await (await isolate()).fetch(new Request("http://worker.test/cost?model=acme/fast-1&input=1000000"), { PRICES });
  return (await answer.json()).usd;
};

it("a table that KV did not take is taken at the next trigger", async (t) => {
  t.mock.method(console, "log", () => {});
  t.mock.method(globalThis, "fetch", async (_, { headers }) => (headers.get("if-none-match") === '"one"' ? new Response(null, { status: 304 }) : new Response(TABLE, { headers: { etag: '"one"' } })));
  const before = PriceBook.bundled().size;
  const fine = namespace();
  await (await isolate()).scheduled({}, { PRICES: fine, PRICES_URL: "https://prices.example" });
  assert.ok(fine.writes() >= 4);
  assert.equal(await usdOf(fine), "2");
  for (let failing = 1; failing <= fine.writes(); failing += 1) {
    const PRICES = namespace(failing);
    const [worker, env] = [await isolate(), { PRICES, PRICES_URL: "https://prices.example" }];
    await assert.rejects(worker.scheduled({}, env), /429/);
    assert.equal(PriceBook.bundled().size, before, "what is not stored is not priced by");
    await worker.scheduled({}, env);
    assert.equal(await usdOf(PRICES), "2", `write ${failing}`);
    assert.equal(await PRICES.get("etag"), '"one"', `write ${failing}`);
    await worker.scheduled({}, env);
    assert.equal(JSON.parse(await PRICES.get("report")).status, "unchanged", `write ${failing}`);
  }
});
