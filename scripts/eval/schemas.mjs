// How many cases of the official JSON Schema Test Suite are judged as it says. Measures what is built.
//
//     npm run eval:schemas -- <folder> [--show]
//
// The folder holds the cases of one draft: `tests/draft2020-12` of the suite, which is at github.com/json-schema-org/JSON-Schema-Test-Suite.
// A schema that is refused, since it has keywords that can't be checked, is counted apart: nothing is said about its texts. `--show`
// prints each case that is judged otherwise, and each reason for a refusal.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { JsonSchemaGuardrail } from "tollgate";
import { Problem, main } from "../lib/run.mjs";

await main(async () => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { show: { type: "boolean" } } });
  const [folder] = positionals;
  if (folder === undefined) throw new Problem("expected the folder of a draft's cases, found none");
  const sum = { right: 0, wrong: 0, refused: 0 };
  const reasons = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json")).sort()) {
    const counts = { right: 0, wrong: 0, refused: 0 };
    for (const { description, schema, tests } of JSON.parse(readFileSync(join(folder, file), "utf8"))) {
      let guardrail;
      try {
        guardrail = new JsonSchemaGuardrail({ schema });
      } catch (error) {
        counts.refused += tests.length;
        const reason = error.message.replace(/; known are.*/, "").replace(/ at \/\S+/, "");
        reasons.set(reason, (reasons.get(reason) ?? 0) + tests.length);
        continue;
      }
      for (const test of tests) {
        const problems = guardrail.check(JSON.stringify(test.data));
        const right = (problems.length === 0) === test.valid;
        counts[right ? "right" : "wrong"] += 1;
        if (!right && values.show) console.log(`${file}: ${description}: ${test.description}: expected ${test.valid ? "valid" : "invalid"}`, problems);
      }
    }
    console.log(`${file.padEnd(32)} ${String(counts.right).padStart(5)} right ${String(counts.wrong).padStart(4)} wrong ${String(counts.refused).padStart(4)} refused`);
    for (const key of Object.keys(sum)) sum[key] += counts[key];
  }
  console.log(`\n${sum.right} right, ${sum.wrong} wrong, ${sum.refused} of schemas that are refused`);
  if (values.show) for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1])) console.log(String(count).padStart(5), reason);
});
