// The programs in docs/prices.md print what stands beside them.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { node, ROOT } from "./node.mjs";

describe("docs/prices.md", () => {
  // Inside the project, where "tollgate" means this build.
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".cache/prices-page-"));
  after(() => rmSync(folder, { recursive: true }));

  const programs = [...readFileSync(join(ROOT, "docs/prices.md"), "utf8").matchAll(/```ts\n([^]*?)```/g)].map(([, program]) => program);
  assert.ok(programs.length >= 3);
  /** The values in a comment: an object, or texts and numbers with spaces between them. */
  const valuesOf = (comment) => (comment.startsWith("{") ? [Function(`return (${comment})`)()] : comment.split(" ").map((word) => JSON.parse(word)));

  for (const [index, program] of programs.entries()) {
    const expected = [...program.matchAll(/console\.log\(.*\); \/\/ (["{].*)$/gm)].map(([, comment]) => valuesOf(comment));
    it(expected.length > 0 ? `program ${index + 1} prints ${JSON.stringify(expected)}` : `program ${index + 1} runs`, async () => {
      const path = join(folder, `${index}.mjs`);
      writeFileSync(path, `${program.replaceAll("console.log(", "say(")}\nfunction say(...values) { process.stdout.write(JSON.stringify(values) + "\\n"); }\n`);
      const { code, out, err } = await node([path]);
      assert.equal(code, 0, err);
      // A program may print more than what stands beside it.
      const said = out.split("\n").filter(Boolean).map((line, at) => JSON.parse(line).slice(0, expected[at]?.length));
      if (expected.length > 0) assert.deepEqual(said, expected);
    });
  }
});
