// Vocabularies out of the files of others: small ones made here, and what ships of the large ones. What the tokenizers that they
// are published for answer is in the fixture: scripts/eval/tokens.mjs --open.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ValidationError, countTokens, createTokenizer, registerVocabulary } from "../../dist/index.js";
import { readTekken, readTiktoken, readTokenizerJson } from "../../dist/vocab-open.js";
import { loadVocabulary } from "../../dist/vocab-auto.js";

const fixture = JSON.parse(readFileSync(new URL("../fixtures/tokens-open.json", import.meta.url)));
const LLAMA3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** GPT-2's alphabet of bytes, made anew. */
const ALPHABET = (() => {
  const all = [];
  let others = 256;
  for (let byte = 0; byte < 256; byte += 1) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    all.push(String.fromCharCode(printable ? byte : others++));
  }
  return all;
})();

/** A tokenizer.json of these merges, with tokens beside those that they make. */
function file(merges, { model = {}, more = [], ...rest } = {}) {
  const tokens = [...ALPHABET, ...new Set([...merges.map((merge) => merge.split(" ").join("")), ...more])];
  return JSON.stringify({
    version: "1.0",
    added_tokens: [{ id: 1000, content: "<|end|>", special: true }, { id: 1001, content: "<|end|>!", special: false }],
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "Split", pattern: { Regex: LLAMA3 }, behavior: "Isolated", invert: false },
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    model: { type: "BPE", vocab: Object.fromEntries(tokens.map((token, id) => [token, id])), merges, ...model },
    ...rest,
  });
}

const read = (...parameters) => {
  const { vocabulary, ids } = readTokenizerJson(file(...parameters), { name: "small" });
  return createTokenizer(vocabulary, ids);
};

/** Byte-pair encoding as it is told: the lowest pair, the leftmost first, again and again. */
function told(piece, merges) {
  let parts = [...piece];
  const rank = new Map(merges.map((merge, index) => [merge, index]));
  for (;;) {
    let best;
    for (let at = 0; at + 1 < parts.length; at += 1) {
      const found = rank.get(`${parts[at]} ${parts[at + 1]}`);
      if (found !== undefined && (best === undefined || found < best.found)) best = { found, at };
    }
    if (best === undefined) return parts;
    parts.splice(best.at, 2, parts[best.at] + parts[best.at + 1]);
  }
}

test("a tokenizer.json: merges in their order, special tokens, ids and texts", () => {
  const tokenizer = read(["a b", "b c", "ab c", "\u0120 ab", "\u0120 abc"]);
  assert.deepEqual(tokenizer.split("abc abc bc"), ["abc", " abc", " ", "bc"]);
  assert.equal(tokenizer.count("x<|end|>!"), 9);
  assert.deepEqual(Array.from(tokenizer.encode("a<|end|>!b<|end|>?", { special: "allow" })), [97, 1001, 98, 1000, 63].map((id) => (id < 256 ? ALPHABET.indexOf(String.fromCharCode(id)) : id)));
  assert.equal(tokenizer.decode(tokenizer.encode("a \u4e2d<|end|>", { special: "allow" })), "a \u4e2d<|end|>");
});

test("merges that make pairs which merge earlier: pieces of every length are as told", () => {
  // "abc" and "cab" come before "ab" and "ca" that they are made of; which of them is made depends on what is on the left.
  const merges = ["ab c", "c ab", "abc abc", "a b", "b b", "bb bb", "abc d", "bbbb a"];
  const tokenizer = read(merges);
  let state = 7;
  const next = (below) => ((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) * below) / 2 ** 32;
  for (const length of [1, 2, 5, 20, 100, 254, 255, 256, 257, 300, 600]) {
    for (let round = 0; round < 20; round += 1) {
      const piece = Array.from({ length }, () => "aabbccabd"[Math.floor(next(9))]).join("");
      assert.deepEqual(tokenizer.split(piece), told(piece, merges), piece);
      assert.equal(tokenizer.count(piece), tokenizer.split(piece).length);
    }
  }
});

test("of several pairs that give a token only the one that makes it counts", () => {
  // "abc" is made of "ab" and "c": "bc" is never there when "a" is before it.
  const merges = ["a b", "a bc", "b c", "ab c"];
  const tokenizer = read(merges);
  for (const piece of ["abc", "bc", "abcbc", "aabcab"]) assert.deepEqual(tokenizer.split(piece), told(piece, merges), piece);
});

test("whole pieces that no merge makes are tokens where the file says so", () => {
  assert.deepEqual(read(["a b"], { more: ["xyz"], model: { ignore_merges: true } }).split("xyz xyz ab"), ["xyz", " ", "x", "y", "z", " ", "ab"]);
  const without = read(["a b"], { more: ["xyz"] });
  assert.deepEqual(without.split("xyz"), ["x", "y", "z"]);
  assert.equal(without.decode([257]), "xyz");
});

