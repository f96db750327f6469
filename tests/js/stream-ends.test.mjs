// Streams that end before their end: by their caller, their reader, a budget or a guardrail. What was delivered, and what was
// settled, to the digit, in every format.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { BudgetExceededError, BudgetManager, CostTracker, GuardedOpenAI, InMemoryCostStorage, MemoryBudgetLedger, TollgateError, createGuardedFetch } from "tollgate";

import { CHAT, CHAT_EVENTS, GEMINI_EVENTS, MAIL, MESSAGES, MESSAGE_EVENTS, RESPONSES, RESPONSE_EVENTS, pii, post } from "./lib/wire.mjs";

// A model of one's own at 1 USD a million input tokens and 2 USD a million output tokens: nothing bounds its output.
const MODEL = "house-1";
const costTracker = new CostTracker({ customPricing: { [MODEL]: { rates: { input: 1, output: 2 } } } });
const GEMINI = `https://generativelanguage.googleapis.com/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`;

const FORMATS = [
  ["chat", CHAT, CHAT_EVENTS, {}, { model: MODEL, stream: true, messages: [{ role: "user", content: "Hi" }] }, (event) => event.choices?.[0]?.delta.content],
  ["responses", RESPONSES, RESPONSE_EVENTS, { named: true }, { model: MODEL, stream: true, input: "Hi" }, (event) => (event.type === "response.output_text.delta" ? event.delta : "")],
  // Its input is what the request's bytes are at most: the caches of the documents' example are left out.
  ["messages", MESSAGES, (...deltas) => MESSAGE_EVENTS(...deltas).map((event) => (event.message ? { ...event, message: { ...event.message, usage: { input_tokens: 2, output_tokens: 1 } } } : event)), { named: true }, { model: MODEL, stream: true, messages: [{ role: "user", content: "Hi" }] }, (event) => event.delta?.text],
  ["gemini", GEMINI, GEMINI_EVENTS, {}, { contents: [{ role: "user", parts: [{ text: "Hi" }] }] }, (event) => event.candidates?.[0].content.parts[0].text],
];

const bytesOf = (text) => new TextEncoder().encode(text).length;
/** So many millionths of a dollar, as money is written. */
const usd = (micro) => (micro / 1e6).toFixed(6).replace(/\.?0+$/, "");

