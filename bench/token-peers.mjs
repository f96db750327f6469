// How each library counts the tokens of o200k_base, at its fastest; and the files that a page would have to load for it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const path = (name) => fileURLToPath(import.meta.resolve(name));
const dist = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

/** `{ load, assets }`: makes a counting function; files beside the bundle of `program`. */
export const PEERS = {
  tollgate: {
    async load() {
      const [{ createTokenizer }, { default: vocabulary }] = await Promise.all([import("../dist/index.js"), import("../dist/vocab/o200k_base.js")]);
      const tokenizer = createTokenizer(vocabulary);
      return (text) => tokenizer.count(text);
    },
    // Without the module: it carries prices, budgets and guardrails, too. What the token code is of it stands in docs/tokens.md.
    assets: () => [dist("vocab/o200k_base.js")],
  },
  "tollgate (asset)": {
    async load() {
      const { createTokenizer } = await import("../dist/index.js");
      const tokenizer = createTokenizer({ name: "o200k_base", bytes: readFileSync(dist("vocab/o200k_base.bin")) });
      return (text) => tokenizer.count(text);
    },
    assets: () => [dist("vocab/o200k_base.bin")],
  },
  hypertok: {
    async load() {
      const [{ fromBytes }, { vocabulary }] = await Promise.all([import("hypertok"), import("@hypertok/vocab-o200k")]);
      const tokenizer = await fromBytes(readFileSync(new URL(vocabulary)), { tier: "single" });
      return (text) => tokenizer.encodeSync(text).length;
    },
    assets: () => [path("@hypertok/vocab-o200k").replace(/[^/]*$/, "vocab.htk"), path("hypertok").replace(/src\/[^/]*$/, "wasm/single/hypertok_wasm_core_bg.wasm")],
  },
  tiktoken: {
    async load() {
      const tokenizer = require("tiktoken").get_encoding("o200k_base");
      return (text) => tokenizer.encode_ordinary(text).length;
    },
    assets: () => [require.resolve("tiktoken/encoders/o200k_base.json"), require.resolve("tiktoken/tiktoken_bg.wasm")],
  },
  "gpt-tokenizer": {
    async load() {
      const { countTokens } = await import("gpt-tokenizer/encoding/o200k_base");
      return (text) => countTokens(text);
    },
    program: 'export { countTokens } from "gpt-tokenizer/encoding/o200k_base";',
  },
  "ai-tokenizer": {
    async load() {
      const [{ default: Tokenizer }, encoding] = await Promise.all([import("ai-tokenizer"), import("ai-tokenizer/encoding/o200k_base")]);
      const tokenizer = new Tokenizer(encoding);
      return (text) => tokenizer.count(text);
    },
    program: 'export { default } from "ai-tokenizer"; export * from "ai-tokenizer/encoding/o200k_base";',
  },
  "js-tiktoken": {
    async load() {
      const [{ Tiktoken }, { default: ranks }] = await Promise.all([import("js-tiktoken/lite"), import("js-tiktoken/ranks/o200k_base")]);
      const tokenizer = new Tiktoken(ranks);
      return (text) => tokenizer.encode(text, [], []).length;
    },
    program: 'export { Tiktoken } from "js-tiktoken/lite"; export { default } from "js-tiktoken/ranks/o200k_base";',
  },
};
