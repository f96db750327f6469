// How each library counts the tokens of o200k_base, at its fastest; and the files that a page would have to load for it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const path = (name) => fileURLToPath(import.meta.resolve(name));
const dist = (name) => fileURLToPath(new URL(`../dist/${name}`, import.meta.url));

const package_ = (name, file) => path(name).replace(/[^/]*$/, file);

/** In a page and in a Worker. */
const ours = {
  conditions: ["workerd"],
  source: `import { createTokenizer } from ${JSON.stringify(dist("index.js"))};
import vocabulary from ${JSON.stringify(dist("vocab/o200k_base.js"))};
export async function load() {
  const tokenizer = createTokenizer(vocabulary);
  return (text) => tokenizer.count(text);
}`,
};

/** The same of a library of JavaScript alone: `program` exports what it is made of. */
const javascript = (program, load) => ({ source: `${program}\nexport async function load() {\n  ${load}\n}` });

/**
 * `{ load, assets, program, inHosts }`: makes a counting function in Node; what a page would have to load, as files and as a bundle; the
 * source of a module that exports `load` outside of Node, with the files it gets as functions of these names.
 */
export const PEERS = {
  tollgate: {
    async load() {
      const [{ createTokenizer }, { default: vocabulary }] = await Promise.all([import("../dist/index.js"), import("../dist/vocab/o200k_base.js")]);
      const tokenizer = createTokenizer(vocabulary);
      return (text) => tokenizer.count(text);
    },
    // Prices, budgets and guardrails among it.
    assets: () => [dist("vocab/o200k_base.js"), dist("wasm/core.wasm")],
    inHosts: ours,
  },
  "with an asset": {
    async load() {
      const { createTokenizer } = await import("../dist/index.js");
      const tokenizer = createTokenizer({ name: "o200k_base", bytes: readFileSync(dist("vocab/o200k_base.bin")) });
      return (text) => tokenizer.count(text);
    },
    assets: () => [dist("vocab/o200k_base.bin"), dist("wasm/core.wasm")],
    inHosts: {
      conditions: ["workerd"],
      files: { vocabulary: () => dist("vocab/o200k_base.bin") },
      source: `import { createTokenizer } from ${JSON.stringify(dist("index.js"))};
export async function load() {
  const tokenizer = createTokenizer({ name: "o200k_base", bytes: await vocabulary() });
  return (text) => tokenizer.count(text);
}`,
    },
  },
  hypertok: {
    async load() {
      const [{ fromBytes }, { vocabulary }] = await Promise.all([import("hypertok"), import("@hypertok/vocab-o200k")]);
      const tokenizer = await fromBytes(readFileSync(new URL(vocabulary)), { tier: "single" });
      return (text) => tokenizer.encodeSync(text).length;
    },
    assets: () => [package_("@hypertok/vocab-o200k", "vocab.htk"), package_("hypertok", "../wasm/single/hypertok_wasm_core_bg.wasm")],
    inHosts: {
      files: { vocabulary: () => package_("@hypertok/vocab-o200k", "vocab.htk"), code: () => package_("hypertok", "../wasm/single/hypertok_wasm_core_bg.wasm") },
      source: `import { fromBytes } from "hypertok";
export async function load() {
  const tokenizer = await fromBytes(await vocabulary(), { tier: "single", moduleSource: await code() });
  return (text) => tokenizer.encodeSync(text).length;
}`,
    },
  },
  tiktoken: {
    async load() {
      const tokenizer = require("tiktoken").get_encoding("o200k_base");
      return (text) => tokenizer.encode_ordinary(text).length;
    },
    assets: () => [require.resolve("tiktoken/encoders/o200k_base.json"), require.resolve("tiktoken/tiktoken_bg.wasm")],
    inHosts: {
      files: { code: () => require.resolve("tiktoken/lite/tiktoken_bg.wasm") },
      source: `import { Tiktoken, init } from "tiktoken/lite/init";
import { bpe_ranks, special_tokens, pat_str } from "tiktoken/encoders/o200k_base.json";
export async function load() {
  const module = await code();
  await init(async (imports) => new WebAssembly.Instance(module, imports));
  const tokenizer = new Tiktoken(bpe_ranks, special_tokens, pat_str);
  return (text) => tokenizer.encode_ordinary(text).length;
}`,
    },
  },
  "gpt-tokenizer": {
    async load() {
      const { countTokens } = await import("gpt-tokenizer/encoding/o200k_base");
      return (text) => countTokens(text);
    },
    program: 'export { countTokens } from "gpt-tokenizer/encoding/o200k_base";',
    inHosts: javascript('import { countTokens } from "gpt-tokenizer/encoding/o200k_base";', "return (text) => countTokens(text);"),
  },
  "ai-tokenizer": {
    async load() {
      const [{ default: Tokenizer }, encoding] = await Promise.all([import("ai-tokenizer"), import("ai-tokenizer/encoding/o200k_base")]);
      const tokenizer = new Tokenizer(encoding);
      return (text) => tokenizer.count(text);
    },
    program: 'export { default } from "ai-tokenizer"; export * from "ai-tokenizer/encoding/o200k_base";',
    inHosts: javascript(
      'import Tokenizer from "ai-tokenizer";\nimport * as encoding from "ai-tokenizer/encoding/o200k_base";',
      "const tokenizer = new Tokenizer(encoding);\n  return (text) => tokenizer.count(text);",
    ),
  },
  "js-tiktoken": {
    async load() {
      const [{ Tiktoken }, { default: ranks }] = await Promise.all([import("js-tiktoken/lite"), import("js-tiktoken/ranks/o200k_base")]);
      const tokenizer = new Tiktoken(ranks);
      return (text) => tokenizer.encode(text, [], []).length;
    },
    program: 'export { Tiktoken } from "js-tiktoken/lite"; export { default } from "js-tiktoken/ranks/o200k_base";',
    inHosts: javascript(
      'import { Tiktoken } from "js-tiktoken/lite";\nimport ranks from "js-tiktoken/ranks/o200k_base";',
      "const tokenizer = new Tiktoken(ranks);\n  return (text) => tokenizer.encode(text, [], []).length;",
    ),
  },
};
