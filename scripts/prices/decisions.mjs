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
];

/** Differences decided by name: of which models, which source, why, and the provider's page. */
export const SETTLED = [];
