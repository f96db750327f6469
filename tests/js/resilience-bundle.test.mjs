// A program ships the parts that it hands in, and no others.
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

import { build } from "esbuild";

/** Words that are in a part, and nowhere else. */
const PARTS = {
  RateLimiter: "cannot pass a rate limit",
  ConcurrencyLimiter: "a concurrency limit",
  CircuitBreaker: "found that it has been failing",
  FallbackChain: "cannot make a FallbackChain",
  ResponseCache: "cannot make a ResponseCache",
  Deduplicator: "the answer to a call that is shared",
  KVCacheStore: "expirationTtl|expiration:",
  WebCacheStore: "https://tollgate.invalid/",
};

async function bundled(names) {
  const contents = `import { ${names.join(", ")} } from "tollgate"; console.log(${names.join(", ")});`;
  const resolveDir = fileURLToPath(new URL("../..", import.meta.url));
  const { outputFiles } = await build({ stdin: { contents, resolveDir }, bundle: true, write: false, format: "esm", external: ["#wasm"], logLevel: "error" });
  return outputFiles[0].text;
}

test("a client alone has none of them", async () => {
  for (const client of ["GuardedOpenAI", "createGuardedFetch"]) {
    const text = await bundled([client]);
    for (const [name, words] of Object.entries(PARTS)) assert.ok(!new RegExp(words).test(text), `${client} ships ${name}`);
  }
});

for (const name of Object.keys(PARTS).filter((name) => !name.endsWith("Store"))) {
  test(`a client with a ${name} has that, and no other`, async () => {
    const text = await bundled(["GuardedOpenAI", name]);
    for (const [other, words] of Object.entries(PARTS)) assert.equal(new RegExp(words).test(text), other === name, other);
  });
}
