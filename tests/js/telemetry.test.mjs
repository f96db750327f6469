// Telemetry, as the OpenTelemetry SDK itself exports it.
import assert from "node:assert/strict";
import { AsyncLocalStorage } from "node:async_hooks";
import { beforeEach, describe, it } from "node:test";

import { BudgetManager, FallbackChain, GuardedAnthropic, GuardedOpenAI, createGuardedFetch } from "tollgate";
import { callLog, openTelemetry } from "tollgate/telemetry";

import { tool } from "../lib/tools.mjs";
import { CHAT, MAIL, STREAMS, events, json, pii, post, provider } from "./lib/wire.mjs";

const api = await tool("@opentelemetry/api");
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = await tool("@opentelemetry/sdk-trace-base");
const { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } = await tool("@opentelemetry/sdk-metrics");

const spans = new InMemorySpanExporter();
const exported = new InMemoryMetricExporter(AggregationTemporality.DELTA);
const reader = new PeriodicExportingMetricReader({ exporter: exported, exportIntervalMillis: 3_600_000 });
api.trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
api.metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
const store = new AsyncLocalStorage();
api.context.setGlobalContextManager({
  active: () => store.getStore() ?? api.ROOT_CONTEXT,
  with: (context, act, self, ...args) => store.run(context, () => act.call(self, ...args)),
  bind: (_context, target) => target,
  enable() { return this; },
  disable() { return this; },
});

const SECRET = "the secret of the prompt";
const messages = [{ role: "user", content: SECRET }];
const chat = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "gpt-5-mini-2025-08-07", choices: [{ index: 0, message: { role: "assistant", content: "the answer", refusal: null }, finish_reason: "stop" }], usage: { prompt_tokens: 1200, completion_tokens: 40, total_tokens: 1240, prompt_tokens_details: { cached_tokens: 1024 }, completion_tokens_details: { reasoning_tokens: 8 } } };

/** What was measured since the last time: the metrics by name, each with its points. */
const measured = async () => {
  exported.reset();
  await reader.forceFlush();
  const metrics = exported.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  return Object.fromEntries(metrics.map(({ descriptor, dataPoints }) => [descriptor.name, { descriptor, dataPoints }]));
};
const ended = async () => {
  await new Promise((resolve) => setImmediate(resolve));
  return spans.getFinishedSpans();
};

beforeEach(async () => {
  spans.reset();
  await measured();
});

describe("openTelemetry, after a fallback", () => {
  it("tells of who answered, and counts what each target cost", async () => {
    let turn = 0;
    const fetch = async () => ((turn += 1) === 1 ? json({}, { status: 504 }) : json({ ...chat, model: "gpt-4.1-mini" }));
    const other = new GuardedOpenAI({ apiKey: "sk-key", baseURL: "https://eu.api.openai.com/v1", fetch });
    const records = [];
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch, maxRetries: 0, fallback: new FallbackChain([{ client: other, model: "gpt-4.1-mini" }]), onRecord: (record) => records.push(record), telemetry: openTelemetry(api) });
    await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, messages });
    const [span, ...more] = await ended();
    assert.equal(more.length, 0);
    assert.equal(span.name, "chat gpt-4.1-mini");
    assert.deepEqual(
      ["gen_ai.request.model", "server.address", "tollgate.attempts"].map((name) => span.attributes[name]),
      ["gpt-4.1-mini", "eu.api.openai.com", 2],
    );
    assert.deepEqual(span.attributes["tollgate.fallback.from"], ["openai/gpt-5-mini"]);
    const pico = (usd) => BigInt(Math.round(Number(usd) * 1e12));
    assert.equal(records.length, 2);
    assert.equal(pico(span.attributes["tollgate.cost.usd"]), pico(records[0].usd) + pico(records[1].usd));
    const cost = (await measured())["tollgate.client.cost"].dataPoints;
    assert.deepEqual(
      cost.map(({ attributes, value }) => [attributes["gen_ai.request.model"], attributes["server.address"], pico(value)]),
      [["gpt-5-mini", undefined, pico(records[0].usd)], ["gpt-4.1-mini", "eu.api.openai.com", pico(records[1].usd)]],
    );
  });
});

