// What docs/fetch.md says of refusals is all of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";

import { ROOT } from "./node.mjs";

const read = (path) => readFileSync(join(ROOT, path), "utf8");

describe("the table of refusals in docs/fetch.md", () => {
  it("has every code that is a refusal, and every code that can't be read, with its status, and no other", () => {
    const source = read("js/client/refusals.ts");
    const expected = new Map([...source.matchAll(/^ {2}(\w+): (\d{3}),$/gm)].map(([, code, status]) => [code, status]));
    const unreadable = /UNREADABLE[^=]*= \[([^\]]*)\]/.exec(source)[1];
    for (const [, code] of unreadable.matchAll(/"(\w+)"/g)) expected.set(code, "400");
    assert.ok(expected.size > 10, `expected codes in refusals.ts, found ${expected.size}`);
    const rows = [...read("docs/fetch.md").matchAll(/^\|([^|]+)\|([^|]+)\| (\d{3}) \|$/gm)];
    const found = new Map(rows.flatMap(([, , codes, status]) => [...codes.matchAll(/`(\w+)`/g)].map(([, code]) => [code, status])));
    assert.deepEqual([...found].sort(), [...expected].sort());
    assert.equal(rows.at(-1)[3], "500", "the last row is everything else");
    const known = read("js/codes.generated.ts");
    for (const code of found.keys()) assert.ok(known.includes(`"${code}"`), code);
  });
});
