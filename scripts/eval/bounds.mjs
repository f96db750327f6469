// Draws requests and usages that their providers may report, has LiteLLM price the usages, and looks whether what would have been
// reserved was enough: by PriceBook.upperBound, and by LiteLLM's own budget reservation. Measures what is built.
//
//     npm run eval:bounds                       100,000 pairs
//     npm run eval:bounds -- --count 5000       fewer
//     npm run eval:bounds -- --seed 7 --show 5  others; more examples of what was not enough
//     npm run eval:bounds -- --fixture          writes the short form that every test run compares (tests/peers.rs)
//
// LiteLLM is asked through its Python package, and texts are counted by the npm package tiktoken, both in .cache. Of Claude no
// vocabulary is published: its tokens are o200k's times 1.53, the most that was measured, and at most the bytes. The command fails
// when a bound is below a bill, or when more than one pair in a hundred could not be bounded or priced.
import { parseArgs } from "node:util";
import { createRequire } from "node:module";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PriceBook, encodingsOf, registerVocabulary } from "tollgate";
import { Problem, ROOT, main, run, step } from "../lib/run.mjs";
import { fetchLitellm } from "../prices/sources.mjs";
import { oneCase } from "./bounds/requests.mjs";
import { LITELLM, askOracle, python } from "./prices/python.mjs";
import { writeFixture } from "./prices/fixture.mjs";
import { generator } from "./prices/random.mjs";

const TIKTOKEN = "1.0.22";

/** What LiteLLM's proxy needs to import, besides the package itself. */
const PROXY_NEEDS = ["fastapi", "orjson", "apscheduler", "cryptography", "pyjwt", "python-multipart", "websockets", "backoff", "rich", "starlette", "cachetools", "email-validator", "mcp", "redis"];

/** LiteLLM's name of a provider, and ours. */
const PROVIDERS = {
  openai: "openai", "text-completion-openai": "openai", azure: "azure-openai", anthropic: "anthropic", gemini: "google", mistral: "mistral", xai: "xai",
  deepseek: "deepseek", groq: "groq", openrouter: "openrouter", perplexity: "perplexity",
};

/** What texts are counted by: as an application that calls OpenAI's models would. */
const VOCABULARIES = ["o200k_base", "cl100k_base"];

/** How many pairs are asked for at a time: a prompt may have megabytes. */
const BATCH = 12_500;

const side = () => ({ compared: 0, below: 0, ratios: [] });

/** The widest book there is: the one with every provider, where the package has it. */
async function widest() {
  try {
    return (await import("tollgate/prices/full")).default;
  } catch {
    return PriceBook.bundled();
  }
}

