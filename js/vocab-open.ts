/**
 * Vocabularies out of the files that models are published with: Hugging Face's `tokenizer.json`, `.tiktoken`, Mistral's
 * `tekken.json`.
 *
 * ```ts
 * import { readTokenizerJson } from "tollgate/vocab/open";
 * import { registerVocabulary } from "tollgate";
 *
 * const { vocabulary, ids } = readTokenizerJson(file, { name: "llama3" });
 * registerVocabulary(vocabulary, ids);
 * ```
 *
 * @module
 */
export type { OpenVocabulary } from "./open/build.js";
export { type TiktokenOptions, readTekken, readTiktoken } from "./open/tiktoken.js";
export { readTokenizerJson } from "./open/tokenizer-json.js";
