// examples/cost-tracking does what its README says; it checks itself.
import assert from "node:assert/strict";
import { it } from "node:test";
import { node } from "./node.mjs";

it("costs are recorded, asked for in every way, corrected, and carried over", async () => {
  const { code, out, err } = await node(["examples/cost-tracking/main.mjs"]);
  assert.deepEqual([code, err], [0, ""]);
  for (const title of ["1. A fortnight", "2. By day in Berlin", "3. Who spends most", "4. The search team", "5. One bill", "6. Written as CSV"]) assert.ok(out.includes(title), title);
});
