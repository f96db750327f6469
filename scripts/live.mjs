// Real calls of the providers whose keys are in the environment, each plain and streamed, through the guarded fetch: what is counted
// here beside what the provider counts, and what a record costs beside the price of what the provider told (or what it says it cost).
// Each must agree within 5 %. A provider without its key is skipped, by name. Costs well under a cent.
//
// OPENAI_API_KEY, ANTHROPIC_API_KEY, GEMINI_API_KEY, OPENROUTER_API_KEY, and AZURE_OPENAI_API_KEY with AZURE_OPENAI_ENDPOINT and
// AZURE_OPENAI_DEPLOYMENT. <NAME>_BASE_URL says where, <NAME>_MODEL which model.
import { BudgetManager, PriceBook, countAnthropicTokens, countRequestTokens, createGuardedFetch, defaultEngine, extractUsage, registerVocabulary } from "../dist/index.js";
import o200k from "../dist/vocab/o200k_base.js";

const WITHIN = 0.05;
// Long enough that a few tokens around it are no twentieth.
const PROMPT = `${"The harbour froze in the winter of 1709, and the ships lay still until the thaw came late in March. ".repeat(12)}\nSay in one sentence when the thaw came.`;
const messages = [{ role: "user", content: PROMPT }];

const chat = (model, maximum = "max_completion_tokens") => ({ model, messages, [maximum]: 300 });
const streamed = { stream: true, stream_options: { include_usage: true } };

/** Each provider: the variable with its key, and how it is asked. */
const PROVIDERS = [
  {
    name: "OpenAI",
    key: "OPENAI_API_KEY",
    base: "https://api.openai.com/v1",
    model: "gpt-4o-mini",
    provider: "openai",
    ask: (base, key, model) => [`${base}/chat/completions`, { authorization: `Bearer ${key}` }, chat(model), streamed],
  },
  {
    name: "OpenAI responses",
    key: "OPENAI_API_KEY",
    base: "https://api.openai.com/v1",
    model: "gpt-4o-mini",
    provider: "openai",
    ask: (base, key, model) => [`${base}/responses`, { authorization: `Bearer ${key}` }, { model, input: PROMPT, max_output_tokens: 300, store: false }, { stream: true }],
  },
  {
    name: "Anthropic",
    key: "ANTHROPIC_API_KEY",
    base: "https://api.anthropic.com",
    model: "claude-haiku-4-5",
    provider: "anthropic",
    ask: (base, key, model) => [`${base}/v1/messages`, { "x-api-key": key, "anthropic-version": "2023-06-01" }, chat(model, "max_tokens"), { stream: true }],
    // Its own endpoint: no vocabulary of its models is public.
    count: async (body, base, apiKey) => (await countAnthropicTokens(body, { apiKey, baseURL: base })).tokens,
  },
  {
    name: "Gemini",
    key: "GEMINI_API_KEY",
    base: "https://generativelanguage.googleapis.com/v1beta",
    model: "gemini-2.5-flash-lite",
    provider: "google",
    ask: (base, key, model) => [
      `${base}/models/${model}:generateContent`,
      { "x-goog-api-key": key },
      { contents: [{ role: "user", parts: [{ text: PROMPT }] }], generationConfig: { maxOutputTokens: 300 } },
      {},
      `${base}/models/${model}:streamGenerateContent?alt=sse`,
    ],
  },
  {
    name: "OpenRouter",
    key: "OPENROUTER_API_KEY",
    base: "https://openrouter.ai/api/v1",
    model: "openai/gpt-4o-mini",
    provider: "openrouter",
    ask: (base, key, model) => [`${base}/chat/completions`, { authorization: `Bearer ${key}` }, { ...chat(model, "max_tokens"), usage: { include: true } }, streamed],
  },
  {
    name: "Azure OpenAI",
    key: "AZURE_OPENAI_API_KEY",
    needs: ["AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_DEPLOYMENT"],
    model: "gpt-4o-mini",
    provider: "azure-openai",
    ask: (_base, key, model, env) => [
      `${env.AZURE_OPENAI_ENDPOINT.replace(/\/+$/, "")}/openai/deployments/${env.AZURE_OPENAI_DEPLOYMENT}/chat/completions?api-version=2024-10-21`,
      { "api-key": key },
      chat(model),
      streamed,
    ],
  },
];

