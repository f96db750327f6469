// The ids of the vocabulary p50k_edit, from npm tiktoken 1.0.22 (MIT).
export { default } from "./p50k_base-ids.js";