/** Models of the table that the book has by their own name, with what the generator has to know of them. */
function modelsOf(table, book) {
  const modes = new Set(["chat", "completion", "responses", "embedding"]);
  return Object.entries(table).flatMap(([key, entry]) => {
    const provider = PROVIDERS[entry.litellm_provider];
    if (provider === undefined || !modes.has(entry.mode) || !(entry.input_cost_per_token > 0)) return [];
    const id = key.replace(/^[a-z_]+\//, "");
    // LiteLLM finds `perplexity/perplexity/sonar` as `perplexity/sonar`, which is another model with another price.
    if (PROVIDERS[id.split("/")[0]] === provider) return [];
    // An answer of these has searches or images of its own accord.
    if (/search|compound|deep-research|image|tts|audio-preview|sonar-pro-search/.test(id) || book.handle(id, provider) < 0) return [];
    const thresholds = Object.keys(entry).flatMap((name) => /^input_cost_per_token_above_(\d+)k_tokens$/.exec(name)?.[1] ?? []);
    return [
      {
        id,
        key,
        provider,
        litellm: entry.litellm_provider,
        mode: entry.mode,
        maxOutput: entry.max_output_tokens,
        window: entry.max_input_tokens,
        thresholds: thresholds.map((thousands) => Number(thousands) * 1_000),
        has: (name) => entry[name] !== undefined && entry[name] !== false && entry[name] !== 0,
      },
    ];
  });
}

/** A case in LiteLLM's words. */
function asked({ model, usage, served, residency, geo, theirs, route, input }) {
  const { prompt, cached, written, written1h, audio, output, reasoning, searches } = usage;
  const details = { cached_tokens: cached, text_tokens: prompt - cached - written - written1h - audio };
  if (audio > 0) details.audio_tokens = audio;
  if (written + written1h > 0) {
    details.cache_creation_tokens = written + written1h;
    details.cache_creation_token_details = { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: written1h };
  }
  const fields = { prompt_tokens: prompt, completion_tokens: output, total_tokens: prompt + output, prompt_tokens_details: details };
  if (reasoning > 0) fields.completion_tokens_details = { reasoning_tokens: reasoning };
  if (geo !== undefined) fields.inference_geo = geo;
  if (searches > 0) {
    fields.server_tool_use = { web_search_requests: searches };
    details.web_search_requests = searches;
  }
  return {
    model: model.key, provider: model.litellm, usage: fields, serviceTier: served === "default" ? undefined : served, residency, searches: searches > 0 ? searches : undefined,
    callType: model.mode === "embedding" ? "embedding" : "completion", request: theirs, route, input,
  };
}

/** A double may be off by what its sum was rounded by. */
const below = (reserved, usd) => reserved < usd - 1e-9 * usd - 1e-12;

function compare(tally, one, bound, { usd, reserved, error }, show) {
  const bump = (map, key) => map.set(key, (map.get(key) ?? 0) + 1);
  if (!bound.priced) return bump(tally.unbounded, `${bound.reason}: ${bound.detail}`);
  if (usd === undefined) return bump(tally.unpriced, error.slice(0, 80));
  const actual = Number(usd);
  const add = (to, amount) => {
    to.compared += 1;
    const low = below(amount, actual);
    if (low) to.below += 1;
    if (actual > 0) to.ratios.push(amount / actual);
    return low;
  };
  const low = add(tally.ours, bound.amount);
  const theirsLow = reserved === null || add(tally.theirs, reserved);
  for (const feature of one.features) {
    const row = tally.features.get(feature) ?? { pairs: 0, ours: 0, theirs: 0 };
    row.pairs += 1;
    if (low) row.ours += 1;
    if (theirsLow) row.theirs += 1;
    tally.features.set(feature, row);
  }
  if (low && tally.examples.length < show) tally.examples.push({ model: one.model.key, features: one.features, usd, bound: bound.usd, usage: one.usage, served: one.served, items: bound.items, assumptions: bound.assumptions });
}

function report(tally) {
  const { ours, theirs } = tally;
  const share = ({ below, compared }) => `${below} of ${compared} (${((100 * below) / Math.max(compared, 1)).toFixed(2)} %)`;
  const at = (ratios, part) => ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length * part)]?.toFixed(2);
  console.log(`\n${tally.pairs} pairs of request and usage, priced by LiteLLM ${LITELLM}`);
  for (const [name, one] of [["upperBound", ours], ["LiteLLM's own reservation", theirs]]) {
    console.log(`  ${name.padEnd(26)} below the bill: ${share(one)}; reserved / bill: p1 ${at(one.ratios, 0.01)}, median ${at(one.ratios, 0.5)}, p99 ${at(one.ratios, 0.99)}`);
  }
  const [tokens, money] = [0, 1].map((place) => tally.tighter.map((of) => of[place]));
  console.log(`  with a vocabulary, of without one, ${tokens.length} pairs of models that have one: input tokens median ${at(tokens, 0.5)}, p10 ${at(tokens, 0.1)}; reserved median ${at(money, 0.5)}, p10 ${at(money, 0.1)}`);
  console.log(`\n  ${"feature".padEnd(16)}${["pairs", "upperBound", "LiteLLM"].map((head) => head.padStart(12)).join("")}   (below the bill)`);
  for (const [name, row] of [...tally.features].sort(([, a], [, b]) => b.pairs - a.pairs)) {
    console.log(`  ${name.padEnd(16)}${[row.pairs, row.ours, row.theirs].map((cell) => String(cell).padStart(12)).join("")}`);
  }
  for (const [title, map] of [["not bounded", tally.unbounded], ["not priced by LiteLLM", tally.unpriced]]) {
    for (const [why, times] of [...map].sort(([, a], [, b]) => b - a).slice(0, 8)) console.log(`  ${title}: ${times} x ${why}`);
  }
  for (const one of tally.examples) console.log(JSON.stringify(one, undefined, 1));
}

/** Counts as o200k_base does; the same text is counted once. */
async function counter() {
  const home = join(ROOT, ".cache/eval/node");
  if (!existsSync(join(home, "node_modules/tiktoken"))) {
    await step(`set up tiktoken ${TIKTOKEN}`, async () => {
      mkdirSync(home, { recursive: true });
      writeFileSync(join(home, "package.json"), "{}\n");
      await run("npm", ["install", "--silent", "--no-audit", "--no-fund", "--prefix", home, `tiktoken@${TIKTOKEN}`], { quiet: true });
    });
  }
  const { get_encoding } = createRequire(join(home, "package.json"))("tiktoken");
  const encoding = get_encoding("o200k_base");
  return (text) => encoding.encode_ordinary(text).length;
}