registerVocabulary(o200k);
const book = PriceBook.bundled();
let failed = 0;
for (const entry of PROVIDERS) {
  const missing = [entry.key, ...(entry.needs ?? [])].filter((name) => !process.env[name]);
  if (missing.length > 0) {
    console.log(`skipped  ${entry.name}: no ${missing.join(", ")} in the environment`);
    continue;
  }
  for (const kind of ["plain", "streamed"]) {
    try {
      console.log(`passed   ${entry.name}, ${kind}: ${await check(entry, kind === "streamed")}`);
    } catch (error) {
      failed += 1;
      console.log(`failed   ${entry.name}, ${kind}: ${error.message}`);
    }
  }
}
process.exitCode = failed === 0 ? 0 : 1;

/** Calls, and compares; says what was found. */
async function check({ key, base, model, provider, ask, count }, stream) {
  const { env } = process;
  const prefix = key.slice(0, -"_API_KEY".length);
  const at = (env[`${prefix}_BASE_URL`] ?? base)?.replace(/\/+$/, "");
  const asked = env[`${prefix}_MODEL`] ?? model;
  const [url, headers, plain, more, streamUrl] = ask(at, env[key], asked, env);
  const body = stream ? { ...plain, ...more } : plain;

  const budgetManager = new BudgetManager();
  const { id } = budgetManager.createBudget({ name: "live", limit: "0.05", period: "total", action: "block" });
  let told;
  const record = new Promise((resolve) => (told = resolve));
  const deployments = env.AZURE_OPENAI_DEPLOYMENT === undefined ? {} : { [env.AZURE_OPENAI_DEPLOYMENT]: asked };
  const fetch = createGuardedFetch({ budgetManager, guardrailEngine: defaultEngine("permissive"), provider, deployments, onRecord: told, timeout: 60_000 });
  const response = await fetch(stream && streamUrl ? streamUrl : url, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) });
  const text = await response.text();
  // Errors of a provider may repeat a key.
  if (!response.ok) throw new Error(`expected an answer, found status ${response.status}: ${text.replaceAll(env[key], "...").slice(0, 200)}`);
  const spent = await record;

  const usage = extractUsage(text, provider);
  if (usage === undefined) throw new Error("expected a usage in the answer, found none");
  const { input = 0, cacheRead = 0, cacheWrite = 0, cacheWrite1h = 0 } = usage.usage;
  const sent = input + cacheRead + cacheWrite + cacheWrite1h;
  const counted = count === undefined ? countRequestTokens({ ...plain, model: asked }, provider).tokens : await count(plain, at, env[key]);
  near("input tokens", counted, sent);
  const output = spent.actualTokens.outputTokens;
  near("output tokens", output, usage.usage.output);

  const price = book.price({ model: usage.model ?? asked, provider, usage: usage.usage });
  const cost = usage.reportedCost ?? (price.priced ? price.usd : book.price({ model: asked, provider, usage: usage.usage }).usd);
  if (cost === undefined) throw new Error(`expected a price of ${asked}, found none`);
  near("cost", Number(spent.usd), Number(cost));
  const { spentUsd, heldUsd } = await budgetManager.getBudgetStatus(id);
  if (spentUsd !== spent.usd || heldUsd !== "0") throw new Error(`expected the budget to have spent ${spent.usd}, found ${spentUsd} spent and ${heldUsd} held`);
  return `${counted} input tokens counted, ${sent} told; ${output} output; $${spent.usd} recorded, $${cost} ${usage.reportedCost === undefined ? "by the told usage" : "told"}`;
}

function near(what, ours, theirs) {
  if (Math.abs(ours - theirs) > WITHIN * theirs) throw new Error(`expected ${what} within ${100 * WITHIN} % of ${theirs}, found ${ours}`);
}