describe("openTelemetry", () => {
  it("tells of a call by the conventions for generative AI", async () => {
    let inside;
    const fetch = async () => {
      inside = api.trace.getActiveSpan()?.spanContext();
      return json(chat);
    };
    const client = new GuardedOpenAI({ apiKey: "sk-key", fetch, agentId: "a1", telemetry: openTelemetry(api, { attributes: () => ({ "deployment.environment.name": "test" }) }) });
    const { security } = await client.chat.completions.create({ model: "gpt-5-mini", max_completion_tokens: 50, temperature: 0.5, n: 1, seed: 7, stop: [SECRET], messages });
    const [span, ...more] = await ended();
    assert.equal(more.length, 0);
    assert.equal(span.name, "chat gpt-5-mini");
    assert.equal(span.kind, api.SpanKind.CLIENT);
    assert.equal(span.status.code, api.SpanStatusCode.UNSET);
    assert.deepEqual({ ...span.attributes }, {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-5-mini",
      "server.address": "api.openai.com",
      "server.port": 443,
      "deployment.environment.name": "test",
      "tollgate.request.id": security.requestId,
      "tollgate.agent.id": "a1",
      "gen_ai.request.max_tokens": 50,
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.seed": 7,
      "gen_ai.usage.input_tokens": 1200,
      "gen_ai.usage.output_tokens": 40,
      "gen_ai.usage.cache_read.input_tokens": 1024,
      "gen_ai.usage.reasoning.output_tokens": 8,
      "gen_ai.response.id": "chatcmpl-1",
      "gen_ai.response.model": "gpt-5-mini-2025-08-07",
      "gen_ai.response.finish_reasons": ["stop"],
      "tollgate.cost.usd": security.costRecord.usd,
      "tollgate.outcome": "ok",
    });
    // What an instrumentation of fetch sees belongs to the call.
    assert.equal(inside.spanId, span.spanContext().spanId);
    const text = JSON.stringify([span.attributes, span.events, span.name]);
    assert.ok(!text.includes(SECRET) && !text.includes("the answer") && !text.includes("sk-key"));

    const metrics = await measured();
    const common = { "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-5-mini", "server.address": "api.openai.com", "server.port": 443, "deployment.environment.name": "test" };
    const tokens = metrics["gen_ai.client.token.usage"];
    assert.equal(tokens.descriptor.unit, "{token}");
    assert.deepEqual(tokens.dataPoints.map(({ attributes, value }) => [attributes["gen_ai.token.type"], value.sum, value.count]), [["input", 1200, 1], ["output", 40, 1]]);
    assert.deepEqual(tokens.dataPoints[0].value.buckets.boundaries, [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864]);
    assert.deepEqual({ ...tokens.dataPoints[0].attributes }, { ...common, "gen_ai.token.type": "input" });
    const duration = metrics["gen_ai.client.operation.duration"];
    assert.equal(duration.descriptor.unit, "s");
    assert.deepEqual({ ...duration.dataPoints[0].attributes }, common);
    assert.deepEqual(duration.dataPoints[0].value.buckets.boundaries, [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92]);
    assert.equal(metrics["tollgate.client.cost"].dataPoints[0].value, security.costRecord.actualCost);
    assert.equal(metrics["gen_ai.client.operation.time_to_first_chunk"]?.dataPoints.length ?? 0, 0);
  });

  for (const [format, url, made, options, body] of STREAMS) {
    it(`tells of a stream of ${format} when it is settled`, async () => {
      const fetch = createGuardedFetch({ fetch: provider(events(made("Hel", "lo"), options).response).fetch, telemetry: openTelemetry(api) });
      await (await fetch(url, post(body))).text();
      const [span] = await ended();
      const { attributes } = span;
      const operation = format === "gemini" ? "generate_content" : "chat";
      assert.equal(span.name, `${operation} ${body.model ?? "gemini-2.5-flash"}`);
      assert.equal(attributes["gen_ai.provider.name"], { messages: "anthropic", gemini: "gcp.gemini" }[format] ?? "openai");
      assert.equal(attributes["gen_ai.request.stream"], true);
      assert.ok(attributes["gen_ai.usage.output_tokens"] > 0 && attributes["gen_ai.response.time_to_first_chunk"] >= 0);
      assert.equal((await measured())["gen_ai.client.operation.time_to_first_chunk"].dataPoints[0].value.count, 1);
    });
  }

  it("tells of errors by their class, and not what providers say", async () => {
    const budgetManager = new BudgetManager();
    budgetManager.createBudget({ name: "team", limit: 0, period: "daily", action: "block" });
    const request = { model: "gpt-5-mini", max_completion_tokens: 5, messages };
    for (const [config, type, message] of [
      [{ fetch: async () => json({ error: { message: `cannot read ${SECRET}`, type: "invalid_request_error" } }, { status: 400 }) }, "400", undefined],
      [{ budgetManager }, "budget_exceeded", "Budget exceeded: team (Limit: $0)"],
      [{ guardrailEngine: pii("block"), messages: [{ role: "user", content: MAIL }] }, "guardrail_blocked", "Guardrail check failed: pii-detection (Risk: 30)"],
      [{ fetch: async () => { throw new TypeError(SECRET); } }, "network", undefined],
    ]) {
      spans.reset();
      const { messages: said = messages, ...rest } = config;
      const client = new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), maxRetries: 0, ...rest, telemetry: openTelemetry(api) });
      await assert.rejects(client.chat.completions.create({ ...request, messages: said }));
      const [span] = await ended();
      assert.equal(span.attributes["error.type"], type);
      assert.equal(span.status.code, api.SpanStatusCode.ERROR);
      if (message !== undefined) assert.match(span.status.message, new RegExp(message.slice(0, 20).replace(/[()$]/g, "."), "u"));
      assert.ok(!JSON.stringify([span.attributes, span.status]).includes(SECRET));
      const { dataPoints } = (await measured())["gen_ai.client.operation.duration"];
      assert.equal(dataPoints[0].attributes["error.type"], type);
    }
  });

  it("is one span for a call of several tries", async () => {
    let turn = 0;
    const fetch = async () => ((turn += 1) === 1 ? json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after-ms": "1" } }) : json(chat));
    await new GuardedOpenAI({ apiKey: "sk-key", fetch, telemetry: openTelemetry(api) }).chat.completions.create({ model: "gpt-5-mini", messages });
    const all = await ended();
    assert.equal(all.length, 1);
    assert.equal(all[0].attributes["tollgate.attempts"], 2);
  });

  it("tells spans or metrics only, where asked to", async () => {
    const client = (options) => new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), telemetry: openTelemetry(api, options) });
    await client({ spans: false }).chat.completions.create({ model: "gpt-5-mini", messages });
    assert.equal((await ended()).length, 0);
    assert.equal((await measured())["gen_ai.client.token.usage"].dataPoints.length, 2);
    await client({ metrics: false }).chat.completions.create({ model: "gpt-5-mini", messages });
    assert.equal((await ended()).length, 1);
    assert.equal((await measured())["gen_ai.client.token.usage"]?.dataPoints.length ?? 0, 0);
    assert.throws(() => openTelemetry(api, { span: true }), { code: "unknown_option" });
  });
});

