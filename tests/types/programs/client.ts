// A program as its author would write it: everything it reads has a type, and nothing is `any`.
import {
  BudgetExceededError,
  BudgetManager,
  CostTracker,
  GuardedOpenAI,
  GuardrailBlockedError,
  GuardrailEngine,
  InMemoryCostStorage,
  PIIDetectionGuardrail,
  PromptInjectionGuardrail,
  SecretDetectionGuardrail,
  TollgateError,
  type CostRecord,
  type CostStorage,
  type CostSummary,
  type SecurityMetadata,
} from "tollgate";

/** Fails to compile unless the two types are the same; `any` is no type but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>): void => undefined;

const storage: CostStorage = new InMemoryCostStorage();
const engine = new GuardrailEngine({ timeout: 1000 });
engine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));
engine.registerGuardrail(new PromptInjectionGuardrail());
engine.registerGuardrail(new SecretDetectionGuardrail());
const budgetManager = new BudgetManager(storage, { timeZone: "Europe/Berlin" });
const budget = budgetManager.createBudget({ name: "team", limit: "12.50", period: "monthly", action: "block", scope: { type: "project", id: "x" } });
same<typeof budget.limitUsd, string>(true);
same<typeof budget.limit, number>(true);

const client = new GuardedOpenAI({
  apiKey: "sk-...",
  guardrailEngine: engine,
  costTracker: new CostTracker({ customPricing: { mine: { inputCostPer1K: "0.0001", outputCostPer1K: 0.0002 } } }),
  budgetManager,
  costStorage: storage,
  context: ({ url, model }) => ({ agentId: model ?? url }),
});

export async function plain(): Promise<string | undefined> {
  const answer = await client.chat.completions.create({ model: "gpt-4o-mini", messages: [{ role: "user", content: "hello" }] });
  same<typeof answer.security, SecurityMetadata>(true);
  const record: CostRecord | undefined = answer.security.costRecord;
  return record?.usd ?? answer.choices[0]?.message.content ?? undefined;
}

export async function streamed(signal: AbortSignal): Promise<string> {
  const stream = await client.with({ agentId: "a", scopes: [{ type: "user", id: "u" }] }).chat.completions.create(
    { model: "gpt-4o-mini", stream: true, messages: [{ role: "user", content: "hello" }] },
    { signal, timeout: 1000, headers: { "x-trace": "1" } },
  );
  let text = "";
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
  const { costRecord } = await stream.security;
  return `${text} ${costRecord?.usd}`;
}

export async function either(stream: boolean): Promise<string> {
  const answer = await client.chat.completions.create({ model: "gpt-4o-mini", stream, messages: [] });
  return "choices" in answer ? answer.id : (await answer.security).requestId;
}

export async function spent(): Promise<string> {
  const summary: CostSummary = await storage.getSummary("2025-01-01", new Date());
  return summary.usd.byAgent["a"] ?? summary.totalUsd;
}

export function explain(error: unknown): string {
  if (error instanceof BudgetExceededError) return error.code;
  if (error instanceof GuardrailBlockedError) return error.failedGuardrails.join();
  if (TollgateError.isInstance(error)) {
    // A code that the table does not have is a mistake that the compiler finds.
    // @ts-expect-error
    if (error.code === "no_such_code") return "";
    return error.message;
  }
  return String(error);
}

// What is refused when the program runs is refused when it is compiled.
// @ts-expect-error a key is needed
new GuardedOpenAI({});
// @ts-expect-error an option that nobody knows
new GuardedOpenAI({ apiKey: "sk-...", guardrails: engine });
// @ts-expect-error a period that there is not
budgetManager.createBudget({ name: "x", limit: 1, period: "yearly" });
// @ts-expect-error a limit that is no amount
budgetManager.createBudget({ name: "x", limit: true, period: "daily" });
// @ts-expect-error messages are needed
void client.chat.completions.create({ model: "gpt-4o-mini" });
