// What a price costs: the hot path, a model seen before, a model never seen, and the whole answer read to its last item.
import { PriceBook } from "../dist/index.js";
import { median } from "./measure.mjs";

const AT = Date.UTC(2026, 10, 21);

/** The median time of one call over some rounds, in nanoseconds. */
function timed(calls, call) {
  const round = (of) => {
    const begun = performance.now();
    for (let index = 0; index < calls; index += 1) call(index, of);
    return ((performance.now() - begun) * 1e6) / calls;
  };
  round(0);
  return median(Array.from({ length: 9 }, (_, of) => round(of + 1)));
}

/** The figures of `PriceBook.price`, in nanoseconds. */
export function priceCalls() {
  const book = PriceBook.bundled();
  let sum = 0;
  const price = (model, index, more) => {
    const cost = book.price({ model, usage: { input: 2000 + (index & 0xfff), cacheRead: 8000, output: 500 }, at: AT, ...more });
    sum += cost.amount;
    return cost;
  };
  const seen = timed(100_000, (index) => price("gpt-5", index));
  const read = timed(20_000, (index) => { sum += price("gpt-5", index).items.length; });
  const tiered = timed(20_000, (index) => price("gpt-5", index, { serviceTier: "default", region: "global" }));
  // The date makes each a name that nobody asked for before.
  const day = (index, of) => new Date(AT + (index + of * 2000) * 864e5).toISOString().slice(0, 10);
  const names = new Map();
  for (let of = 0; of < 10; of += 1) for (let index = 0; index < 2000; index += 1) names.set(index + of * 2000, `gpt-5-${day(index, of)}`);
  const fresh = timed(2000, (index, of) => price(names.get(index + of * 2000), index));
  if (!(sum > 0)) throw new Error(`expected costs above zero, found ${sum}`);
  return { seen, read, tiered, fresh };
}
