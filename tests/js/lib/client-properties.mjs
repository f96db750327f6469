// Properties P17 to P43 of a guarded call, for each client: what happens, and in which order. For every host: nothing of Node's is needed,
// and `assert` comes from who runs them.
import {
  BudgetExceededError,
  BudgetManager,
  CostTracker,
  Guardrail,
  GuardrailBlockedError,
  GuardrailEngine,
  GuardrailResult,
  GuardedAnthropic,
  GuardedAzureOpenAI,
  GuardedOpenAI,
  InMemoryCostStorage,
} from "tollgate";

import { createProvider } from "../../../examples/local-provider/handler.mjs";
import { random } from "./records.mjs";

const WORDS = ["summer", "list", "why", "été", "🙂", "data", "a", "because", "\"quoted\"", "line\nbreak"];

/** The clients: what they ask, and where their answers have the text. `numbers` are those of their properties. */
export const CLIENTS = {
  OpenAI: {
    numbers: { before: "P17 P19 P20 P22", input: "P18", budget: "P21", output: "P23", after: "P24 P25 P26 P27" },
    provider: "openai",
    models: ["gpt-5", "gpt-5-mini", "gpt-4o", "gpt-4.1-nano"],
    make: (config) => new GuardedOpenAI({ apiKey: "sk-local", ...config }),
    kind: (client) => client.chat.completions,
    body: ({ max, ...rest }) => ({ ...rest, max_completion_tokens: max }),
    text: (answer) => answer.choices[0].message.content,
    piece: (chunk) => chunk.choices[0]?.delta.content ?? "",
    metadata: () => ({}),
  },
  Anthropic: {
    numbers: { before: "P28 P30 P31 P33 P36", input: "P29", budget: "P32", output: "P34", after: "P35" },
    provider: "anthropic",
    models: ["claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-1"],
    make: (config) => new GuardedAnthropic({ apiKey: "sk-ant-local", ...config }),
    kind: (client) => client.messages,
    body: ({ max, messages, ...rest }) => {
      const system = messages.filter(({ role }) => role === "system").map(({ content }) => content)[0];
      const said = messages.filter(({ role }) => role === "user");
      return { ...rest, max_tokens: max, messages: said.length > 0 ? said : [{ role: "user", content: "a" }], ...(system && { system }) };
    },
    text: (answer) => answer.content[0].text,
    piece: (event) => event.delta?.text ?? "",
    metadata: () => ({}),
  },
  "Azure OpenAI": {
    numbers: { before: "P37 P39 P40", input: "P38", budget: "P41", output: "P42", after: "P43" },
    provider: "azure-openai",
    models: ["gpt-4o", "gpt-4o-mini", "gpt-4.1"],
    make: (config) => new GuardedAzureOpenAI({ endpoint: "https://me.openai.azure.com", apiKey: "local", deployments: DEPLOYMENTS, ...config }),
    kind: (client) => client.chat.completions,
    body: ({ max, model, ...rest }) => ({ ...rest, deployment: `my-${model}`, max_tokens: max }),
    text: (answer) => answer.choices[0].message.content,
    piece: (chunk) => chunk.choices[0]?.delta.content ?? "",
    metadata: ({ deployment }) => ({ deployment }),
  },
};
const DEPLOYMENTS = { "my-gpt-4o": "gpt-4o", "my-gpt-4o-mini": "gpt-4o-mini", "my-gpt-4.1": "gpt-4.1" };

/** A random program: what it asks, what its guardrails think, what its budget holds. */
export function program(seed, kind) {
  const next = random(seed);
  const below = (n) => Math.floor(next() * n);
  const words = (n) => Array.from({ length: 1 + below(n) }, () => WORDS[below(WORDS.length)]).join(" ");
  const stream = next() < 0.5;
  const model = kind.models[below(kind.models.length)];
  const asked = {
    model,
    messages: Array.from({ length: 1 + below(3) }, (_, index) =>
      next() < 0.3
        ? { role: index === 0 ? "system" : "user", content: [{ type: "text", text: words(6) }] }
        : { role: "user", content: words(10) },
    ),
    max: 20 + below(200),
    ...(stream && { stream: true }),
  };
  return { kind, model, body: kind.body(asked), answer: words(30), cachedTokens: below(3), metadata: { n: below(1000) } };
}

