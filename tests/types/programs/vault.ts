// A conversation behind a vault, as a program's author would write it.
import { GuardedOpenAI, GuardrailEngine, PIIDetectionGuardrail, Vault, type VaultRestored, type VaultRestoreStream } from "tollgate";

const vault = new Vault({ action: "surrogate", detectTypes: ["email"], secrets: false, allow: ["*@firm.example"], hashKey: "0123456789abcdef" });
const client = new GuardedOpenAI({ apiKey: "sk-...", context: { vault } }).with({ vault });

export async function chat(): Promise<string[]> {
  const answer = await client.chat.completions.create({ model: "gpt-4o-mini", messages: [] }, { tollgate: { vault } });
  return answer.security.vault?.notRestored ?? [];
}

export function byHand(text: string): string {
  const stream: VaultRestoreStream = vault.restoreStream();
  const report: VaultRestored = vault.restoreWithReport(vault.redact(text));
  return stream.push(report.text) + stream.end() + vault.restoreArguments("{}") + stream.notRestored.join() + vault.size.toFixed();
}

export async function kept(key: CryptoKey): Promise<Vault> {
  return Vault.import(await vault.export(key), key, { action: "tokenise" });
}

const engine = new GuardrailEngine();
engine.registerGuardrail(new PIIDetectionGuardrail({ action: "tokenize", actions: { email: "surrogate", phone: "hash" }, hashKey: "0123456789abcdef" }));
engine.scan("", { vault });
engine.stream({ vault, stage: "input" });
void engine.execute("", { vault });
// @ts-expect-error what a vault does is not to refuse
new Vault({ action: "block" });
// @ts-expect-error a key is needed
void vault.export();
