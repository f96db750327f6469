import { GuardrailEngine } from "./engine.js";
import { PromptInjectionGuardrail } from "./injection.js";
import { PIIDetectionGuardrail } from "./pii.js";
import { SecretDetectionGuardrail } from "./secrets.js";

/**
 * An engine with the built-in guardrails.
 *
 * - `strict`: personal data and secrets block, injection is looked for at high sensitivity
 * - `balanced` (if left out): personal data and secrets are redacted, injection blocks at medium sensitivity
 * - `permissive`: personal data is only reported, secrets are redacted, injection blocks at low sensitivity
 */
export function defaultEngine(preset: "strict" | "balanced" | "permissive" = "balanced"): GuardrailEngine {
  const strict = preset === "strict";
  const permissive = preset === "permissive";
  const engine = new GuardrailEngine();
  engine.registerGuardrail(new PIIDetectionGuardrail({ action: strict ? "block" : permissive ? "warn" : "redact" }));
  engine.registerGuardrail(new SecretDetectionGuardrail({ action: strict ? "block" : "redact" }));
  engine.registerGuardrail(new PromptInjectionGuardrail({ sensitivity: strict ? "high" : permissive ? "low" : "medium" }));
  return engine;
}