/** A tokenizer.json of characters, with a token for every byte: as SentencePiece's models come. */
function characters(chars, merges, rest = {}) {
  const bytes = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);
  const tokens = ["<pad>", "<bos>", ...bytes, ...chars, ...new Set(merges.map((merge) => merge.split(" ").join("")))];
  const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
  const replace = { type: "Replace", pattern: { String: " " }, content: "\u2581" };
  return {
    vocab,
    json: JSON.stringify({
      added_tokens: [{ id: 0, content: "<pad>", special: true }, { id: 1, content: "<bos>", special: true }],
      normalizer: replace,
      pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
      model: { type: "BPE", byte_fallback: true, fuse_unk: true, unk_token: "<unk>", vocab, merges },
      ...rest,
    }),
  };
}

test("SentencePiece: characters, bytes where a character is no token, spaces inside of tokens", () => {
  // Others than these share their first bytes with \u00e9, \u4e2d and \u{1f600}. One token has a space inside.
  const merges = ["\u2581 a", "a b", "\u2581 \u2581", "\u2581a b", "\u00e9 a", "\u4e2d \u4e2d", "\u2581 <", "> \u2581<", "b \u00e9", "\u2581\u2581 \u2581\u2581", "\u{1f600} a"];
  const { vocab, json } = characters(["a", "b", "\u2581", "<", ">", "\u00e9", "\u4e2d", "\u{1f600}"], merges);
  const { vocabulary, ids } = readTokenizerJson(json, { name: "characters" });
  assert.equal(vocabulary.normalization, "spaces");
  const tokenizer = createTokenizer(vocabulary, ids);
  const rank = new Map(merges.map((merge, index) => [merge, index]));
  const expected = (text) => {
    let parts = Array.from(text.replaceAll(" ", "\u2581")).flatMap((character) =>
      Object.hasOwn(vocab, character) ? [character] : Array.from(Buffer.from(character), (byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`),
    );
    for (;;) {
      const found = parts.slice(1).map((right, at) => rank.get(`${parts[at]} ${right}`) ?? Infinity);
      const lowest = Math.min(...found);
      if (lowest === Infinity) return parts.map((part) => vocab[part]);
      const at = found.indexOf(lowest);
      parts = [...parts.slice(0, at), parts[at] + parts[at + 1], ...parts.slice(at + 2)];
    }
  };
  const alphabet = [..."ab <>cZ", "\u00e9", "\u00e8", "\u4e2d", "\u4e01", "\u{1f600}", "\u{1f601}", "\u{1f4a9}", "\u2581", "\n"];
  let state = 5;
  const next = (below) => Math.floor(((state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) * below) / 2 ** 32);
  for (const length of [0, 1, 2, 3, 5, 8, 20, 90, 300, 700]) {
    for (let round = 0; round < 20; round += 1) {
      const text = Array.from({ length }, () => alphabet[next(alphabet.length)]).join("");
      const tokens = expected(text);
      assert.deepEqual(Array.from(tokenizer.encode(text)), tokens, text);
      assert.equal(tokenizer.count(text), tokens.length, text);
      assert.equal(tokenizer.decode(tokens), text.replaceAll("\u2581", " "));
      assert.equal(tokenizer.split(text).join(""), text.replaceAll("\u2581", " "));
      const cut = tokenizer.truncate(text, 4);
      assert.ok(tokenizer.count(cut) <= 4 && text.replaceAll("\u2581", " ").startsWith(cut));
    }
  }
  assert.deepEqual(Array.from(tokenizer.encode("<bos>a", { special: "allow" })), [1, vocab.a]);
});

test("NFC where the file asks for it", () => {
  const tokenizer = read(["\u00c3 \u00a9"], { normalizer: { type: "NFC" } });
  assert.equal(tokenizer.count("e\u0301"), 1);
  assert.deepEqual(tokenizer.split("e\u0301e"), ["\u00e9", "e"]);
});

test("a .tiktoken file and a tekken.json: ranks are the order of merges", () => {
  const tokens = [...Array.from({ length: 256 }, (_, byte) => Buffer.from([byte])), ...["th", "he", "the", " the"].map((text) => Buffer.from(text))];
  const lines = tokens.map((token, rank) => `${token.toString("base64")} ${rank}`).join("\n");
  const tiktoken = readTiktoken(`${lines}\n`, { name: "mine", pattern: "cl100k", special: { "<|end|>": 300 } });
  const tekken = readTekken(
    JSON.stringify({
      config: { pattern: "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+", default_vocab_size: 269, default_num_special_tokens: 10 },
      vocab: tokens.map((token, rank) => ({ rank, token_bytes: token.toString("base64") })),
    }),
    { name: "tekken" },
  );
  const split = ({ vocabulary, ids }) => createTokenizer(vocabulary, ids).split("the the he then");
  assert.deepEqual(split(tiktoken), ["the", " the", " ", "he", " the", "n"]);
  // The last one is beyond the size of the vocabulary.
  assert.deepEqual(split(tekken), ["the", " ", "the", " ", "he", " ", "the", "n"]);
  assert.deepEqual(Array.from(createTokenizer(tekken.vocabulary, tekken.ids).encode("the 12")), [268, 42, 59, 60]);
  assert.deepEqual(Array.from(createTokenizer(tiktoken.vocabulary, tiktoken.ids).encode("<|end|>", { special: "allow" })), [300]);
});

test("what cannot be read is refused with what was found", () => {
  const split = (Regex) => ({ type: "Sequence", pretokenizers: [{ type: "Split", pattern: { Regex }, behavior: "Isolated" }, { type: "ByteLevel", add_prefix_space: false, use_regex: false }] });
  for (const [source, found] of [
    [file([], { pre_tokenizer: split("\\w+") }), /known expressions.*\\\\w\+/],
    [file([], { pre_tokenizer: { type: "Metaspace" } }), /ends with ByteLevel.*Metaspace/],
    [file([], { pre_tokenizer: { type: "ByteLevel", add_prefix_space: true } }), /without a prefix/],
    [file([], { normalizer: { type: "Lowercase" } }), /NFC, found \["Lowercase"\]/],
    [file([], { model: { type: "Unigram" } }), /type BPE, found "Unigram"/],
    [file([], { model: { byte_fallback: true } }), /byte_fallback to replace spaces by U\+2581/],
    [characters(["a"], [], { normalizer: { type: "Sequence", normalizers: [{ type: "Prepend", prepend: "\u2581" }, { type: "Replace", pattern: { String: " " }, content: "\u2581" }] } }).json, /do nothing else before it merges, found .*Prepend/],
    [characters(["a"], [], { normalizer: null, pre_tokenizer: { type: "Metaspace", replacement: "\u2581", prepend_scheme: "first", split: false } }).json, /do nothing else.*Metaspace/],
    [file([], { model: { continuing_subword_prefix: "##" } }), /continuing_subword_prefix, found "##"/],
    [file([], { model: { vocab: { a: 0 } } }), /a token for every byte, found none for 0/],
    [file([], { more: ["\u2581x"] }), /alphabet of bytes/],
    [file([], { added_tokens: [{ id: 5, content: "<mask>", lstrip: true }] }), /take no spaces with them, found "<mask>"/],
  ]) {
    assert.throws(() => readTokenizerJson(source, { name: "small" }), (error) => error instanceof ValidationError && found.test(error.message), String(found));
  }
  assert.throws(() => readTiktoken("?? 1\n", { name: "mine", pattern: "o200k" }), /expected base64/);
  assert.throws(() => readTiktoken("YQ== one", { name: "mine", pattern: "o200k" }), /line 1/);
  assert.throws(() => readTiktoken("", { name: "mine", pattern: "\\d" }), /known expressions/);
  assert.throws(() => readTekken("{}", { name: "mine" }), /tekken\.json/);
});

for (const [name, expected] of Object.entries(fixture.named)) {
  test(`${name}: ids and texts are those of the reference`, async () => {
    const [{ default: vocabulary }, { default: ids }] = await Promise.all([import(`../../dist/vocab/${name}.js`), import(`../../dist/vocab/${name}-ids.js`)]);
    const tokenizer = createTokenizer(vocabulary, ids);
    const special = name === "tekken" ? "text" : "allow";
    fixture.texts.forEach((text, index) => {
      assert.deepEqual(Array.from(tokenizer.encode(text, { special })), expected[index], text);
      assert.equal(tokenizer.count(text, { special }), expected[index].length);
      assert.equal(tokenizer.decode(expected[index]), text);
    });
  });
}

test("models of others count by their vocabulary once it is loaded", async () => {
  assert.equal(countTokens("Hello", "Qwen/Qwen3-8B").exact, false);
  assert.equal(await loadVocabulary("Qwen/Qwen3-8B"), "qwen3");
  assert.deepEqual(countTokens("Hello, world!", "qwen2.5-7b-instruct"), { tokens: 4, exact: true, low: 4, high: 4, method: "qwen3" });
  const { vocabulary, ids } = readTokenizerJson(file(["H e"]), { name: "tekken" });
  registerVocabulary(vocabulary, ids);
  assert.equal(countTokens("Hello", "mistral-nemo").tokens, 4);
});
