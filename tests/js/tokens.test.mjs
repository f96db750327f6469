// Tokens through the face. What npm `tiktoken` answers is in the fixture: scripts/eval/tokens.mjs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { ValidationError, countTokens, createTokenizer, encodingsOf, registerVocabulary } from "../../dist/index.js";
import { HARD, NAMED, randomTexts } from "../../scripts/eval/token-texts.mjs";

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url));
const fixture = JSON.parse(file("tests/fixtures/tokens.json"));
const NAMES = Object.keys(fixture.named);
const vocabulary = async (name) => (await import(`../../dist/vocab/${name}.js`)).default;
const ids = async (name) => (await import(`../../dist/vocab/${name}-ids.js`)).default;
const r50k = await vocabulary("r50k_base");

for (const name of NAMES) {
  test(`${name}: counts, ids and texts are those of the reference`, async () => {
    const tokenizer = createTokenizer(await vocabulary(name), await ids(name));
    assert.equal(tokenizer.name, name);
    assert.deepEqual(fixture.texts, NAMED);
    fixture.named[name].forEach((expected, index) => {
      const text = fixture.texts[index];
      assert.deepEqual(Array.from(tokenizer.encode(text)), expected, text);
      assert.equal(tokenizer.count(text), expected.length);
      assert.equal(tokenizer.decode(expected), text);
      assert.equal(tokenizer.split(text).join(""), text);
      assert.ok(tokenizer.split(text).length <= expected.length);
    });
    assert.deepEqual(tokenizer.countAll(fixture.texts), fixture.named[name].map((expected) => expected.length));
    for (const [what, make] of HARD) assert.equal(tokenizer.count(make(10_000)), fixture.hard[name][what], what);
  });
}

test("random texts, lone surrogates among them: all answers agree", async () => {
  const tokenizer = createTokenizer(await vocabulary("o200k_base"), await ids("o200k_base"));
  for (const text of randomTexts(2000, 11)) {
    const tokens = tokenizer.encode(text);
    assert.equal(tokenizer.count(text), tokens.length);
    assert.equal(tokenizer.countUpTo(text, 5), Math.min(tokens.length, 6));
    // A lone surrogate is U+FFFD to a provider, and to the count; parts of the text are the text's own.
    assert.equal(tokenizer.decode(tokens), text.toWellFormed?.() ?? new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(text)));
    assert.equal(tokenizer.split(text).join(""), text);
    const cut = tokenizer.truncate(text, 5);
    assert.ok(text.startsWith(cut) && tokenizer.count(cut) <= 5);
    assert.ok(cut === text || tokens.length > 5);
  }
});

test("a list that is counted again, with more and more texts in it", () => {
  const tokenizer = createTokenizer(r50k);
  const texts = Array.from(randomTexts(300, 3));
  const expected = texts.map((text) => tokenizer.count(text));
  for (let length = 0; length <= texts.length; length += 20) assert.deepEqual(tokenizer.countAll(texts.slice(0, length)), expected.slice(0, length));
  // More characters than are kept: what is forgotten is counted again.
  const long = Array.from({ length: 40 }, (_, index) => `${index} `.repeat(30_000));
  const counts = long.map((text) => tokenizer.count(text));
  for (let round = 0; round < 2; round += 1) assert.deepEqual(tokenizer.countAll([...long, ...texts, ...long]), [...counts, ...expected, ...counts]);
  const whole = "a ".repeat(2 ** 20);
  assert.deepEqual(tokenizer.countAll([whole, whole]), [tokenizer.count(whole), tokenizer.count(whole)]);
  assert.throws(() => tokenizer.countAll(["a", 1]), ValidationError);
});

test("texts of any length and width fit where the core reads them", () => {
  const tokenizer = createTokenizer(r50k);
  const one = tokenizer.count("\u4e2d");
  for (const length of [0, 1, 15, 16, 17, 1000, 100_000, 1, 3_000_000]) {
    assert.equal(tokenizer.count("\u4e2d\n".repeat(length)), length * (one + 1));
  }
  const texts = ["\u4e2d\n".repeat(50_000), "", "a", "\u4e2d\n".repeat(7)];
  assert.deepEqual(tokenizer.countAll(texts), texts.map((text) => tokenizer.count(text)));
  assert.deepEqual(tokenizer.countAll([]), []);
});

