// Guardrails that judge a whole, as a program's author would write them.
import {
  CallbackGuardrail,
  GuardedOpenAI,
  Guardrail,
  GuardrailEngine,
  GuardrailResult,
  JsonSchemaGuardrail,
  LLMGuardrail,
  ToolPolicyGuardrail,
  engineFromBundle,
  type GuardToolCall,
  type SchemaProblem,
  type ToolViolation,
} from "tollgate";

const engine = new GuardrailEngine({ mode: "monitor" });

engine.registerGuardrail(
  new CallbackGuardrail({
    callback: (text, { stage, signal, toolCalls }) => {
      const calls: GuardToolCall[] = toolCalls ?? [];
      return !signal.aborted && (stage !== "tool_call" || calls.length < 3) && text !== "";
    },
    onFailure: "allow",
  }),
);
engine.registerGuardrail(new CallbackGuardrail({ callback: async () => ({ passed: true, action: "redact", text: "" }) }));
// @ts-expect-error an answer says whether it passed
new CallbackGuardrail({ callback: () => ({ action: "allow" }) });

class Mine extends Guardrail {
  override async evaluate(input: unknown): Promise<GuardrailResult> {
    return new GuardrailResult({ passed: input !== "", action: "allow" });
  }
}
engine.registerGuardrail(new Mine({ stages: ["input"], timeout: 10, onFailure: "block" }));

const client = new GuardedOpenAI({ apiKey: "sk-..." });
engine.registerGuardrail(new LLMGuardrail({ model: "gpt-5-mini", policy: "x", client }));
engine.registerGuardrail(new LLMGuardrail({ model: "gpt-5-mini", policy: "x", apiKey: async () => "sk-...", threshold: 0.5 }));
// @ts-expect-error a judge needs a policy
new LLMGuardrail({ model: "gpt-5-mini", apiKey: "sk-..." });

const problems: SchemaProblem[] = new JsonSchemaGuardrail({ schema: { type: "object" }, extract: true }).check("{}");
const policy = new ToolPolicyGuardrail({ tools: { fetch: { maxCalls: 1, arguments: { url: { hosts: ["*.example.com"] } } } } });
const violations: ToolViolation[] = policy.check([{ name: "fetch", arguments: "{}" }]);
// @ts-expect-error only block and warn
new ToolPolicyGuardrail({ action: "redact" });

export const paths: (string | undefined)[] = [...problems, ...violations].map(({ path }) => path);
export const bundled: GuardrailEngine = engineFromBundle({ version: 1, input: { guardrails: [{ name: "Secret Keys" }] } });
export const waits: "buffered" = policy.streaming;