/** A provider whose stream comes in pieces of a size (0: an event each), and waits for ever after `upTo` events. */
const provider = (list, { named = false, size = 0, upTo = list.length } = {}) => {
  const said = list.slice(0, upTo).map((event) => `${named ? `event: ${event.type}\n` : ""}data: ${JSON.stringify(event)}\n\n`);
  const whole = new TextEncoder().encode(said.join(""));
  const pieces = size === 0 ? said.map((text) => new TextEncoder().encode(text)) : Array.from({ length: Math.ceil(whole.length / size) }, (_, at) => whole.slice(at * size, (at + 1) * size));
  const seen = { cancelled: false, body: undefined, given: 0 };
  const fetch = async (_url, init) => {
    seen.body = init.body;
    const body = new ReadableStream(
      {
        pull(out) {
          if (seen.given < pieces.length) out.enqueue(pieces[seen.given++]);
          else if (upTo < list.length) return new Promise(() => undefined);
          else out.close();
        },
        cancel: () => void (seen.cancelled = true),
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  return { seen, fetch };
};

/** What events in bytes say, and the error that they end with. */
const parsed = (text, textOf) => {
  const events = text.split("\n\n").flatMap((event) => event.split("\n").filter((line) => line.startsWith("data: ")).map((line) => JSON.parse(line.slice(6))));
  const error = events.find((event) => event.error !== undefined);
  return { text: events.filter((event) => event.error === undefined).map((event) => textOf(event) ?? "").join(""), error };
};

/** A guarded fetch on a budget. */
const guarded = (fetch, limit, config = {}, ledger = undefined) => {
  const budgetManager = new BudgetManager(undefined, ledger && { ledger });
  const { id } = budgetManager.createBudget({ name: "team", limit, period: "daily", action: "block" });
  const costStorage = new InMemoryCostStorage();
  const blocked = [];
  const owed = [];
  const made = createGuardedFetch({ fetch, costTracker, budgetManager, costStorage, allowUnbounded: true, defaultMaxOutputTokens: 1, outputBound: "model", onBlocked: (error) => blocked.push(error), context: { waitUntil: (promise) => owed.push(promise) }, ...config });
  const spent = async () => {
    const { spentUsd, heldUsd } = await budgetManager.getBudgetStatus(id);
    return { spentUsd, heldUsd };
  };
  const records = () => costStorage.getByDateRange(new Date(0), new Date("2100-01-01"));
  return { fetch: made, blocked, owed, spent, records, budgetManager };
};

const DELTAS = Array.from({ length: 40 }, (_, at) => `word ${at}, `);

for (const [format, url, made, options, body, textOf] of FORMATS) {
  /** Reads until so much text has come. */
  const readTo = async (reader, length) => {
    const decoder = new TextDecoder();
    let text = "";
    while (parsed(text.slice(0, text.lastIndexOf("\n\n") + 2), textOf).text.length < length) text += decoder.decode((await reader.read()).value, { stream: true });
    return parsed(text, textOf).text;
  };
  // Events before the first text.
  const before = made("x").findIndex((event) => (textOf(event) ?? "") !== "");

  describe(`a stream of ${format}`, () => {
    for (const size of [0, 1, 37, 1 << 20]) {
      it(`ends where the budget does, in pieces of ${size || "an event"}`, async () => {
        const { seen, fetch } = provider(made(...DELTAS), { ...options, size });
        const limit = 400;
        const { fetch: send, blocked, owed, spent, records } = guarded(fetch, usd(limit));
        const response = await send(url, post(body));
        const { text, error } = parsed(await response.text(), textOf);
        await Promise.all(owed);
        // Up to the event by which more came than there is money for, and no further.
        const input = bytesOf(seen.body);
        const cost = (count) => input + 2 * bytesOf(DELTAS.slice(0, count).join(""));
        const last = DELTAS.findIndex((_, at) => cost(at + 1) > limit) + 1;
        assert.ok(last > 3 && last < DELTAS.length, `${last} of ${DELTAS.length}`);
        assert.equal(text, DELTAS.slice(0, last).join(""));
        const [record] = await records();
        assert.equal(record.usd, usd(cost(last)));
        assert.deepEqual([record.outcome, record.estimated, record.costSource], ["aborted", "aborted", "estimated"]);
        assert.equal(record.overReservationUsd, usd(cost(last) - limit));
        assert.deepEqual(await spent(), { spentUsd: usd(cost(last)), heldUsd: "0" });
        assert.equal(blocked.length, 1);
        assert.ok(blocked[0] instanceof BudgetExceededError);
        assert.equal(blocked[0].code, "budget_stream_exhausted");
        assert.equal(blocked[0].budget.name, "team");
        assert.deepEqual([blocked[0].cost, blocked[0].remaining], [usd(cost(last)), "0"]);
        assert.match(blocked[0].message, /^cannot go on with the stream: expected budget team to pay for \$0\.0004\d*/);
        assert.equal(TollgateError.from(error).code, "budget_stream_exhausted");
        assert.equal(seen.cancelled || size === 1 << 20, true);
      });
    }

    it("asks the budget for more than was reserved, and goes on", async () => {
      const { fetch } = provider(made(...DELTAS), options);
      const ledger = new MemoryBudgetLedger();
      const asked = [];
      const { reserve, release } = ledger;
      ledger.reserve = (request) => (asked.push([request.reservationId, Number(request.usd)]), reserve.call(ledger, request));
      const released = [];
      ledger.release = (id) => (released.push(id), release.call(ledger, id));
      const { fetch: send, blocked, owed, spent, records } = guarded(fetch, 1, {}, ledger);
      const { text } = parsed(await (await send(url, post(body))).text(), textOf);
      await Promise.all(owed);
      assert.equal(text, DELTAS.join(""));
      assert.deepEqual(blocked, []);
      // Each time twice what had come: few questions, whatever the length.
      assert.ok(asked.length > 2 && asked.length < 7, JSON.stringify(asked));
      assert.deepEqual(released, asked.slice(1).map(([id]) => id));
      const [record] = await records();
      assert.deepEqual([record.outcome, record.overReservationUsd], ["ok", undefined]);
      assert.deepEqual(await spent(), { spentUsd: record.usd, heldUsd: "0" });
    });

    it("that is given up while it asks for more gives back what is granted after that", async () => {
      const { fetch } = provider(made(...DELTAS), options);
      const ledger = new MemoryBudgetLedger();
      const { reserve, release } = ledger;
      const controller = new AbortController();
      let granted;
      const late = new Promise((resolve) => (granted = resolve));
      let calls = 0;
      const grown = [];
      ledger.reserve = async (request) => {
        calls += 1;
        if (calls > 1) {
          grown.push(request.reservationId);
          // Its caller goes while the ledger thinks.
          controller.abort(new Error("enough"));
          await late;
        }
        return reserve.call(ledger, request);
      };
      const released = [];
      ledger.release = (id) => (released.push(id), release.call(ledger, id));
      const { fetch: send, owed, spent, records } = guarded(fetch, 1, {}, ledger);
      await assert.rejects((await send(url, post(body, { signal: controller.signal }))).text(), { message: "enough" });
      granted();
      for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
      await Promise.all(owed);
      const all = await records();
      assert.deepEqual(all.map(({ outcome }) => outcome), ["aborted"]);
      assert.equal(grown.length, 1);
      assert.ok(released.includes(grown[0]), `${released}`);
      assert.deepEqual(await spent(), { spentUsd: all[0].usd, heldUsd: "0" });
    });

    it("shares the last of a budget with another to the digit", async () => {
      const { fetch } = provider(made(...DELTAS), options);
      const again = provider(made(...DELTAS), options);
      let turn = 0;
      const limit = 700;
      const { fetch: send, owed, spent, records, blocked } = guarded((...args) => ((turn += 1) === 1 ? fetch(...args) : again.fetch(...args)), usd(limit));
      const texts = await Promise.all([0, 1].map(async () => parsed(await (await send(url, post(body))).text(), textOf).text));
      await Promise.all(owed);
      const all = await records();
      assert.equal(all.length, 2);
      assert.ok(texts.every((text) => DELTAS.join("").startsWith(text)));
      assert.ok(blocked.length >= 1 && blocked.every(({ code }) => code === "budget_stream_exhausted"), `${blocked}`);
      // What both were charged is what was spent; above the limit is only the event of each that passed it.
      const sum = all.reduce((sum, record) => sum + Math.round(Number(record.usd) * 1e6), 0);
      assert.deepEqual(await spent(), { spentUsd: usd(sum), heldUsd: "0" });
      const over = all.reduce((sum, { overReservationUsd = "0" }) => sum + Math.round(Number(overReservationUsd) * 1e6), 0);
      assert.ok(sum - over <= limit, `${sum} - ${over} > ${limit}`);
      assert.ok(over <= 2 * 2 * bytesOf(DELTAS[39]), `${over}`);
    });

    it("ends where the budget's store is gone", async () => {
      const { fetch } = provider(made(...DELTAS), options);
      const ledger = new MemoryBudgetLedger();
      let calls = 0;
      const { reserve } = ledger;
      ledger.reserve = (request) => {
        calls += 1;
        if (calls > 1) throw new Error("the store is gone");
        return reserve.call(ledger, request);
      };
      const errors = [];
      const { fetch: send, blocked, owed, spent, records } = guarded(fetch, 1, { onError: (error) => errors.push(error) }, ledger);
      const { text, error } = parsed(await (await send(url, post(body))).text(), textOf);
      await Promise.all(owed);
      assert.equal(TollgateError.from(error).code, "budget_unavailable");
      assert.deepEqual(blocked.map(({ code }) => code), ["budget_unavailable"]);
      assert.equal(errors[0].message, "the store is gone");
      const [record] = await records();
      assert.ok(DELTAS.join("").startsWith(text));
      assert.deepEqual(await spent(), { spentUsd: record.usd, heldUsd: "0" });
    });

    it("that its caller aborts is settled at what came", async () => {
      const { seen, fetch } = provider(made(...DELTAS), { ...options, upTo: before + 5 });
      const { fetch: send, owed, spent, records } = guarded(fetch, 1);
      const controller = new AbortController();
      const reader = (await send(url, post(body, { signal: controller.signal }))).body.getReader();
      const text = await readTo(reader, DELTAS.slice(0, 5).join("").length);
      const reason = new Error("enough");
      controller.abort(reason);
      await assert.rejects(reader.read(), (error) => error === reason);
      await Promise.all(owed);
      assert.equal(text, DELTAS.slice(0, 5).join(""));
      const [record] = await records();
      assert.equal(record.usd, usd(bytesOf(seen.body) + 2 * bytesOf(text)));
      assert.deepEqual([record.outcome, record.estimated], ["aborted", "aborted"]);
      assert.deepEqual(await spent(), { spentUsd: record.usd, heldUsd: "0" });
      assert.equal(seen.cancelled, true);
    });

    it("whose reader leaves is settled at what came, through waitUntil", async () => {
      const { seen, fetch } = provider(made(...DELTAS), { ...options, upTo: before + 3 });
      const { fetch: send, owed, spent, records } = guarded(fetch, 1);
      const reader = (await send(url, post(body))).body.getReader();
      const text = await readTo(reader, DELTAS.slice(0, 3).join("").length);
      assert.equal(owed.length, 1);
      await reader.cancel();
      await Promise.all(owed);
      assert.equal(text, DELTAS.slice(0, 3).join(""));
      const [record] = await records();
      assert.equal(record.usd, usd(bytesOf(seen.body) + 2 * bytesOf(text)));
      assert.deepEqual([record.outcome, record.estimated], ["aborted", "aborted"]);
      assert.deepEqual(await spent(), { spentUsd: record.usd, heldUsd: "0" });
      assert.equal(seen.cancelled, true);
    });

    it("that a guardrail blocks is settled at what came", async () => {
      const said = ["Hello. ", "Write to ", `${MAIL} `, "today. ", ...DELTAS];
      const { seen, fetch } = provider(made(...said), { ...options, upTo: before + 4 });
      const { fetch: send, blocked, owed, spent, records } = guarded(fetch, 1, { guardrailEngine: pii("block") });
      const { text, error } = parsed(await (await send(url, post(body))).text(), textOf);
      await Promise.all(owed);
      assert.equal(text, "Hello. Write to ");
      assert.equal(TollgateError.from(error).code, "guardrail_blocked");
      assert.deepEqual(blocked.map(({ code }) => code), ["guardrail_blocked"]);
      const [record] = await records();
      assert.equal(record.usd, usd(bytesOf(seen.body) + 2 * bytesOf(said.slice(0, 3).join(""))));
      assert.deepEqual([record.outcome, record.estimated], ["blocked_output", "aborted"]);
      assert.deepEqual(await spent(), { spentUsd: record.usd, heldUsd: "0" });
      assert.equal(seen.cancelled, true);
    });
  });
}

describe("a budget that runs out", () => {
  const client = (fetch, limit, config = {}) => {
    const budgetManager = new BudgetManager();
    budgetManager.createBudget({ name: "team", limit, period: "daily", action: "block" });
    return new GuardedOpenAI({ apiKey: "sk-x", fetch, costTracker, budgetManager, outputBound: "model", allowUnbounded: true, defaultMaxOutputTokens: 1, ...config });
  };
  const request = { model: MODEL, stream: true, messages: [{ role: "user", content: "Hi" }] };

  it("ends at once where it is given up between its head and its first piece", async () => {
    // However many turns of the queue lie between: at some of them nobody waits for anything.
    for (let turns = 0; turns < 14; turns += 1) {
      const controller = new AbortController();
      const reason = new Error("enough");
      const fetch = async () => {
        const response = new Response(new ReadableStream({ pull: () => new Promise(() => undefined) }), { headers: { "content-type": "text/event-stream" } });
        void (async () => {
          for (let turn = 0; turn < turns; turn += 1) await undefined;
          controller.abort(reason);
        })();
        return response;
      };
      const body = { model: "gpt-5-mini", stream: true, messages: [{ role: "user", content: "Hi" }] };
      const byClient = async () => {
        const stream = await new GuardedOpenAI({ apiKey: "k", maxRetries: 0, fetch }).chat.completions.create(body, { signal: controller.signal });
        for await (const _ of stream);
      };
      await assert.rejects(byClient, (error) => error === reason, `after ${turns} turns`);
    }
  });

  it("ends a client's stream with the error, after what was delivered", async () => {
    const { fetch } = provider(CHAT_EVENTS(...DELTAS));
    const stream = await client(fetch, "0.0004").chat.completions.create(request);
    let text = "";
    const failed = await (async () => {
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    })().catch((error) => error);
    assert.ok(failed instanceof BudgetExceededError);
    assert.equal(failed.code, "budget_stream_exhausted");
    assert.ok(text.length > 20 && DELTAS.join("").startsWith(text));
    const security = await stream.security;
    assert.equal(security.error, failed);
    assert.equal(failed.security.costRecord.usd, security.costRecord.usd);
  });

  it("cuts a provider that ignores the maximum, and no other", async () => {
    // Ten tokens at most are reserved, and many words are more than that by any count.
    const limited = { ...request, max_completion_tokens: 10 };
    for (const [deltas, ends] of [[Array.from({ length: 20 }, () => DELTAS).flat(), true], [["Ten tokens, ", "and no more."], false]]) {
      const { fetch, seen } = provider(CHAT_EVENTS(...deltas));
      // Exactly what is reserved.
      const { cost } = await client(fetch, 0, { allowUnbounded: false }).chat.completions.create(limited).catch((error) => error);
      const stream = await client(fetch, cost, { allowUnbounded: false }).chat.completions.create(limited);
      const failed = await (async () => {
        for await (const _ of stream);
      })().catch((error) => error);
      assert.equal(failed?.code, ends ? "budget_stream_exhausted" : undefined);
      assert.ok(seen.body.includes('"max_completion_tokens":10'));
    }
  });

  it("never ends a stream that only an alert watches", async () => {
    const budgetManager = new BudgetManager();
    const { id } = budgetManager.createBudget({ name: "team", limit: "0.000001", period: "daily", action: "alert" });
    const { fetch } = provider(CHAT_EVENTS(...DELTAS));
    const stream = await client(fetch, 1, { budgetManager, allowUnbounded: false }).chat.completions.create(request);
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    assert.equal(text, DELTAS.join(""));
    await stream.security;
    assert.equal((await budgetManager.getBudgetStatus(id)).isExceeded, true);
  });

  it("refuses a request that nothing bounds, unless allowUnbounded says otherwise", async () => {
    const { fetch } = provider(CHAT_EVENTS("x"));
    await assert.rejects(client(fetch, 1, { allowUnbounded: false }).chat.completions.create(request), { code: "unbounded" });
    const { choices } = await client(async () => new Response(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: MODEL, choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }], usage: { prompt_tokens: 2, completion_tokens: 1, total_tokens: 3 } }), { headers: { "content-type": "application/json" } }), 1).chat.completions.create({ ...request, stream: false });
    assert.equal(choices[0].message.content, "x");
  });
});