test("special tokens are texts, refused, or tokens", async () => {
  const tokenizer = createTokenizer(await vocabulary("o200k_harmony"), await ids("o200k_harmony"));
  const text = "<|start|>Hi<|end|>";
  assert.deepEqual(Array.from(tokenizer.encode(text, { special: "allow" })), [200006, 12194, 200007]);
  assert.equal(tokenizer.count(text, { special: "allow" }), 3);
  assert.deepEqual(tokenizer.split(text, { special: "allow" }), ["<|start|>", "Hi", "<|end|>"]);
  assert.equal(tokenizer.truncate(text, 2, { special: "allow" }), "<|start|>Hi");
  assert.deepEqual(Array.from(tokenizer.encode(text, { special: "text" })), Array.from(tokenizer.encode(text)));
  assert.equal(tokenizer.encode(text, { special: ["<|end|>"] }).at(-1), 200007);
  assert.throws(() => tokenizer.count(text, { special: "refuse" }), {
    name: "ValidationError",
    code: "invalid_input",
    message: "cannot read text: expected no special token, found <|start|> at byte 0",
  });
});

test("what is no option, text, limit, token or vocabulary is refused", () => {
  const tokenizer = createTokenizer(r50k);
  assert.throws(() => tokenizer.count("a", { specials: "text" }), { code: "unknown_option" });
  assert.throws(() => tokenizer.count("a", { special: "some" }), { code: "invalid_input" });
  assert.throws(() => tokenizer.count("a", { special: [1] }), { code: "invalid_input" });
  for (const text of [undefined, null, 1, {}, ["a"]]) {
    assert.throws(() => tokenizer.count(text), { message: "cannot read text: expected a string, found something else" });
    assert.throws(() => tokenizer.countAll([text]), { code: "invalid_input" });
    assert.throws(() => countTokens(text, "gpt-5"), { code: "invalid_input" });
  }
  for (const limit of [-1, Number.NaN, "1", undefined]) assert.throws(() => tokenizer.countUpTo("a", limit), { code: "invalid_input" });
  assert.equal(tokenizer.countUpTo("a b c", 0), 1);
  assert.equal(tokenizer.countUpTo("a b c", 2.5), 3);
  assert.equal(tokenizer.countUpTo("a b c", Infinity), 3);
  assert.equal(tokenizer.truncate("a b c", 0), "");
  assert.throws(() => tokenizer.encode("a"), { message: "cannot encode or decode: expected a vocabulary with ids, found one without" });
  for (const none of [undefined, null, {}, { name: "x" }, { name: "x", bytes: [1] }, "o200k_base"]) {
    assert.throws(() => createTokenizer(none), { code: "invalid_input" });
    assert.throws(() => registerVocabulary(none), { code: "invalid_input" });
  }
});

test("the raw bytes are the same vocabulary", async () => {
  for (const name of NAMES) {
    const bytes = (ending) => new Uint8Array(file(`dist/vocab/${name}${ending}.bin`));
    const tokenizer = createTokenizer({ name, bytes: bytes("") }, { bytes: bytes("-ids") });
    fixture.named[name].forEach((expected, index) => assert.deepEqual(Array.from(tokenizer.encode(fixture.texts[index])), expected));
  }
});

test("a damaged vocabulary is refused at its first use, with the place", async () => {
  const damaged = { ...r50k, text: r50k.text.slice(0, -1) };
  const tokenizer = createTokenizer(damaged);
  assert.throws(() => tokenizer.count("a"), { name: "ValidationError", message: /^cannot read (vocabulary|text form): expected .* at byte \d+/ });
  assert.throws(() => createTokenizer({ ...r50k, text: `${r50k.text}\u00e9` }).count("a"), { message: /at byte \d+, found another$/ });
  assert.throws(() => createTokenizer({ name: "r50k_base", bytes: new Uint8Array(3) }).count("a"), {
    message: "cannot read vocabulary: expected the packed form of this version at byte 0, found something else",
  });
  assert.throws(() => createTokenizer({ ...r50k, name: "gpt2" }).count("a"), {
    message: "cannot read vocabulary: expected an encoding that it has (r50k_base), found another name",
  });
  const others = await ids("cl100k_base");
  assert.throws(() => createTokenizer(r50k, others).count("a"), { message: /^cannot read ids of a vocabulary: expected the ids of this vocabulary at byte 8/ });
  // A tokenizer that failed leaves the others alone.
  assert.equal(createTokenizer(r50k).count("Hello, world!"), 4);
});

