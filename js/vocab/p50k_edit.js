// The vocabulary p50k_edit, from npm tiktoken 1.0.22 (MIT).
import base from "./p50k_base.js";

export default { ...base, name: "p50k_edit" };