describe("a budget of tokens in a stream", () => {
  const EVENTS = 300;
  const body = { model: "free-1", stream: true, max_completion_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
  const free = new CostTracker({ customPricing: { "free-1": { rates: { input: 0, output: 0 } }, "costly-1": { rates: { input: 1, output: 2 } } } });

  for (const model of ["free-1", "costly-1"]) {
    it(`ends one that ignores its maximum behind the event that passes it: ${model}`, async () => {
      const budgetManager = new BudgetManager();
      const { id } = budgetManager.createBudget({ name: "tokens", unit: "tokens", limit: 3000, period: "daily", action: "block" });
      const { fetch, seen } = provider(CHAT_EVENTS(...Array.from({ length: EVENTS }, () => "x".repeat(100))));
      const client = new GuardedOpenAI({ apiKey: "sk-local", fetch, budgetManager, costTracker: free });
      const stream = await client.chat.completions.create({ ...body, model });
      await assert.rejects(async () => {
        for await (const _ of stream);
      }, (error) => error instanceof BudgetExceededError && error.code === "budget_stream_exhausted" && error.message.includes("tokens"));
      const { currentSpending, held } = await budgetManager.getBudgetStatus(id);
      assert.equal(held, 0);
      assert.ok(currentSpending > 2900 && currentSpending <= 3100, `expected the limit and one event of 100 bytes at most, found ${currentSpending}`);
      assert.ok(seen.cancelled && seen.given < EVENTS);
    });
  }

  it("charges each byte where far more than the maximum came, and no usage", async () => {
    const budgetManager = new BudgetManager();
    budgetManager.createBudget({ name: "money", limit: 5, period: "daily", action: "block" });
    const costStorage = new InMemoryCostStorage();
    const text = "갅뷁쉛".repeat(400);
    const { fetch } = provider(CHAT_EVENTS(text).filter((event) => !event.usage));
    const client = new GuardedOpenAI({ apiKey: "sk-local", fetch, budgetManager, costStorage });
    const stream = await client.chat.completions.create({ ...body, model: "gpt-4o-mini" });
    for await (const _ of stream);
    const { costRecord } = await stream.security;
    assert.equal(costRecord.actualTokens.outputTokens, bytesOf(text));
  });
});
