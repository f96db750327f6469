// The ids of the vocabulary o200k_harmony, from npm tiktoken 1.0.22 (MIT).
export { default } from "./o200k_base-ids.js";
