// Bytes inside a JavaScript file come out as they went in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encode, encodedModule } from "../../scripts/lib/bytes.mjs";
import { decode } from "../../dist/loader/bytes.js";

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
    assert.deepEqual(decode({ length: bytes.length, ...encode(bytes) }), bytes);
  }
});

test("the module's text survives every kind of quote and a script element", () => {
  const bytes = readFileSync(new URL("../../dist/wasm/core.wasm", import.meta.url));
  const text = encodedModule(bytes).match(/text =\n {2}"(.*)"/)[1];
  assert.match(text, /^[^"'`\\$<>&\n]*$/);
});

test("the inline module is core.wasm", async () => {
  const encoded = await import("../../dist/wasm/inline.js");
  assert.deepEqual(Buffer.from(decode(encoded)), readFileSync(new URL("../../dist/wasm/core.wasm", import.meta.url)));
});