test("models without a registered vocabulary have an estimate, those with one a count", async () => {
  const text = "How many tokens is this? \u4e2d";
  for (const [model, method] of [
    ["davinci", "estimate:cl100k"],
    ["gpt-5", "estimate:o200k"],
    ["claude-sonnet-4-5", "estimate:claude"],
    ["claude-opus-4-7", "estimate:claude-4.7"],
    ["gemini-2.5-pro", "estimate:gemma"],
    ["grok-4", "estimate"],
    ["__proto__", "estimate"],
  ]) {
    const found = countTokens(text, model);
    assert.equal(found.method, method, model);
    assert.equal(found.exact, false);
    assert.ok(1 <= found.low && found.low <= found.tokens && found.tokens <= found.high && found.high <= Buffer.byteLength(text), model);
    assert.deepEqual(countTokens("", model), { tokens: 0, exact: false, low: 0, high: 0, method });
    assert.throws(() => countTokens(1, model), { message: "cannot read text: expected a string, found something else" });
  }
  registerVocabulary(r50k);
  const tokens = createTokenizer(r50k).count(text);
  assert.deepEqual(countTokens(text, "davinci"), { tokens, exact: true, low: tokens, high: tokens, method: "r50k_base" });
  assert.equal(countTokens(text, "gpt-5").exact, false);
  assert.equal(countTokens(text, "claude-sonnet-4-5").exact, false);
  assert.deepEqual(encodingsOf("openai/gpt-oss-120b"), ["o200k_harmony", "o200k_base"]);
  assert.deepEqual(encodingsOf("claude-sonnet-4-5"), []);
});

test("a vocabulary is loaded by the name of a model", async () => {
  const { loadVocabulary } = await import("../../dist/vocab-auto.js");
  assert.equal(await loadVocabulary("gpt-4-turbo"), "cl100k_base");
  assert.equal(countTokens("Hello, world!", "gpt-4-turbo").method, "cl100k_base");
  assert.equal(await loadVocabulary("gpt-oss-120b"), "o200k_harmony");
  // What splits alike counts for both.
  assert.deepEqual(countTokens("Hello, world!", "gpt-5"), { tokens: 4, exact: true, low: 4, high: 4, method: "o200k_harmony" });
  assert.equal(await loadVocabulary("o200k_base", { ids: true }), "o200k_base");
  for (const none of ["claude-sonnet-4-5", "", "__proto__", "constructor"]) assert.equal(await loadVocabulary(none), undefined);
});

test("a vocabulary is in the bundles that import it, and in no other", async () => {
  const bundled = async (contents) => {
    const { metafile } = await build({
      stdin: { contents, resolveDir: new URL("../..", import.meta.url).pathname },
      bundle: true,
      format: "esm",
      platform: "node",
      write: false,
      metafile: true,
      treeShaking: true,
    });
    const inputs = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
    return inputs.filter(([path, { bytesInOutput }]) => path.includes("/vocab/") && bytesInOutput > 0).map(([path]) => path.split("/").at(-1));
  };
  assert.deepEqual(await bundled('import { countTokens } from "./dist/index.js"; console.log(countTokens("a", "gpt-5"));'), []);
  const one = 'import { createTokenizer } from "./dist/index.js"; import v from "./dist/vocab/cl100k_base.js"; console.log(createTokenizer(v).count("a"));';
  assert.deepEqual(await bundled(one), ["cl100k_base.js"]);
});

test("the example does what it says", () => {
  const said = execFileSync(process.execPath, [fileURLToPath(new URL("../../examples/tokens/main.mjs", import.meta.url))], { encoding: "utf8" });
  assert.match(said, /^gpt-5, before: about \d+ tokens, at most \d+ \(exact: false\)$/m);
  assert.match(said, /^gpt-5, after: \d+ tokens by o200k_base \(exact: true\)$/m);
  assert.match(said, /^the request: 785 tokens \(exact: true\): {"messages":4,"system":5,"images":765,"framing":11}$/m);
  assert.match(said, /^for Claude: about \d+, \d+ to \d+$/m);
  assert.match(said, /and back: true$/m);
});
