// Properties P17 to P27 of a guarded call, over a hundred random programs each: what happens, and in which order.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import {
  BudgetExceededError,
  BudgetManager,
  CostTracker,
  Guardrail,
  GuardrailBlockedError,
  GuardrailEngine,
  GuardrailResult,
  GuardedOpenAI,
  InMemoryCostStorage,
} from "tollgate";

import { createProvider } from "../../examples/local-provider/handler.mjs";
import { random } from "./lib/records.mjs";

const CASES = 100;
const WORDS = ["summer", "list", "why", "été", "🙂", "data", "a", "because", "\"quoted\"", "line\nbreak"];
const MODELS = ["gpt-5", "gpt-5-mini", "gpt-4o", "gpt-4.1-nano"];

/** A random program: what it asks, what its guardrails think, what its budget holds. */
function program(seed) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const words = (n) => Array.from({ length: 1 + below(n) }, () => WORDS[below(WORDS.length)]).join(" ");
  const stream = next() < 0.5;
  const body = {
    model: MODELS[below(MODELS.length)],
    messages: Array.from({ length: 1 + below(3) }, (_, index) =>
      next() < 0.3
        ? { role: index === 0 ? "system" : "user", content: [{ type: "text", text: words(6) }] }
        : { role: "user", content: words(10) },
    ),
    max_completion_tokens: 20 + below(200),
    ...(stream && { stream: true }),
  };
  return { body, answer: words(30), cachedTokens: below(3), metadata: { n: below(1000) } };
}

/** Runs a program and keeps a log of what happened. */
async function run({ body, answer, cachedTokens, metadata }, { failInput = false, failOutput = false, limit = "1000" } = {}) {
  const log = [];
  const provider = createProvider();
  provider.script({ text: answer, ...(cachedTokens && { cachedTokens }) });
  let calls = 0;
  class Watch extends Guardrail {
    async evaluate(input) {
      calls += 1;
      const stage = calls === 1 ? "input" : "output";
      log.push([stage, input]);
      const fails = stage === "input" ? failInput : failOutput;
      return new GuardrailResult({ passed: !fails, action: fails ? "block" : "allow", riskScore: fails ? 70 : 0 });
    }
  }
  const guardrailEngine = new GuardrailEngine();
  guardrailEngine.registerGuardrail(new Watch({ name: "watch" }));
  const budgetManager = new BudgetManager();
  const budget = budgetManager.createBudget({ name: "b", limit, period: "total", action: "block" });
  const reserve = budgetManager.reserve.bind(budgetManager);
  budgetManager.reserve = async (request) => {
    const reservation = await reserve(request);
    log.push(["reserve", request.amount, reservation.allowed]);
    return reservation;
  };
  const costStorage = new InMemoryCostStorage();
  const client = new GuardedOpenAI({
    apiKey: "sk-local",
    guardrailEngine,
    budgetManager,
    costStorage,
    fetch: async (url, init) => {
      log.push(["fetch", JSON.parse(init.body)]);
      const response = await provider.handle(new Request(url, init));
      return response;
    },
  });
  const outcome = { log, budgetManager, budget, costStorage };
  try {
    const result = await client.chat.completions.create(body, { tollgate: { agentId: "agent", metadata } });
    if (body.stream) {
      outcome.security = result.security;
      outcome.text = "";
      for await (const chunk of result) outcome.text += chunk.choices[0]?.delta.content ?? "";
    } else {
      outcome.text = result.choices[0].message.content;
      outcome.security = result.security;
    }
  } catch (error) {
    outcome.error = error;
  }
  outcome.security = await outcome.security;
  return outcome;
}

const verbs = ({ log }) => log.map(([verb]) => verb);

/** The property over a hundred programs. */
function property(name, check) {
  it(name, async () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      await check(program(seed)).catch((error) => {
        error.message = `seed ${seed}: ${error.message}`;
        throw error;
      });
    }
  });
}

describe("a guarded call", () => {
  property("P17 P19 P20 P22 input guardrails, estimate and budget come before the call, output guardrails after it", async (given) => {
    const result = await run(given);
    assert.equal(result.error, undefined);
    assert.deepEqual(verbs(result), ["input", "reserve", "fetch", "output"]);
    const texts = given.body.messages.flatMap(({ content }) => (typeof content === "string" ? [content] : content.map(({ text }) => text)));
    assert.ok(texts.every((text) => result.log[0][1].includes(text)), "P17: every text of every message");
    assert.equal(result.log[3][1], result.text, "P22: the answer as it came");
    assert.ok(Number(result.log[1][1]) >= Number(result.security.costRecord.usd), "P20: what is reserved is never below what is spent");
  });

  property("P18 a failing input is an error, and nothing is sent", async (given) => {
    const result = await run(given, { failInput: true });
    assert.ok(result.error instanceof GuardrailBlockedError);
    assert.deepEqual([result.error.stage, result.error.failedGuardrails, result.error.riskScore], ["input", ["watch"], 70]);
    assert.deepEqual(verbs(result), ["input"]);
    assert.equal(result.costStorage.size(), 0);
  });

  property("P21 a refused budget is an error, and nothing is sent", async (given) => {
    const result = await run(given, { limit: "0.000000001" });
    assert.ok(result.error instanceof BudgetExceededError);
    assert.deepEqual(verbs(result), ["input", "reserve"]);
    assert.equal((await result.budgetManager.getBudgetStatus(result.budget.id)).spentUsd, "0");
  });

  property("P23 a failing output is an error, and is paid and recorded", async (given) => {
    const result = await run(given, { failOutput: true });
    assert.ok(result.error instanceof GuardrailBlockedError);
    assert.equal(result.error.stage, "output");
    assert.equal(result.text ?? "", "");
    const [record] = await result.costStorage.getByAgentId("agent");
    assert.equal(record.outcome, "blocked_output");
    assert.equal((await result.budgetManager.getBudgetStatus(result.budget.id)).spentUsd, record.usd);
  });

  property("P24 P25 P26 P27 the cost is that of the usage, stored, told to the budget, and in the metadata", async (given) => {
    const result = await run(given);
    const { costRecord, costEstimate, guardrailResult, outputGuardrailResult, budgetCheck, requestId } = result.security;
    const priced = new CostTracker().calculateActualCost(requestId, "agent", given.body.model, costRecord.actualTokens, "openai");
    assert.equal(costRecord.usd, priced.usd, "P24");
    assert.equal(costRecord.actualTokens.cacheReadTokens ?? 0, given.cachedTokens);
    assert.deepEqual(await result.costStorage.getByRequestId(requestId), [costRecord], "P25");
    assert.deepEqual(costRecord.metadata, given.metadata);
    const status = await result.budgetManager.getBudgetStatus(result.budget.id);
    assert.deepEqual([status.spentUsd, status.heldUsd], [costRecord.usd, "0"], "P26");
    assert.ok(costEstimate.priced && guardrailResult.passed && outputGuardrailResult.passed && budgetCheck.allowed, "P27");
  });
});
