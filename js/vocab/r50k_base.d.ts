import type { Vocabulary } from "../vocabulary.js";

/** The vocabulary r50k_base, from npm tiktoken 1.0.22 (MIT). */
declare const packed: Vocabulary;
export default packed;
