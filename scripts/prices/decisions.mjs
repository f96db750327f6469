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
    provider: "openai",
    models: /^gpt-4o-mini-tts/,
    taken: "litellm",
    why: "what this model puts out is audio, which genai-prices files under output and LiteLLM under outputAudio, at the same price",
    url: "https://developers.openai.com/api/docs/pricing",
  },
];
