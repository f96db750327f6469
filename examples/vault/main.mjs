// @ts-check
/**
 * A conversation whose model sees no personal data: `node examples/vault/main.mjs`. It talks to the local provider, and shows what
 * that was sent.
 *
 * @module
 */

import process from "node:process";
import { GuardedOpenAI, Vault } from "tollgate";
import { startProvider } from "../local-provider/provider.mjs";

const provider = await startProvider();
try {
  const client = new GuardedOpenAI({ apiKey: "sk-local", baseURL: `${provider.url}/v1` });
  /** One vault for each conversation. */
  const vault = new Vault();
  const conversation = client.with({ vault });
  /** @type {import("tollgate").ChatMessage[]} */
  const messages = [{ role: "user", content: "I am ada.lovelace@firm.example, and my phone is +1 415-555-2671." }];

  const answer = await conversation.chat.completions.create({ model: "gpt-4o-mini", messages });
  const said = answer.choices[0]?.message;
  console.log(`The answer: ${said?.content}`);
  if (said) messages.push(said);

  messages.push({ role: "user", content: "Please repeat my address." });
  const stream = await conversation.chat.completions.create({ model: "gpt-4o-mini", messages, stream: true });
  for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
  console.log();

  console.log("What the provider was sent:");
  for (const { body } of provider.requests) for (const message of body.messages) console.log(`  ${message.role}: ${message.content}`);

  // The conversation goes on tomorrow, perhaps in another process.
  const kept = await vault.export("a passphrase that nobody guesses");
  const later = await Vault.import(kept, "a passphrase that nobody guesses");
  console.log(`Kept: ${kept.slice(0, 14)}..., ${later.size} values.`);
} finally {
  await provider.close();
}
