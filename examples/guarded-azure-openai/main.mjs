// Azure OpenAI's deployments with guardrails, a hard budget and exact costs: `node examples/guarded-azure-openai/main.mjs`, after
// `npm run build`. With AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY and AZURE_OPENAI_DEPLOYMENT (of gpt-4o-mini) it asks Azure,
// else the local provider.
import { BudgetExceededError, BudgetManager, GuardedAzureOpenAI, InMemoryCostStorage, defaultEngine } from "tollgate";
import { startProvider } from "../local-provider/provider.mjs";

const { AZURE_OPENAI_ENDPOINT, AZURE_OPENAI_API_KEY, AZURE_OPENAI_DEPLOYMENT = "harbour-chat" } = process.env;
const local = AZURE_OPENAI_API_KEY ? undefined : await startProvider();
const budgetManager = new BudgetManager();
budgetManager.createBudget({ name: "team", limit: "0.05", period: "daily", action: "block" });
budgetManager.createBudget({ name: "visitor", limit: "0.000001", period: "daily", action: "block", scope: { type: "user", id: "visitor" } });
const client = new GuardedAzureOpenAI({
  endpoint: local?.url ?? AZURE_OPENAI_ENDPOINT,
  apiKey: AZURE_OPENAI_API_KEY ?? "local-key",
  // What a deployment is of: Azure's names for them are one's own.
  deployments: { [AZURE_OPENAI_DEPLOYMENT]: "gpt-4o-mini" },
  guardrailEngine: defaultEngine(),
  budgetManager,
  costStorage: new InMemoryCostStorage(),
});
const ask = (content) => ({ deployment: AZURE_OPENAI_DEPLOYMENT, max_tokens: 200, messages: [{ role: "user", content }] });

const { choices, security } = await client.chat.completions.create(ask("Write one line to ada@example.org about the harbour."));
console.log(`plain: ${choices[0].message.content}`);
console.log(`plain: ${security.costRecord.provider}, ${security.costRecord.model} of ${security.costRecord.metadata.deployment}, $${security.costRecord.usd}`);

const stream = await client.chat.completions.create({ ...ask("Count to three."), stream: true });
let said = "";
for await (const chunk of stream) said += chunk.choices[0]?.delta.content ?? "";
console.log(`streamed: ${said}`);
console.log(`streamed: $${(await stream.security).costRecord.usd}`);

// Somebody's own budget binds beside the team's, and refuses before anything is sent.
try {
  await client.with({ scopes: [{ type: "user", id: "visitor" }] }).chat.completions.create(ask("Hello!"));
} catch (error) {
  if (!(error instanceof BudgetExceededError)) throw error;
  console.log(`visitor: ${error.message}`);
}
await local?.close();
