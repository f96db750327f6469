// What is measured: our engine with each detector alone and with all, the guardrails of OpenAI's package that need no model, and
// regular expressions as people write them. `source` is a module whose `load` gives `{ scan, stream }`: `scan` answers how much was found, `stream` takes
// pieces.
import { fileURLToPath } from "node:url";

const dist = (name) => JSON.stringify(fileURLToPath(new URL(`../dist/${name}`, import.meta.url)));

const ours = (guardrails) => ({
  conditions: ["workerd"],
  source: `import { GuardrailEngine, PIIDetectionGuardrail, PromptInjectionGuardrail, SecretDetectionGuardrail } from ${dist("index.js")};
export async function load() {
  const engine = new GuardrailEngine();
  for (const guardrail of [${guardrails.join(", ")}]) engine.registerGuardrail(guardrail);
  return {
    scan: (text) => engine.scan(text).findings.length,
    stream(pieces) {
      const stream = engine.stream({ stage: "tool_result" });
      for (const piece of pieces) stream.push(piece);
      stream.end();
      return stream.result.findings.length;
    },
  };
}`,
});

const PII = 'new PIIDetectionGuardrail({ action: "redact" })';
const SECRETS = "new SecretDetectionGuardrail()";
// Reported, not blocked: a stream that is blocked has nothing more to do.
const INJECTION = 'new PromptInjectionGuardrail({ action: "warn" })';

export const PEERS = {
  all: ours([PII, SECRETS, INJECTION]),
  pii: ours([PII]),
  secrets: ours([SECRETS]),
  injection: ours([INJECTION]),
  // The two checks by themselves: the package's own entry needs Node. Of a file system they have no use.
  "@openai/guardrails": {
    without: ["fs/promises"],
    source: `import { PIIEntity, pii } from "@openai/guardrails/dist/checks/pii.js";
import { secretKeysCheck } from "@openai/guardrails/dist/checks/secret-keys.js";
// They decode with a Buffer, where a page and a Worker have none.
const bytesOf = (text, encoding) =>
  encoding === "hex" ? Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)) : Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
globalThis.Buffer ??= { from: (text, encoding) => Object.assign(bytesOf(text, encoding), { toString: () => new TextDecoder().decode(bytesOf(text, encoding)) }) };
// What it says of types that are to go is no part of a scan.
console.warn = () => {};
export async function load() {
  const entities = Object.values(PIIEntity);
  return {
    async scan(text) {
      const [data, keys] = [await pii(null, text, { entities, block: false }), await secretKeysCheck(null, text, { threshold: "balanced" })];
      return Number(data.tripwireTriggered) + Number(keys.tripwireTriggered);
    },
  };
}`,
  },
  regexes: {
    source: `const PATTERNS = [
  /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}/g,
  /(?:\\+?1[ .-]?)?\\(?\\d{3}\\)?[ .-]?\\d{3}[ .-]?\\d{4}\\b/g,
  /\\b\\d{3}-\\d{2}-\\d{4}\\b/g,
  /\\b(?:\\d[ -]?){13,16}\\b/g,
  /\\b(?:\\d{1,3}\\.){3}\\d{1,3}\\b/g,
  /\\b[A-Z]{2}\\d{2}(?: ?[A-Z0-9]{4}){3,7}/g,
  /\\b(?:sk-[A-Za-z0-9_-]{20,}|ghp_[A-Za-z0-9]{36}|AKIA[A-Z0-9]{16}|xox[bp]-[A-Za-z0-9-]+|eyJ[\\w-]+\\.[\\w-]+\\.[\\w-]+)/g,
  /(?:password|passwd|secret|token|api[_-]?key)["']?\\s*[:=]\\s*["']?[^\\s"']{8,}/gi,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/g,
  /ignore (?:all |any )?(?:the )?(?:previous|prior|above) (?:instructions|prompts|rules)/gi,
  /(?:you are now|pretend to be|act as) /gi,
  /(?:show|reveal|print|repeat) (?:me )?your (?:system )?(?:prompt|instructions)/gi,
];
export async function load() {
  return { scan: (text) => PATTERNS.reduce((sum, pattern) => sum + (text.match(pattern)?.length ?? 0), 0) };
}`,
  },
};
