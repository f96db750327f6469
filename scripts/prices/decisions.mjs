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

/**
 * Differences decided by name: of which models, which source, why, and the provider's page. "Stored copy" is what a page said when an
 * archive last read it, in autumn 2026; where there is none to be had, the decision says so.
 */
export const SETTLED = [
  {
    provider: "azure-openai",
    models: /^text-embedding-3-large$/,
    taken: "litellm",
    why: "the dearer (unverified: a script fills in the page's prices, and its stored copies have none)",
    url: "https://azure.microsoft.com/en-us/pricing/details/azure-openai/",
  },
  {
    provider: "bigmodel",
    models: /^glm-5\.3$/,
    taken: "litellm",
    why: "a stored copy of the page has 8, 2 and 28 yuan; LiteLLM has them at 7 yuan a dollar, genai-prices at 7.25: the dearer is taken",
    url: "https://docs.bigmodel.cn/cn/guide/start/pricing",
  },
  {
    provider: "bigmodel",
    models: /^glm-5\.3-flash$/,
    taken: "litellm",
    why: "a stored copy of the page lists 0.8, 0.23 and 2.8 yuan, which LiteLLM has at 7 yuan a dollar, and half of that until 2026-09-09, which genai-prices has",
    url: "https://docs.bigmodel.cn/cn/guide/start/pricing",
  },
  {
    provider: "deepseek",
    models: /^deepseek-(chat|reasoner)$/,
    taken: "litellm",
    why: "stored copies of the page no longer have the name; an older page has genai-prices' figures, which V3 and R1 cost, and no copy was to be had of one with LiteLLM's, which are later",
    url: "https://api-docs.deepseek.com/quick_start/pricing",
  },
  {
    provider: "deepseek",
    models: /^deepseek-v4-flash$/,
    taken: "litellm",
    why: "a stored copy of the page bills the name as deepseek-flash, at these prices; genai-prices has those of the version before, which an earlier copy has",
    url: "https://api-docs.deepseek.com/quick_start/pricing",
  },
  {
    provider: "fireworks",
    models: /\/gpt-oss-120b$/,
    taken: "litellm",
    why: "a stored copy of the page has 0.015 for cached input",
    url: "https://docs.fireworks.ai/serverless/pricing",
  },
  {
    provider: "fireworks",
    models: /\/kimi-k3-us$/,
    taken: "litellm",
    why: "the dearer (unverified: stored copies of the page are older than the model)",
    url: "https://docs.fireworks.ai/serverless/pricing",
  },
  {
    provider: "github-copilot",
    models: /^claude-fable-5\.1$/,
    taken: "litellm",
    why: "a stored copy of Anthropic's own page has 0.25 for its cache hits, and 1 for those of Fable 5, as genai-prices has; stored copies of the provider's table are older than the model",
    url: "https://platform.claude.com/docs/en/about-claude/pricing",
  },
  {
    provider: "mistral",
    models: /^mistral-small-latest$/,
    taken: "litellm",
    why: "the dearer, and models.dev has the same for Small 4 (unverified: no stored copy of the page was to be had)",
    url: "https://docs.mistral.ai/models/model-cards/mistral-small-4-0-26-03",
  },
  {
    provider: "together",
    models: /\/Llama-3\.3-70B-Instruct-Turbo$/,
    taken: "litellm",
    why: "the dearer (unverified: stored copies of the catalogue were cut before its prices)",
    url: "https://docs.together.ai/docs/serverless/models",
  },
  {
    provider: "together",
    models: /Mixtral-8x7B/,
    taken: "litellm",
    why: "its row names the provider's list; genai-prices has what a list of January 2024 has for Mixtral 8x7B (unverified: stored copies of the catalogue were cut before its prices)",
    url: "https://docs.together.ai/docs/serverless/models",
  },
  {
    provider: "xai",
    models: /^grok-4\.20-multi-agent$/,
    taken: "litellm",
    why: "a stored copy of the page has 1.25 and 2.50 for grok-4.20-multi-agent-0309; an earlier one has 2 and 6, as genai-prices",
    url: "https://docs.x.ai/developers/pricing",
  },
  {
    provider: "xai",
    models: /^grok-code-fast-1$/,
    taken: "litellm",
    why: "the dearer (unverified: stored copies of the page no longer have the model)",
    url: "https://docs.x.ai/developers/pricing",
  },
  {
    provider: "zai",
    models: /^glm-5\.3-flash$/,
    taken: "litellm",
    why: "twice genai-prices' figures, the price of an offer that at BigModel ended on 2026-09-09; the dearer (unverified: no stored copy of this page was to be had)",
    url: "https://docs.z.ai/guides/overview/pricing",
  },
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
    why: "the first price, which Anthropic cut a month later for itself, and the dearer: a budget must not be passed (unverified: no stored copy of Vertex's page with the model was to be had)",
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
