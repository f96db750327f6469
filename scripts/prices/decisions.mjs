// Where a source is wrong, or the sources differ and the rules in merge.mjs do not decide well: what is taken, and why.

/** Corrections. Each is applied by hand-written name and fails when it no longer applies. */
export const DECISIONS = [
  {
    provider: "cohere",
    model: "embed-multilingual-light-v3.0",
    source: "litellm",
    published: { input: "100" },
    taken: { input: "0.1" },
    why: "a slip by a thousand: every other Embed 3 model costs 0.10 a million (https://cohere.com/pricing)",
  },
  {
    provider: "openai",
    model: "gpt-4o-transcribe",
    source: "litellm",
    published: { inputAudio: "2.5" },
    taken: { inputAudio: "6" },
    why: "repeats the price of text; genai-prices has that of audio, and it is the dearer (https://developers.openai.com/api/docs/pricing)",
  },
  {
    provider: "openai",
    model: "gpt-4o-mini-transcribe",
    source: "litellm",
    published: { inputAudio: "1.25" },
    taken: { inputAudio: "3" },
    why: "repeats the price of text; genai-prices has that of audio, and it is the dearer (https://developers.openai.com/api/docs/pricing)",
  },
];

/** Differences decided by name: of which models, which source, why, and the provider's page. */
export const SETTLED = [
  {
    provider: "ovhcloud",
    models: /./,
    taken: "genai-prices",
    why: "the page's prices are euros, and LiteLLM's row has them as dollars; genai-prices is dearer by about the rate of exchange",
    url: "https://www.ovhcloud.com/en/public-cloud/ai-endpoints/catalog/",
  },
  {
    provider: "cloudflare",
    models: /llama-2-7b-chat-fp16$|mistral-7b-instruct-v0\.1$/,
    taken: "genai-prices",
    why: "LiteLLM has one price for input and output of both; the provider's table has two, as here",
    url: "https://developers.cloudflare.com/workers-ai/platform/pricing/",
  },
  {
    provider: "fireworks",
    models: /llama-v3p1-8b-instruct$/,
    taken: "genai-prices",
    why: "the page has 0.20 for models of up to 16 billion parameters",
    url: "https://fireworks.ai/pricing",
  },
  {
    provider: "fireworks",
    models: /gemma-3-27b-it$/,
    taken: "litellm",
    why: "the page has 0.90 for models of 16.1 to 80 billion parameters",
    url: "https://fireworks.ai/pricing",
  },
  {
    provider: "fireworks",
    models: /\/deepseek-v4-pro$/,
    taken: "genai-prices",
    why: "LiteLLM has the page's price by size for models of up to 176 billion parameters, of which this has ten times as many; genai-prices is the dearer",
    url: "https://fireworks.ai/pricing",
  },
  {
    provider: "vertex",
    models: /^claude-3-5-haiku/,
    taken: "litellm",
    why: "the first price, which Anthropic cut a month later for itself, and the dearer: a budget must not be passed (unverified: Vertex's page was not opened)",
    url: "https://cloud.google.com/vertex-ai/generative-ai/pricing",
  },
  {
    provider: "openai",
    models: /^gpt-4o-mini-tts/,
    taken: "litellm",
    why: "what this model puts out is audio, which genai-prices files under output and LiteLLM under outputAudio, at the same price",
    url: "https://developers.openai.com/api/docs/pricing",
  },
];

/** Context tiers that only one source has, decided by name. */
export const CONTEXTS = [
  {
    provider: "anthropic",
    models: /^claude-sonnet-4-5/,
    taken: "genai-prices",
    why: "what requests of more than 200,000 tokens cost until that beta ended on 2026-04-30 and they became errors; old calls keep it",
    url: "https://platform.claude.com/docs/en/release-notes/overview",
  },
  {
    provider: "vertex",
    models: /^claude-(opus|sonnet)-4-6/,
    taken: "litellm",
    why: "since 2026-03-13 the whole context has one price, on Vertex too; genai-prices has that for Anthropic's own and not here",
    url: "https://platform.claude.com/docs/en/about-claude/pricing",
  },
];

/** Fees of tools of which each source has one of two. */
export const TOOLS = [
  {
    provider: "openai",
    models: /^gpt-4(o|o-mini|\.1|\.1-mini)(-\d{4}-\d{2}-\d{2})?$/,
    genaiPrices: "0.01",
    rates: { webSearches: "0.01", "webSearches:preview": "0.025" },
    why: "the page has both: 10 dollars for a thousand calls of web_search, 25 for web_search_preview of models that do not reason",
    url: "https://developers.openai.com/api/docs/pricing",
  },
];
