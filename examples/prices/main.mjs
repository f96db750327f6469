// What a call costs at everybody who sells a model: the full book, a cost taken apart, and what a request may cost at most.
import full from "tollgate/prices/full";

const model = "meta-llama/Llama-3.3-70B-Instruct";
const usage = { input: 200_000, output: 20_000 };

console.log(`${full.size} models. ${model}, 200,000 tokens in and 20,000 out:`);
const offers = ["deepinfra", "novita", "hyperbolic", "nebius", "sambanova"].flatMap((provider) => {
  const cost = full.price({ provider, model, usage });
  // A seller that has no price for it is not asked for one: nothing is guessed.
  return cost.priced ? [{ provider, usd: cost.usd, source: cost.source.url || cost.source.name }] : [];
});
for (const { provider, usd, source } of offers.sort((a, b) => Number(a.usd) - Number(b.usd))) console.log(`  ${provider.padEnd(12)} $${usd.padEnd(10)} ${source}`);

const long = full.price({ model: "gpt-5.6-sol", usage: { input: 100_000, cacheRead: 200_000, output: 2_000 }, serviceTier: "flex", region: "eu" });
if (long.priced) {
  console.log(`\n${long.model} with a long context, flex, in the EU: $${long.usd}`);
  for (const { unit, quantity, ratePerMillion, usd } of long.items) console.log(`  ${String(quantity).padStart(8)} ${unit.padEnd(10)} at $${ratePerMillion} a million: $${usd}`);
  for (const { message } of long.warnings) console.log(`  note: ${message}`);
}

const month = full.price({ model: "gemini-2.5-pro", usage: { input: 90_000_000, output: 4_000_000 }, aggregated: true });
if (month.priced) console.log(`\nA month of ${month.model}, summed: $${month.low} to $${month.high}, by how many calls had a long context`);

const bound = full.upperBound({ model: "claude-sonnet-4-5", max_tokens: 500, messages: [{ role: "user", content: "Name three rivers." }] });
if (bound.priced) console.log(`\nA question to ${bound.model} costs at most $${bound.usd}:\n  ${bound.assumptions.join("\n  ")}`);
