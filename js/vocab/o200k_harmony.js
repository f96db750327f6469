// The vocabulary o200k_harmony, from npm tiktoken 1.0.22 (MIT).
import base from "./o200k_base.js";

export default { ...base, name: "o200k_harmony" };