describe("callLog", () => {
  it("writes one entry for each call, without content", async () => {
    const entries = [];
    const log = callLog({ write: (entry) => entries.push(entry) });
    const client = (config) => new GuardedOpenAI({ apiKey: "sk-key", fetch: async () => json(chat), maxRetries: 0, telemetry: log, ...config });
    const request = { model: "gpt-5-mini", messages };
    const { security } = await client({ agentId: "a1" }).chat.completions.create(request);
    const { time, durationMs, ...entry } = entries[0];
    assert.deepEqual(entry, { level: "info", event: "llm.call", requestId: security.requestId, agentId: "a1", provider: "openai", model: "gpt-5-mini", operation: "chat", url: CHAT, streamed: false, attempts: 1, inputTokens: 1200, outputTokens: 40, usd: security.costRecord.usd, outcome: "ok" });
    assert.ok(!Number.isNaN(Date.parse(time)) && durationMs >= 0);
    await assert.rejects(client({ guardrailEngine: pii("block") }).chat.completions.create({ ...request, messages: [{ role: "user", content: MAIL }] }));
    assert.deepEqual([entries[1].level, entries[1].error.type, entries[1].failedGuardrails.length], ["warn", "guardrail_blocked", 1]);
    await assert.rejects(client({ fetch: async () => json({ error: { message: SECRET } }, { status: 500 }) }).chat.completions.create(request));
    assert.deepEqual([entries[2].level, entries[2].error], ["error", { type: "500" }]);
    await client({ guardrailEngine: pii("redact") }).chat.completions.create({ ...request, messages: [{ role: "user", content: MAIL }] });
    assert.equal(entries[3].redactions, 1);
    const text = JSON.stringify(entries);
    assert.ok(!text.includes(SECRET) && !text.includes(MAIL) && !text.includes("the answer") && !text.includes("sk-key"));
  });

  it("stands beside other observers, and breaks no call", async () => {
    const entries = [];
    const bad = { begin: () => ({ run: () => { throw new Error("run"); }, end: () => { throw new Error("end"); } }) };
    const worse = { begin: () => { throw new Error("begin"); } };
    let sent = 0;
    const twice = { begin: () => ({ run: (send) => (send(), send()), end: () => undefined }) };
    const client = new GuardedAnthropic({
      apiKey: "sk-key",
      fetch: async () => ((sent += 1), json({ id: "m", type: "message", role: "assistant", model: "claude-sonnet-4-5", content: [{ type: "text", text: "Hi" }], stop_reason: "end_turn", stop_sequence: null, usage: { input_tokens: 9, output_tokens: 4 } })),
      telemetry: [bad, worse, twice, callLog({ write: (entry) => entries.push(entry) })],
    });
    const { content } = await client.messages.create({ model: "claude-sonnet-4-5", max_tokens: 5, messages });
    assert.equal(content[0].text, "Hi");
    assert.deepEqual([sent, entries.length], [1, 1]);
  });
});
