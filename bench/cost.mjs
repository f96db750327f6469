// The hot path of a page that shows a price while its user types.
import { PriceBook } from "../dist/index.js";
import { median } from "./measure.mjs";

/** The median time of one `book.cost(handle, ...)`, in nanoseconds. */
export function costCall() {
  const book = PriceBook.bundled();
  const handle = book.handle("gpt-4o-mini");
  const calls = 1_000_000;
  let sum = 0;
  const round = () => {
    const begun = performance.now();
    // The counts differ, so that nothing can be kept from call to call.
    for (let index = 0; index < calls; index += 1) sum += book.cost(handle, index & 0xffff, index & 0xfff);
    return ((performance.now() - begun) * 1e6) / calls;
  };
  round();
  const times = Array.from({ length: 9 }, round);
  if (!(sum > 0)) throw new Error(`expected costs above zero, found ${sum}`);
  return median(times);
}
