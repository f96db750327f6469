// What a guarded call adds to a bare fetch: guardrails over a 1 kB prompt and the answer, a reservation and its settlement
// with a blocking budget, the exact cost, the record. Both go over HTTP to the same simulator, in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
  BudgetManager,
  CostTracker,
  GuardedOpenAI,
  GuardrailEngine,
  InMemoryCostStorage,
  PIIDetectionGuardrail,
  PromptInjectionGuardrail,
  SecretDetectionGuardrail,
} from "../dist/index.js";
import { ROOT } from "../scripts/lib/run.mjs";
import { median } from "./measure.mjs";

const SENTENCE = "The harbour froze in the winter of 1709, and the ships lay still until the thaw came late in March. ";
const ROUNDS = 3000;
const WARM_UP = 500;

/** The medians of a bare and a guarded call and of what lies between them, in microseconds. */
export async function guardedCall() {
  const server = spawn(process.execPath, [join(ROOT, "examples/local-provider/serve.mjs")], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [url] = await once(createInterface({ input: server.stdout }), "line");
    return await measure(`${url}/v1`);
  } finally {
    server.kill();
  }
}

async function measure(baseURL) {
  const apiKey = "sk-local";
  const body = {
    model: "gpt-4o-mini",
    max_completion_tokens: 16,
    messages: [{ role: "user", content: SENTENCE.repeat(11).slice(0, 1024) }],
  };

  const guardrailEngine = new GuardrailEngine();
  for (const guardrail of [new PIIDetectionGuardrail(), new PromptInjectionGuardrail(), new SecretDetectionGuardrail()]) {
    guardrailEngine.registerGuardrail(guardrail);
  }
  const costStorage = new InMemoryCostStorage();
  const budgetManager = new BudgetManager(costStorage);
  budgetManager.createBudget({ name: "bench", limit: 1000, period: "monthly", action: "block" });
  const client = new GuardedOpenAI({ apiKey, baseURL, guardrailEngine, costTracker: new CostTracker(), budgetManager, costStorage });

  const guarded = async () => {
    const answer = await client.chat.completions.create(body);
    if (answer.security.costRecord?.priced !== true) throw new Error("expected a priced record of each call, found none");
  };
  const bare = async () => {
    const response = await fetch(`${baseURL}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (answer.choices?.length !== 1) throw new Error("expected one choice, found another number");
  };
  const timed = async (call) => {
    const begun = performance.now();
    await call();
    return (performance.now() - begun) * 1000;
  };

  const times = { bare: [], guarded: [], added: [] };
  for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
    // In turns, each first in every other round: what drifts on the machine drifts for both.
    let first, second;
    if (round % 2 === 0) [first, second] = [await timed(bare), await timed(guarded)];
    else [second, first] = [await timed(guarded), await timed(bare)];
    if (round < WARM_UP) continue;
    times.bare.push(first);
    times.guarded.push(second);
    times.added.push(second - first);
  }
  return { bare: median(times.bare), guarded: median(times.guarded), added: median(times.added) };
}
