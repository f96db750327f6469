// Differences from other engines, each with a decision and the page that it rests on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../lib/run.mjs";

/** `{ name, why, page }` for a difference that has one; `agrees(theirs, ours)` is whether two costs are one. */
export function decide(engine, one, theirs, ours, agrees) {
  return DECISIONS.find((decision) => decision.engine === engine && decision.holds(one, theirs, ours)) ?? sourced(engine, one, theirs, ours, agrees);
}

/** The rates that the two sources state differently, by model: the report that the price book comes with. */
const REPORT = new Map();
for (const line of readFileSync(join(ROOT, "data/prices/differences.md"), "utf8").split("\n")) {
  const cells = line.split("|").map((cell) => cell.trim());
  if (cells.length !== 9 || !/^(litellm|genai-prices|both)$/.test(cells[5])) continue;
  const [, model, rate, litellm, genaiPrices, , why, page] = cells;
  REPORT.set(model, [...(REPORT.get(model) ?? []), { rate, LiteLLM: litellm, "genai-prices": genaiPrices, why, page }]);
}

/** A unit, and where its rate holds: "", " off peak", " above 200000". */
const placeOf = (rate) => / (off peak|above \d+)$/.exec(rate)?.[0] ?? "";

/**
 * A difference that the report explains to the last digit: the cost is theirs once their rates stand where the report says
 * that they differ. A context tier that only one has is named by its input alone, and explains what is longer.
 */
function sourced(engine, { query }, theirs, ours, agrees) {
  if (!ours.priced) return undefined;
  const listed = REPORT.get(`${ours.provider}/${ours.model}`) ?? [];
  const decided = ({ why, page }) => ({ name: `the sources differ on ${ours.provider}/${ours.model} (data/prices/differences.md)`, why, page: page || "no page is known" });
  const units = new Map(Object.entries(query.usage));
  const input = [...units].reduce((sum, [unit, count]) => sum + (/^(input|cache)/.test(unit) ? count : 0), 0);
  for (const place of new Set(listed.map(({ rate }) => placeOf(rate)))) {
    const there = new Map(listed.filter(({ rate }) => placeOf(rate) === place).map((entry) => [entry.rate.slice(0, entry.rate.length - place.length), entry]));
    const above = Number(/ above (\d+)/.exec(place)?.[1] ?? 0);
    if (input < above) continue;
    if ([...there.values()].some((entry) => entry["genai-prices"] === "as below" || entry.LiteLLM === "as below")) return decided([...there.values()][0]);
    const total = ours.items.reduce((sum, item) => {
      const entry = there.get(item.unit);
      return sum + (entry === undefined ? Number(item.usd) : item.quantity * perUnit(entry[engine], item.unit));
    }, 0);
    const used = [...there.values()].find((entry) => units.has(entry.rate.slice(0, entry.rate.length - place.length)));
    if (used !== undefined && agrees(theirs, total)) return decided(used);
  }
  return undefined;
}

/** A listed rate for one of its unit: tokens are listed by the million. */
const perUnit = (rate, unit) => Number(rate) / (/^(web|file|maps)Searches|^requests/.test(unit) ? 1 : 1e6);

const DECISIONS = [
  {
    name: "which model mistral-medium is",
    why: "LiteLLM's row of the name has the price of Medium 3.5 and names its page, genai-prices has the name for Medium 3.1; the dearer is taken (unverified: no stored copy of the page was to be had)",
    page: "https://docs.mistral.ai/models/model-cards/mistral-medium-3-5-26-04",
    engine: "genai-prices",
    holds: ({ query }, _, ours) => query.model === "mistral-medium" && ours.priced && ours.model === "mistral-medium",
  },
  {
    name: "LiteLLM has a price by size for a model beyond all sizes",
    why: "a price for models of up to 176 billion parameters, at every service tier; genai-prices' row is taken, which has no tiers (the page, opened, has the sizes)",
    page: "https://fireworks.ai/pricing",
    engine: "LiteLLM",
    holds: ({ key }) => key === "fireworks_ai/accounts/fireworks/models/deepseek-v4-pro",
  },
  {
    name: "cache reads of Claude 3.5 Haiku on Vertex",
    why: "the sources differ on the model's price (data/prices/differences.md), and only genai-prices has one for cache reads: they cost what input does",
    page: "https://cloud.google.com/vertex-ai/generative-ai/pricing",
    engine: "genai-prices",
    holds: ({ key, query }) => key === "google/claude-3-5-haiku" && "cacheRead" in query.usage,
  },
  {
    name: "Perplexity's fee for a request",
    why: "it is by the size of the search's context; genai-prices says in its table that it has the highest, and has 12 dollars for sonar-reasoning where LiteLLM has 14, the dearer (unverified: stored copies of the page no longer have the model)",
    page: "https://docs.perplexity.ai/getting-started/pricing",
    engine: "genai-prices",
    holds: ({ key }) => key === "perplexity/sonar-reasoning",
  },
  {
    name: "DeepSeek's hours before they began",
    why: "genai-prices has no entry with both a day and hours, and says so in its table: calls of before 2026-08-17 within them get the later price there",
    page: "https://github.com/pydantic/genai-prices/issues/582",
    engine: "genai-prices",
    holds: ({ hourly, key, query }) => hourly && key.startsWith("deepseek/deepseek-v4") && query.at < new Date("2026-08-17") && isPeak(query.at),
  },
  {
    name: "DeepSeek's weekends",
    why: "genai-prices knows no days of the week, and says so in its table: within the peak hours of Saturdays and Sundays it has the price of the peak",
    page: "https://github.com/pydantic/genai-prices/issues/582",
    engine: "genai-prices",
    holds: ({ hourly, key, query }) => hourly && key.startsWith("deepseek/deepseek-v4") && [0, 6].includes(query.at.getUTCDay()) && isPeak(query.at),
  },
];

/** DeepSeek's peak: from 1 to 4 and from 6 to 10 o'clock, UTC. */
const isPeak = (at) => [[1, 4], [6, 10]].some(([from, to]) => at.getUTCHours() >= from && at.getUTCHours() < to);
