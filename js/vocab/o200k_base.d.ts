import type { Vocabulary } from "../vocabulary.js";

/** The vocabulary o200k_base, from npm tiktoken 1.0.22 (MIT). */
declare const packed: Vocabulary;
export default packed;
