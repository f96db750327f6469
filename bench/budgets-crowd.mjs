// Callers on one budget, and what a provider bills them: the local one, which answers after 20 ms, and always uses the same.
import { createProvider } from "../examples/local-provider/handler.mjs";

/** What each call uses and costs, at the prices of its model that all libraries know: 0.15 and 0.60 USD for a million tokens. */
export const MODEL = "gpt-4o-mini";
export const USED = { prompt_tokens: 100, completion_tokens: 4_000, total_tokens: 4_100 };
export const CALL_USD = "0.002415";

/** A tier is named, so that what the call can cost at most is what it costs there and not at a dearer one. */
const BODY = { model: MODEL, service_tier: "default", max_tokens: 4_000, messages: [{ role: "user", content: "The harbour froze in the winter of 1709. ".repeat(9) }] };

/** A provider, and how many calls it has billed. */
export function provider() {
  const simulator = createProvider({ defaults: { text: "So it was.", headDelay: 20, usage: USED } });
  return {
    fetch: (...args) => simulator.handle(new Request(...args)),
    billed: () => simulator.requests.filter(({ status }) => status === 200).length,
  };
}

/** So many callers, at once or one after the other; who is refused goes away. Anything else that fails is thrown. */
export async function crowd(call, callers, atOnce) {
  const ask = async () => {
    try {
      await call(structuredClone(BODY));
    } catch (error) {
      if (!/budget/i.test(`${error?.name} ${error?.message}`)) throw error;
    }
  };
  if (atOnce) await Promise.all(Array.from({ length: callers }, ask));
  else for (let n = 0; n < callers; n += 1) await ask();
}
