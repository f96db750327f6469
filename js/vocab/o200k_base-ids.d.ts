import type { VocabularyIds } from "../vocabulary.js";

/** The ids of the vocabulary o200k_base, from npm tiktoken 1.0.22 (MIT). */
declare const packed: VocabularyIds;
export default packed;
