// The units of src/usage.rs that a price row may have a rate for: the tag of each in the packed book (the other half of
// this table is in src/catalog/read.rs), and what one rate is for.

const M = 1_000_000;

/** Unit to [tag, units that a rate is for], in the order in which rates are written. */
export const UNITS = {
  input: ["i", M],
  cacheRead: ["r", M],
  cacheWrite: ["w", M],
  cacheWrite1h: ["W", M],
  inputAudio: ["a", M],
  cacheReadAudio: ["A", M],
  inputImage: ["g", M],
  output: ["o", M],
  reasoningOutside: ["t", M],
  citation: ["n", M],
  outputAudio: ["b", M],
  outputImage: ["p", M],
  images: ["x", 1],
  audioSeconds: ["y", 1],
  webSearches: ["e", 1],
  fileSearches: ["l", 1],
  requests: ["q", 1],
};

/** The same rates in the order of the table. */
export function inOrder(rates) {
  return Object.fromEntries(Object.keys(UNITS).filter((unit) => rates[unit] !== undefined).map((unit) => [unit, rates[unit]]));
}

/** The providers of this book, first parties before resellers: the order decides what a bare model name means. */
export const PROVIDERS = {
  openai: [],
  anthropic: [],
  google: ["gemini"],
  mistral: ["mistralai"],
  cohere: ["cohere_chat"],
  xai: ["x-ai"],
  deepseek: ["deepseek-ai"],
  "azure-openai": ["azure", "azure_openai"],
};
