// examples/worker does what its README says; it checks itself.
import assert from "node:assert/strict";
import { test } from "node:test";
import { node } from "../js/node.mjs";

test("the Worker runs in workerd, and its ledger is in KV", async () => {
  const { code, out, err } = await node(["examples/worker/run.mjs"]);
  assert.equal(code, 0, err);
  assert.match(out, /20 calls at once +2 paid, 18 refused/);
  assert.match(out, /The ledger, in KV[^]*total of 4 calls/);
  assert.doesNotMatch(out + err, /ada\.lovelace@|sk-local/);
});

test("a Worker takes fresh prices by a cron trigger, and refuses what can't be right", async () => {
  const { code, out, err } = await node(["examples/prices-cron/run.mjs"]);
  assert.equal(code, 0, err);
  assert.match(out, /a slipped unit +expected prices to move by at most a factor of 10, found input of acme\/fast-1 from 2 to 200 +2/);
});

test("an organization's budgets hold in a Durable Object, and survive a restart", async () => {
  const { code, out, err } = await node(["examples/budget-management/run.mjs"]);
  assert.equal(code, 0, err);
  assert.match(out, /40 calls at once +\d+ paid, \d+ refused/);
  assert.match(out, /after a restart +every budget stands as it stood/);
  assert.doesNotMatch(out + err, /sk-local/);
});
