// `tollgate/tokens`: the same answers as the package's own, from a module that holds nothing else.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { build } from "esbuild";
import * as all from "../../dist/index.js";
import * as alone from "../../dist/tokens-alone.js";
import o200k from "../../dist/vocab/o200k_base.js";
import o200kIds from "../../dist/vocab/o200k_base-ids.js";
import { HARD, NAMED, randomTexts } from "../../scripts/eval/token-texts.mjs";

test("it answers as the package does", () => {
  const [ours, theirs] = [alone, all].map(({ createTokenizer }) => createTokenizer(o200k, o200kIds));
  const texts = [...NAMED, ...randomTexts(500, 21), ...HARD.map(([, make]) => make(2_000))];
  for (const text of texts) {
    const tokens = theirs.encode(text);
    assert.deepEqual(ours.encode(text), tokens, text);
    assert.equal(ours.count(text), tokens.length);
    assert.equal(ours.decode(tokens), theirs.decode(tokens));
    assert.deepEqual(ours.split(text), theirs.split(text));
    assert.equal(ours.truncate(text, 3), theirs.truncate(text, 3));
  }
  assert.deepEqual(ours.countAll(texts), theirs.countAll(texts));
  for (const model of ["gpt-4o", "claude-sonnet-4-5", "someone-else"]) assert.deepEqual(alone.countTokens("Some text, no vocabulary.", model), all.countTokens("Some text, no vocabulary.", model));
});

test("what is registered here is not registered there, and errors are of one class", () => {
  alone.registerVocabulary(o200k);
  assert.equal(alone.countTokens("Hello, world!", "gpt-5").exact, true);
  assert.equal(all.countTokens("Hello, world!", "gpt-5").exact, false);
  assert.equal(alone.ValidationError, all.ValidationError);
  assert.throws(() => alone.createTokenizer({ name: "o200k_base", bytes: new Uint8Array(10) }).count("a"), all.ValidationError);
});

test("a program that imports it holds its module and not the core", async () => {
  const { metafile } = await build({
    stdin: { contents: 'import { createTokenizer } from "./dist/tokens-alone.js"; console.log(createTokenizer);', resolveDir: new URL("../..", import.meta.url).pathname },
    bundle: true,
    format: "esm",
    write: false,
    metafile: true,
  });
  const inside = Object.keys(Object.values(metafile.outputs)[0].inputs).map((path) => path.replace(/^.*dist\//, ""));
  assert.deepEqual(inside.filter((path) => /loader|main/.test(path)), ["loader/tokens-inline.js"]);
  const { length: module } = readFileSync(new URL("../../dist/wasm/tokens.wasm", import.meta.url));
  const { length: core } = readFileSync(new URL("../../dist/wasm/core.wasm", import.meta.url));
  assert.ok(module * 4 < core, `${module} bytes of ${core}`);
});