/** Runs a program and keeps a log of what happened. */
async function run({ kind, body, answer, cachedTokens, metadata }, { failInput = false, failOutput = false, limit = "1000" } = {}) {
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
  const client = kind.make({
    // Nothing is sent from the page.
    dangerouslyAllowBrowser: true,
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
    const result = await kind.kind(client).create(body, { tollgate: { agentId: "agent", metadata } });
    if (body.stream) {
      outcome.security = result.security;
      outcome.text = "";
      for await (const chunk of result) outcome.text += kind.piece(chunk);
    } else {
      outcome.text = kind.text(result);
      outcome.security = result.security;
    }
  } catch (error) {
    outcome.error = error;
  }
  outcome.security = await outcome.security;
  return outcome;
}

const verbs = ({ log }) => log.map(([verb]) => verb);

/** The properties of a client: their names, and what each says of a program. */
export const propertiesOf = (kind, assert) => {
  const { numbers } = kind;
  const properties = {};
  properties[`${numbers.before} input guardrails, estimate and budget come before the call, output guardrails after it`] = async (given) => {
    const result = await run(given);
    assert.equal(result.error, undefined);
    assert.deepEqual(verbs(result), ["input", "reserve", "fetch", "output"]);
    const texts = [{ content: given.body.system ?? [] }, ...given.body.messages].flatMap(({ content }) => (typeof content === "string" ? [content] : content.map(({ text }) => text)));
    assert.ok(texts.every((text) => result.log[0][1].includes(text)), "every text of every message");
    assert.equal(result.log[3][1], result.text, "the answer as it came");
    assert.ok(Number(result.log[1][1]) >= Number(result.security.costRecord.usd), "what is reserved is never below what is spent");
  };

  properties[`${numbers.input} a failing input is an error, and nothing is sent`] = async (given) => {
    const result = await run(given, { failInput: true });
    assert.ok(result.error instanceof GuardrailBlockedError);
    assert.deepEqual([result.error.stage, result.error.failedGuardrails, result.error.riskScore], ["input", ["watch"], 70]);
    assert.deepEqual(verbs(result), ["input"]);
    assert.equal(result.costStorage.size(), 0);
  };

  properties[`${numbers.budget} a refused budget is an error, and nothing is sent`] = async (given) => {
    const result = await run(given, { limit: "0.000000001" });
    assert.ok(result.error instanceof BudgetExceededError);
    assert.deepEqual(verbs(result), ["input", "reserve"]);
    assert.equal((await result.budgetManager.getBudgetStatus(result.budget.id)).spentUsd, "0");
  };

  properties[`${numbers.output} a failing output is an error, and is paid and recorded`] = async (given) => {
    const result = await run(given, { failOutput: true });
    assert.ok(result.error instanceof GuardrailBlockedError);
    assert.equal(result.error.stage, "output");
    assert.equal(result.text ?? "", "");
    const [record] = await result.costStorage.getByAgentId("agent");
    assert.equal(record.outcome, "blocked_output");
    assert.equal((await result.budgetManager.getBudgetStatus(result.budget.id)).spentUsd, record.usd);
  };

  properties[`${numbers.after} the cost is that of the usage, stored, told to the budget, and in the metadata`] = async (given) => {
    const result = await run(given);
    const { costRecord, costEstimate, guardrailResult, outputGuardrailResult, budgetCheck, requestId } = result.security;
    const priced = new CostTracker().calculateActualCost(requestId, "agent", given.model, costRecord.actualTokens, kind.provider);
    assert.equal(costRecord.usd, priced.usd);
    assert.deepEqual([costRecord.provider, costEstimate.provider], [kind.provider, kind.provider]);
    assert.equal(costRecord.actualTokens.cacheReadTokens ?? 0, given.cachedTokens);
    assert.deepEqual(await result.costStorage.getByRequestId(requestId), [costRecord]);
    assert.deepEqual(costRecord.metadata, { ...kind.metadata(given.body), ...given.metadata });
    const status = await result.budgetManager.getBudgetStatus(result.budget.id);
    assert.deepEqual([status.spentUsd, status.heldUsd], [costRecord.usd, "0"]);
    assert.ok(costEstimate.priced && guardrailResult.passed && outputGuardrailResult.passed && budgetCheck.allowed);
  };
  return properties;
};
