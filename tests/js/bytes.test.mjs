// Bytes inside a JavaScript file come out as they went in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { transformSync } from "esbuild";
import { encode } from "../../scripts/lib/bytes.mjs";

const file = (path) => readFileSync(new URL(`../../${path}`, import.meta.url));
const asModule = (code) => import(`data:text/javascript,${encodeURIComponent(code)}`);

// In the package it is inside of the loader.
const { decode } = await asModule(transformSync(file("js/loader/bytes.ts").toString(), { loader: "ts" }).code);
const encoded = await asModule(file("js/wasm/inline.js"));

/** A generator of its own, so that a failure can be had again. */
function* random(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 24;
  }
}

test("any bytes come out as they went in", () => {
  const every = Uint8Array.from({ length: 512 }, (_, index) => index);
  const source = random(7);
  const noise = Uint8Array.from({ length: 10_000 }, () => source.next().value);
  for (const bytes of [new Uint8Array(), Uint8Array.of(0), every, noise, noise.map((byte) => byte % 3)]) {
    assert.deepEqual(decode({ length: bytes.length, ...encode(bytes), decoder: encoded.decoder }), bytes);
  }
});

test("the module's text survives every kind of quote and a script element", () => {
  assert.ok(encoded.text.length >= encoded.length);
  assert.match(encoded.text, /^[^"'`\\$<&>\n]*$/);
});

test("the inline module is core.wasm", async () => {
  const { default: load } = await import("../../dist/loader/inline.js");
  const { Module } = WebAssembly;
  const compiled = [];
  WebAssembly.Module = class extends Module {
    constructor(bytes) {
      super(bytes);
      compiled.push(Buffer.from(bytes));
    }
  };
  try {
    assert.ok(load() instanceof Module);
  } finally {
    WebAssembly.Module = Module;
  }
  // The first is what reads the text.
  assert.deepEqual(compiled.at(-1), file("dist/wasm/core.wasm"));
});
