// Alerts by webhook, to a real server on loopback that misbehaves in every way.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { BudgetManager, ConfigurationError, MemoryBudgetLedger, ValidationError, sendAlerts, verifyWebhook } from "tollgate";

const SECRET = `whsec_${Buffer.from("a secret of more than enough bytes").toString("base64")}`;
const NOON = Date.parse("2026-11-21T12:00:00Z");

/** What the server does with the next requests: a status, a function of request and response; after these 204. */
let script = [];
let received = [];
let server;
let url;

before(async () => {
  server = createServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    received.push({ headers: request.headers, body });
    const next = script.shift() ?? 204;
    if (typeof next === "function") next(request, response);
    else response.writeHead(next).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${server.address().port}/alerts`;
});
after(() => {
  server.closeAllConnections();
  server.close();
});

/** A manager with a budget of a dollar that tells at 50 and 100 percent, and what it sends. */
function managed(options = {}, ledger = undefined) {
  received = [];
  script = [];
  const waits = [];
  const failures = [];
  const manager = new BudgetManager(undefined, ledger && { ledger });
  const { id } = manager.createBudget({ name: "team", limit: 1, period: "total", action: "alert", alertThresholds: [50, 100] });
  const hook = sendAlerts(manager, { url, secret: SECRET, wait: async (ms) => void waits.push(ms), onError: (error, alert) => failures.push({ error, alert }), ...options });
  const spend = async (requestId, usd) => {
    await manager.reserve({ requestId, amount: usd });
    await manager.settle(requestId, usd);
  };
  return { manager, id, hook, waits, failures, spend };
}

describe("alerts by webhook", () => {
  test("one is signed, says what happened, and is verified", async () => {
    const { hook, spend, failures } = managed();
    await spend("a", "0.6");
    await hook.settled();
    assert.deepEqual(failures, []);
    // Projected by the reservation, and come true by its settlement.
    assert.equal(received.length, 2);
    const [projected, real] = await Promise.all(received.map((request) => verifyWebhook(request, SECRET)));
    assert.deepEqual([projected.type, projected.data.projected, real.data.projected, real.data.threshold], ["budget.warning", true, false, 50]);
    assert.notEqual(projected.id, real.id);
    await spend("b", "0.5");
    await hook.settled();
    const last = await verifyWebhook(received.at(-1), SECRET);
    assert.deepEqual([last.type, last.data.message], ["budget.exceeded", 'Budget "team" has reached 100% (1.1000 / 1 USD)']);

    // As any library of the scheme checks it.
    const { headers, body } = received[0];
    const key = Buffer.from(SECRET.slice(6), "base64");
    const expected = createHmac("sha256", key).update(`${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`).digest("base64");
    assert.equal(headers["webhook-signature"], `v1,${expected}`);
    assert.equal(headers["content-type"], "application/json");
  });

  test("what was changed, is old, or was signed by another is refused", async () => {
    const { hook, spend } = managed();
    await spend("a", "0.6");
    await hook.settled();
    const [request] = received;
    const { headers, body } = request;
    const good = headers["webhook-signature"];
    const signedAt = Number(headers["webhook-timestamp"]) * 1_000;
    for (const [change, expected, options] of [
      [{ body: body.replace("0.6", "0.1") }, /signature/],
      [{ headers: { ...headers, "webhook-id": "msg_0" } }, /signature/],
      [{ headers: { ...headers, "webhook-signature": "v1,!!!!" } }, /signature/],
      [{ headers: { ...headers, "webhook-signature": good.replace("v1,", "v2,") } }, /signature/],
      [{ headers: { ...headers, "webhook-signature": undefined } }, /webhook-signature/],
      [{ headers: { ...headers, "webhook-timestamp": "1" } }, /timestamp/],
      [{ headers: { ...headers, "webhook-timestamp": "now" } }, /timestamp/],
      [{}, /timestamp/, { now: () => signedAt + 300_001 }],
      [{}, /timestamp/, { now: () => signedAt - 300_001 }],
    ]) {
      await assert.rejects(verifyWebhook({ ...request, ...change }, SECRET, options), (error) => error instanceof ValidationError && expected.test(error.message));
    }
    await assert.rejects(verifyWebhook(request, "another secret of enough characters"), ValidationError);
    // While a secret is replaced both hold; a header may bear several signatures.
    await verifyWebhook(request, ["another secret of enough characters", SECRET]);
    await verifyWebhook({ body, headers: new Headers({ ...headers, "webhook-signature": `v1,AAAA ${good}` }) }, SECRET);
    await verifyWebhook(request, SECRET, { now: () => signedAt + 299_000 });
    for (const toleranceMs of [NaN, "5m", -1]) await assert.rejects(verifyWebhook(request, SECRET, { toleranceMs }), { code: "invalid_config" });
    await assert.rejects(verifyWebhook(request, "short"), { code: "invalid_config", message: /^cannot take a webhook: / });
  });

  test("faults are tried again with growing pauses, under one id", async () => {
    const { hook, spend, waits, failures } = managed({ timeoutMs: 80 });
    script = [
      500,
      (request) => request.socket.destroy(),
      () => undefined, // never answers
      (_, response) => response.writeHead(429, { "retry-after": "30" }).end(),
      204,
    ];
    await spend("a", "0.6").then(() => hook.settled());
    assert.deepEqual(failures, []);
    const ids = new Set(received.map(({ headers }) => headers["webhook-id"]));
    assert.deepEqual([received.length, ids.size], [6, 2]);
    assert.equal(waits.length, 4);
    const growing = [...waits].sort((a, b) => a - b);
    assert.ok(growing[0] >= 500 && growing.at(-1) <= 60_000 && growing.includes(30_000) === waits.some((ms) => ms === 30_000), String(waits));
  });

  test("onError that is asynchronous and fails ends no program", async () => {
    const found = [];
    const listen = (error) => void found.push(error);
    process.on("unhandledRejection", listen);
    const { hook, spend } = managed({ maxAttempts: 1, onError: async () => Promise.reject(new Error("mine")) });
    script = [400, 400];
    await spend("a", "0.6").then(() => hook.settled());
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off("unhandledRejection", listen);
    assert.deepEqual(found, []);
  });

  test("what no further try can help is told, and a redirect is not followed", async () => {
    for (const [answers, tries, status] of [[[400], 1, 400], [[(_, response) => response.writeHead(307, { location: `${url}/elsewhere` }).end()], 1, 307], [[503, 503, 503], 3, 503]]) {
      const { hook, manager, failures } = managed({ maxAttempts: 3 });
      script = [...answers];
      await manager.reserve({ requestId: "a", amount: "0.6" });
      await hook.settled();
      assert.equal(received.length, tries);
      assert.equal(failures.length, 1);
      assert.match(failures[0].error.message, new RegExp(`found status ${status} after ${tries} tr`));
      assert.equal(failures[0].alert.threshold, 50);
      assert.doesNotMatch(JSON.stringify(failures), /whsec|a secret/);
    }
  });

  test("instances over one ledger send it once, and another tries where one failed", async () => {
    const ledger = new MemoryBudgetLedger();
    const all = Array.from({ length: 5 }, () => managed({}, ledger));
    await all[0].manager.reserve({ requestId: "a", amount: "0.6" });
    await all[0].manager.settle("a", "0.6");
    // The others see the alert where the budget stands.
    await Promise.all(all.map(({ manager, id }) => manager.getBudgetStatus(id)));
    await Promise.all(all.map(({ hook }) => hook.settled()));
    const sent = received.map(({ body }) => JSON.parse(body).data).map(({ id, projected }) => `${id} ${projected}`);
    assert.equal(new Set(sent).size, sent.length, sent.join("\n"));
    assert.equal(sent.length, 2);

    const other = new MemoryBudgetLedger();
    const [first, second] = [managed({ maxAttempts: 1 }, other), managed({ maxAttempts: 1 }, other)];
    script = [500];
    await first.manager.reserve({ requestId: "a", amount: "0.6" });
    await first.hook.settled();
    assert.equal(first.failures.length, 1);
    await second.manager.getBudgetStatus(second.id);
    await second.hook.settled();
    assert.deepEqual([received.length, second.failures.length], [2, 0]);
    assert.equal(received[0].headers["webhook-id"], received[1].headers["webhook-id"]);
  });

  test("what a ledger keeps of it is a digest, the same to everybody who means the same, and nothing that can be read back", async () => {
    const claims = [];
    const memory = new MemoryBudgetLedger();
    const watched = new Proxy(memory, {
      get: (ledger, key) =>
        key === "claim" ? (name, ...rest) => (claims.push(name), ledger.claim(name, ...rest)) : typeof ledger[key] === "function" ? ledger[key].bind(ledger) : ledger[key],
    });
    const [first, second] = [managed({}, watched), managed({}, watched)];
    await first.manager.reserve({ requestId: "a", amount: "0.6" });
    await first.hook.settled();
    await second.manager.getBudgetStatus(second.id);
    await second.hook.settled();
    assert.ok(claims.length >= 2, `${claims}`);
    assert.equal(new Set(claims).size, 1);
    assert.match(claims[0], /^webhook:[0-9a-f]{32}$/);
    assert.equal(received[0].headers["webhook-id"], claims[0].replace("webhook:", "msg_"));
  });

  test("a ledger that can't say who is first lets everybody send", async () => {
    const memory = new MemoryBudgetLedger();
    const without = new Proxy(memory, { get: (ledger, key) => (key === "claim" ? undefined : typeof ledger[key] === "function" ? ledger[key].bind(ledger) : ledger[key]) });
    const { hook, manager } = managed({}, without);
    await manager.reserve({ requestId: "a", amount: "0.6" });
    await hook.settled();
    assert.equal(received.length, 1);
  });

  test("a call never waits for it, and no more are on their way than may be", async () => {
    const kept = [];
    const { hook, manager, failures } = managed({ maxPending: 1, maxAttempts: 1, timeoutMs: 60, waitUntil: (promise) => void kept.push(promise) });
    script = [() => undefined];
    const answer = await manager.reserve({ requestId: "a", amount: "1" });
    assert.deepEqual([answer.allowed, answer.alerts.length, hook.pending, kept.length], [true, 2, 1, 1]);
    assert.match(failures[0].error.message, /expected fewer than 1 on their way/);
    await Promise.all(kept);
    assert.deepEqual([hook.pending, failures.length], [0, 2]);
    assert.match(failures[1].error.message, /no answer in time/);
    hook.stop();
    await manager.settle("a", "1");
    assert.equal(hook.pending, 0);
  });

  test("what can't be right is refused at once", () => {
    const manager = new BudgetManager(undefined, { now: () => NOON });
    for (const options of [
      { url: "http://example.com", secret: SECRET },
      { url: "no url", secret: SECRET },
      { url: "https://example.com", secret: "short" },
      { url: "https://example.com", secret: "whsec_!!!" },
      { url: "https://example.com", secret: SECRET, maxAttempts: 0 },
      { url: "https://example.com", secret: SECRET, timeoutMs: NaN },
      { url: "https://example.com", secret: SECRET, retries: 1 },
    ]) {
      assert.throws(() => sendAlerts(manager, options), ConfigurationError, JSON.stringify(options));
    }
  });
});
