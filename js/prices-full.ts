/**
 * The price book of all providers: the bundled one and all others. A module of its own, so that only who asks for it loads
 * it.
 *
 * @example
 * import full from "tollgate/prices/full";
 *
 * const cost = full.price({ model: "meta-llama/Llama-3.3-70B-Instruct", provider: "deepinfra", usage: { input: 1000, output: 100 } });
 *
 * @module
 */
import rest from "./data/prices-full.js";
import main from "./data/prices.js";
import { PriceBook } from "./price.js";

/** The price book of all providers. It is read at its first use. */
const full: PriceBook = PriceBook.packed(() => main + rest);

export default full;
