// Differences from other engines, each with a decision and the page that it rests on.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../../lib/run.mjs";

/** `{ name, why, page }` for a difference that has one. */
export function decide(engine, one, theirs, ours) {
  return DECISIONS.find((decision) => decision.engine === engine && decision.holds(one, theirs, ours)) ?? sourced(ours);
}

/** The models whose rates the two sources state differently, and what was taken: the report that the price book comes with. */
const REPORT = new Map(
  readFileSync(join(ROOT, "data/prices/differences.md"), "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter((cells) => cells.length === 9 && /^(litellm|genai)/.test(cells[5]))
    .map(([, model, , , , , why, page]) => [model, { name: "the sources differ (data/prices/differences.md)", why, page }]),
);

const sourced = (ours) => (ours.priced ? REPORT.get(`${ours.provider}/${ours.model}`) : undefined);

const DECISIONS = [
  {
    name: "LiteLLM's calculator of Fireworks has no service tiers",
    why: "its table has priority rates for the model, and fireworks_ai_cost_per_token is not told the tier; the table's rates are taken",
    page: "https://docs.fireworks.ai/guides/serverless-priority",
    engine: "LiteLLM",
    holds: ({ ask }) => ask.provider === "fireworks_ai" && ask.serviceTier !== undefined,
  },
  {
    name: "LiteLLM's calculator of Perplexity reads neither cache nor context tiers",
    why: "its table has those rates for the model, and perplexity_cost_per_token multiplies all input by the plain rate; the table's rates are taken",
    page: "https://docs.perplexity.ai/getting-started/pricing",
    engine: "LiteLLM",
    holds: ({ ask }) => ask.provider === "perplexity",
  },
];
