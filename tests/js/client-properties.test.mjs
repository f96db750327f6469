// Properties P17 to P43 of a guarded call, over a hundred random programs for each client. tests/runtimes has them in every other host.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { CLIENTS, program, propertiesOf } from "./lib/client-properties.mjs";

const CASES = 100;

for (const [name, kind] of Object.entries(CLIENTS)) {
  describe(`a guarded call of ${name}`, () => {
    for (const [title, check] of Object.entries(propertiesOf(kind, assert))) {
      it(title, async () => {
        for (let seed = 1; seed <= CASES; seed += 1) {
          await check(program(seed, kind)).catch((error) => {
            error.message = `seed ${seed}: ${error.message}`;
            throw error;
          });
        }
      });
    }
  });
}
