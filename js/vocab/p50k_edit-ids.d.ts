import type { VocabularyIds } from "../vocabulary.js";

/** The ids of the vocabulary p50k_edit, from npm tiktoken 1.0.22 (MIT). */
declare const packed: VocabularyIds;
export default packed;
