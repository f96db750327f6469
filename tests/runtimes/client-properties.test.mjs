// The guarded clients keep their properties in every host; in Node they are part of tests/js.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { bun, chromiumPage, closeHosts, deno, workerd } from "../lib/hosts.mjs";

const HOSTS = { Deno: deno, Bun: bun, workerd, Chromium: chromiumPage };
const CASES = 100;

after(closeHosts);

describe("properties P17 to P43", () => {
  for (const [name, host] of Object.entries(HOSTS)) {
    test(`in ${name}`, async () => {
      const { held } = await host(join(ROOT, "tests/runtimes/client-properties.program.mjs"), { cases: CASES });
      assert.equal(held, 3 * 5 * CASES);
    });
  }
});
