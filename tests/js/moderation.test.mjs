// Moderation as programs use it: offline, and through OpenAI's endpoint, for which the local provider stands in.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { ConfigurationError, ContentModerationGuardrail, GuardrailEngine, PIIDetectionGuardrail, createGuardedFetch } from "tollgate";
import { createProvider } from "../../examples/local-provider/handler.mjs";
import { moderationTable } from "../../scripts/guard/moderation.mjs";

const THREAT = "The weather is nice. I will kill you!";

describe("offline moderation", () => {
  it("says what it flagged, by which threshold and how it was found", async () => {
    const result = await new ContentModerationGuardrail().evaluate(THREAT);
    assert.equal(result.passed, false);
    assert.equal(result.action, "block");
    const { violations, detections, redactedText, method } = result.metadata;
    const violence = violations.find(({ category }) => category === "violence");
    assert.deepEqual({ ...violence, score: 0 }, { category: "violence", score: 0, threshold: 0.5, flagged: true, method: "pattern", hazards: ["S1"] });
    assert.ok(violence.score >= 0.5 && violence.score <= 1);
    assert.ok(result.riskScore >= 70);
    assert.equal(method, "pattern");
    assert.ok(detections.every(({ position, length }) => !/weather/.test(THREAT.slice(position, position + length))));
    assert.match(redactedText, /^The weather is nice\. .*\[REDACTED_/);
    assert.doesNotMatch(redactedText, /kill/);
    assert.doesNotMatch(JSON.stringify(violations) + result.reason, /kill/);
  });

  it("passes what only sounds bad", async () => {
    for (const text of ["kill a process", "heart attack", "I hate mondays", "I hate this", "make this explicit in the docs"]) {
      const { passed, riskScore, metadata } = await new ContentModerationGuardrail().evaluate(text);
      assert.deepEqual([passed, riskScore, metadata.violations], [true, 0, []], text);
    }
  });

  it("takes actions, categories, thresholds and risks", async () => {
    const of = (options, text = THREAT) => new ContentModerationGuardrail(options).evaluate(text);
    const key = { redact: "redactedText", mask: "maskedText", transform: "transformedText" };
    for (const action of ["redact", "mask", "transform"]) {
      const { passed, action: taken, metadata } = await of({ action });
      assert.deepEqual([passed, taken], [true, action]);
      assert.doesNotMatch(metadata[key[action]], /kill/);
      assert.equal((await of({ action }, metadata[key[action]])).metadata.violations.length, 0);
    }
    const warned = await of({ action: "warn" });
    assert.deepEqual([warned.passed, warned.action, warned.metadata.violations.length > 0], [true, "allow", true]);
    assert.equal((await of({ categories: ["sexual", "self-harm"] })).passed, true);
    assert.equal((await of({ categories: ["violence"] })).passed, false);
    const strict = Object.fromEntries(["hate", "hate/threatening", "harassment", "self-harm", "sexual", "sexual/minors", "violence", "violence/graphic", "harassment/threatening"].map((name) => [name, 1]));
    assert.equal((await of({ thresholds: strict })).passed, true);
    assert.equal((await of({ categories: ["violence"], riskScores: { violence: 12 } })).riskScore, 12);
    assert.equal((await of({ categories: ["hate"], thresholds: { hate: 0 } }, "Good morning")).passed, false);
  });

  it("is part of scans and of their streams, with the built-in guardrails in one pass", async () => {
    const engine = new GuardrailEngine();
    const guardrail = new ContentModerationGuardrail({ action: "redact", riskScores: { violence: 33 } });
    engine.registerGuardrail(guardrail);
    engine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
    const text = `Mail ann@example.com. ${THREAT}`;
    const scanned = engine.scan(text);
    assert.match(scanned.text, /^Mail \[REDACTED_EMAIL\]\. The weather is nice\. .*\[REDACTED_VIOLENCE\]/);
    assert.doesNotMatch(scanned.text, /kill/);
    const found = scanned.findings.find(({ type }) => type === "violence");
    assert.deepEqual([found.category, found.rule, found.score], ["S1", "moderation", 33]);
    assert.ok(found.confidence >= 50 && found.confidence <= 100);
    // What is redacted is not flagged again, and what evaluate says is the same.
    assert.equal(engine.scan(scanned.text).findings.length, 0);
    const { metadata } = await guardrail.evaluate(THREAT);
    assert.deepEqual(engine.scan(THREAT).findings.map(({ type, start, end }) => ({ type, position: start, length: end - start })), metadata.detections);
    assert.equal(engine.scan(THREAT).text, metadata.redactedText);
    assert.equal(guardrail.streaming, "buffered");
    const stream = engine.stream();
    assert.deepEqual([...text].map((piece) => stream.push(piece)).join(""), "");
    assert.equal(stream.end(), scanned.text);
    // By name, by stage and by its options.
    assert.equal(engine.scan(text, { guardrails: ["PIIDetection"] }).text, `Mail [REDACTED_EMAIL]. ${THREAT}`);
    guardrail.configure({ stages: ["output"], action: "block", categories: ["hate"] });
    assert.equal(engine.scan(THREAT).findings.length, 0);
    assert.equal(engine.scan(THREAT, { stage: "output" }).passed, true);
    guardrail.configure({ categories: ["violence"] });
    assert.equal(engine.scan(THREAT, { stage: "output" }).passed, false);
    // Where the endpoint is to judge, nothing is scanned.
    const asks = new GuardrailEngine();
    asks.registerGuardrail(new ContentModerationGuardrail({ apiKey: "k" }));
    assert.equal(asks.scan(THREAT).passed, true);
  });

  it("acts at its stages only, and is reconfigured", async () => {
    const guardrail = new ContentModerationGuardrail({ stages: ["output"] });
    assert.equal((await guardrail.evaluate(THREAT, { stage: "input" })).passed, true);
    assert.equal((await guardrail.evaluate(THREAT, { stage: "output" })).passed, false);
    guardrail.configure({ action: "warn", name: "Calm" });
    const { passed, reason } = await guardrail.evaluate(THREAT, { stage: "output" });
    assert.deepEqual([passed, reason.startsWith("Calm found ")], [true, true]);
    assert.deepEqual([guardrail.name, guardrail.streaming], ["Calm", "buffered"]);
  });

  it("works in an engine", async () => {
    const engine = new GuardrailEngine();
    engine.registerGuardrail(new ContentModerationGuardrail());
    const result = await engine.execute({ messages: [{ role: "user", content: THREAT }] });
    assert.deepEqual([result.passed, result.failedGuardrails], [false, ["ContentModeration"]]);
    assert.equal((await engine.execute("Good morning")).passed, true);
  });

  it("counts positions as strings do", async () => {
    const text = "😀 é — I will kill you";
    const { detections } = (await new ContentModerationGuardrail().evaluate(text)).metadata;
    const { position, length } = detections.at(-1);
    assert.equal(text.slice(position, position + length).endsWith("kill you"), true);
  });

  it("refuses options that nobody knows", () => {
    const cases = [
      [{ action: "explode" }, /expected action to be one of block, redact, mask, transform, warn, allow/],
      [{ categories: ["politics"] }, /expected each of categories to be one of hate, /],
      [{ thresholds: { hate: 2 } }, /expected each of thresholds to be a number from 0 to 1/],
      [{ thresholds: { hatred: 0.5 } }, /hatred/],
      [{ riskScores: { hate: 101 } }, /expected each of riskScores to be a number from 0 to 100/],
      [{ apiKey: "" }, /expected apiKey/],
      [{ useOpenAI: true }, /expected an apiKey/],
      [{ threshold: 0.5 }, /threshold/],
    ];
    for (const [options, message] of cases) {
      assert.throws(() => new ContentModerationGuardrail(options), (error) => error instanceof ConfigurationError && message.test(error.message), JSON.stringify(options));
    }
  });

  it("ships the table that its sources make", () => {
    assert.equal(readFileSync(new URL("../../js/data/moderation.ts", import.meta.url), "utf8"), moderationTable(), "npm run moderation:pack");
  });
});

describe("moderation by the endpoint", () => {
  const provider = createProvider();
  const online = (options) =>
    new ContentModerationGuardrail({ apiKey: "sk-test", fetch: (url, init) => provider.handle(new Request(url, init)), ...options });
  afterEach(() => provider.reset());

  it("asks it with the key that was given, and says what it said", async () => {
    const result = await online().evaluate("[flag harassment/threatening 0.83] [flag violence 0.4]");
    const [request] = provider.requests;
    assert.deepEqual([request.path, request.body.model, request.body.input], ["/v1/moderations", "omni-moderation-latest", "[flag harassment/threatening 0.83] [flag violence 0.4]"]);
    assert.equal(result.passed, false);
    assert.deepEqual(result.metadata.violations, [
      { category: "harassment/threatening", score: 0.83, threshold: 0.5, flagged: true, method: "openai", hazards: ["S1"] },
    ]);
    assert.equal(result.riskScore, 80);
    assert.deepEqual([result.metadata.costUsd, result.metadata.usd], [0, "0"]);
    assert.equal(result.metadata.scores.violence, 0.4);
  });

  it("takes thresholds and categories of one's own", async () => {
    const text = "[flag violence 0.4] [flag self-harm/intent 0.9]";
    const flagged = async (options) => (await online(options).evaluate(text)).metadata.violations.map(({ category }) => category);
    assert.deepEqual(await flagged({}), ["self-harm/intent"]);
    assert.deepEqual(await flagged({ thresholds: { violence: 0.3, "self-harm/intent": 0.95 } }), ["violence"]);
    assert.deepEqual(await flagged({ categories: ["self-harm"] }), ["self-harm/intent"]);
    assert.deepEqual(await flagged({ categories: ["hate"] }), []);
  });

  it("blocks what it can't take out", async () => {
    const result = await online({ action: "redact" }).evaluate("[flag hate 0.9]");
    assert.deepEqual([result.passed, result.action], [false, "block"]);
  });

  it("never asks without a key, whatever the environment says", async () => {
    process.env.OPENAI_API_KEY = "sk-environment";
    try {
      const { metadata } = await online({ apiKey: undefined }).evaluate("[flag hate 0.9]");
      assert.equal(metadata.method, "pattern");
      assert.equal((await online({ useOpenAI: false }).evaluate("Hello")).metadata.method, "pattern");
      assert.equal(provider.requests.length, 0);
    } finally {
      delete process.env.OPENAI_API_KEY;
    }
  });

  it("fails closed, or open where that was asked for", async () => {
    const closed = async (step, options) => {
      provider.script(step);
      return online(options).evaluate("Hello");
    };
    const refused = await closed({ status: 500 });
    assert.deepEqual([refused.passed, refused.riskScore, refused.metadata.failure, refused.metadata.status], [false, 100, "error", 500]);
    assert.equal((await closed({ status: 200, malformed: "html" })).metadata.failure, "invalid");
    assert.equal((await closed({ cut: "before-headers" })).metadata.failure, "error");
    assert.equal((await closed({ headDelay: 2_000 }, { timeout: 20 })).metadata.failure, "timeout");
    const open = await closed({ status: 429 }, { onFailure: "allow" });
    assert.deepEqual([open.passed, open.riskScore, open.metadata.failure], [true, 0, "error"]);
  });

  it("takes the key from a function at each call", async () => {
    const keys = ["sk-1", "sk-2"];
    const seen = [];
    const guardrail = new ContentModerationGuardrail({
      apiKey: async () => keys.shift(),
      fetch: (url, init) => (seen.push(new Headers(init.headers).get("authorization")), provider.handle(new Request(url, init))),
    });
    await guardrail.evaluate("Hello");
    await guardrail.evaluate("Hello");
    assert.deepEqual(seen, ["Bearer sk-1", "Bearer sk-2"]);
  });
});

describe("offline moderation in a client", () => {
  const parts = (...texts) => [{ role: "user", content: texts.map((text) => ({ type: "text", text })) }];
  async function sent(messages, options = {}) {
    const guardrailEngine = new GuardrailEngine();
    guardrailEngine.registerGuardrail(new ContentModerationGuardrail(options));
    let body;
    const fetch = createGuardedFetch({
      guardrailEngine,
      fetch: async (url, init) => {
        body = JSON.parse(await new Request(url, init).text());
        const choices = [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }];
        return Response.json({ id: "x", object: "chat.completion", model: "gpt-4o-mini", choices, usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
      },
    });
    const response = await fetch("https://api.openai.com/v1/chat/completions", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages }),
    });
    return { status: response.status, messages: body?.messages };
  }

  it("reads the parts of a message, and messages of one role, as one", async () => {
    for (const messages of [
      parts("I will kill you"),
      parts("I will ki", "ll you"),
      parts("I will", "kill you"),
      parts("What a day. I wi", "ll kill y", "ou."),
      [{ role: "user", content: "I will" }, { role: "user", content: "kill you" }],
      // What comes before one that is found by itself does not deny it.
      [{ role: "user", content: "I do not" }, { role: "user", content: "I will kill you" }],
    ]) {
      const { status, messages: left } = await sent(messages);
      assert.deepEqual([status, left], [403, undefined], JSON.stringify(messages));
    }
  });

  it("puts nothing together that different ones have said", async () => {
    for (const messages of [
      [{ role: "user", content: "Hello" }, { role: "assistant", content: "I will" }, { role: "user", content: "kill you" }],
      [{ role: "system", content: "You deserve" }, { role: "user", content: "death" }],
      [{ role: "user", content: "I will" }, { role: "assistant", content: "Yes?" }, { role: "user", content: "kill you" }],
    ]) {
      assert.equal((await sent(messages)).status, 200, JSON.stringify(messages));
    }
  });

  it("takes out what is in a text, and blocks what is only where they meet", async () => {
    const { status, messages } = await sent(parts("Hello.", "I will kill you!"), { action: "redact" });
    assert.equal(status, 200);
    assert.deepEqual(messages[0].content.map(({ text }) => text), ["Hello.", "[REDACTED_VIOLENCE]!"]);
    assert.equal((await sent(parts("I will ki", "ll you"), { action: "redact" })).status, 403);
    assert.equal((await sent(parts("I will ki", "ll you"), { action: "warn" })).status, 200);
  });
});