/** What LiteLLM's proxy imports. */
async function proxy(interpreter) {
  const mark = join(ROOT, ".cache/eval/litellm", LITELLM, "proxy");
  if (existsSync(mark)) return;
  await step("set up what LiteLLM's proxy needs", () => run(interpreter, ["-m", "pip", "install", "--quiet", ...PROXY_NEEDS], { quiet: true }));
  writeFileSync(mark, "");
}

/** Writes pairs whose requests are short, so many of each feature, for the comparison of each test run: bounds by bytes, since there are no vocabularies. */
function keep(cases, bounds, answers, { seed, at }) {
  const seen = new Map();
  const kept = cases.flatMap(({ request, options, residency, geo, features, model }, index) => {
    const { usd } = answers[index];
    if (usd === undefined || !bounds[index].priced || !isKept(JSON.stringify(request))) return [];
    const kinds = [...features, model.provider];
    if (kinds.every((kind) => (seen.get(kind) ?? 0) >= OF_EACH)) return [];
    for (const kind of kinds) seen.set(kind, (seen.get(kind) ?? 0) + 1);
    return [{ features, ...options, region: residency ?? geo, usd, request }];
  });
  console.log(`${writeFixture("bounds.json", { peer: `litellm ${LITELLM}`, by: "npm run eval:bounds -- --fixture", seed, at, cases: kept })}: ${kept.length} pairs`);
}

/** Short, and without half a surrogate pair, which not every reader of a fixture takes. */
const isKept = (request) => request.length <= SHORT && !/\\ud[89a-f]/.test(request);

/** How long a request may be that is kept, in characters, and how many pairs there are of each feature and each provider. */
const SHORT = 500;
const OF_EACH = 16;

await main(async () => {
  const { values } = parseArgs({ options: { count: { type: "string", default: "100000" }, seed: { type: "string", default: "1" }, show: { type: "string", default: "3" }, fixture: { type: "boolean", default: false } } });
  const [pairs, seed, show] = [values.count, values.seed, values.show].map(Number);
  const wanted = values.fixture ? 6_000 : pairs;
  await proxy(await python());
  const count = await counter();
  const source = fetchLitellm(join(ROOT, ".cache/prices"), LITELLM);
  const table = JSON.parse(source.text);
  const book = await widest();
  const models = modelsOf(table, book);
  if (models.length === 0) throw new Problem("expected models of the table in the book, found none");
  const random = generator(seed);
  const byProvider = new Map();
  for (const model of models) byProvider.set(model.provider, [...(byProvider.get(model.provider) ?? []), model]);
  const names = [...byProvider.keys()];

  const tally = { ours: side(), theirs: side(), tighter: [], features: new Map(), unbounded: new Map(), unpriced: new Map(), examples: [], pairs: 0 };
  const at = new Date();
  while (tally.pairs < wanted) {
    const cases = Array.from({ length: Math.min(BATCH, wanted - tally.pairs) }, () => {
      const model = random.pick(byProvider.get(random.pick(names)));
      const drawn = oneCase(random, model, model.provider === "anthropic" ? (text) => Math.min(Math.ceil(count(text) * 1.53), Buffer.byteLength(text)) : count);
      return { model, ...drawn };
    });
    const bound = (one) => book.upperBound(one.request, { ...one.options, at, region: one.residency ?? (one.geo === undefined ? undefined : one.geo) });
    // The first ones also as they are without a vocabulary, to tell what it is good for.
    const byBytes = tally.pairs === 0 ? cases.map(bound) : undefined;
    if (byBytes !== undefined) for (const name of VOCABULARIES) registerVocabulary((await import(`tollgate/vocab/${name}`)).default);
    const bounds = cases.map(bound);
    byBytes?.forEach((before, index) => {
      const after = bounds[index];
      if (before.priced && after.priced && encodingsOf(cases[index].model.id).length > 0) tally.tighter.push([after.inputTokens / before.inputTokens, after.amount / before.amount]);
    });
    const answers = await askOracle("../bounds/oracle.py", cases.map(asked));
    cases.forEach((one, index) => compare(tally, one, bounds[index], answers[index], show));
    if (values.fixture) return keep(cases, bounds, answers, { seed, at: source.source.retrievedAt });
    tally.pairs += cases.length;
    console.log(`  ${tally.pairs} of ${wanted}: ${tally.ours.below} below the bill`);
  }
  report(tally);
  if (tally.ours.below > 0) throw new Problem(`expected every bound to be at least the bill, found ${tally.ours.below} below it`);
  if (tally.ours.compared < 0.99 * tally.pairs) throw new Problem(`expected nearly every pair to be bounded and priced, found ${tally.ours.compared} of ${tally.pairs}`);
});
