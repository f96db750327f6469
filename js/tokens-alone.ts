/**
 * Tokens alone: what `tollgate` has for counting texts, over a WebAssembly module that can do nothing else. It starts in a fraction of
 * the time and memory.
 *
 * ```ts
 * import { createTokenizer } from "tollgate/tokens";
 * import o200k from "tollgate/vocab/o200k_base";
 *
 * createTokenizer(o200k).count("How many tokens is this?"); // 6
 * ```
 *
 * It shares nothing with `tollgate` but the classes of errors: what is registered here is not registered there.
 *
 * @module
 */
export { TollgateError, ValidationError } from "./errors.js";
export { countTokens, createTokenizer, encodingsOf, registerVocabulary } from "./tokens.js";
export type { SpecialTokens, TokenCount, Tokenizer, TokenizerOptions } from "./types.js";
export type { PackedText, Vocabulary, VocabularyIds } from "./vocabulary.js";
