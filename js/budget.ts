/** Budgets: the manager, and the ledgers. */
export { BudgetManager, type BudgetManagerOptions } from "./budget/manager.js";
export { MemoryBudgetLedger, type MemoryBudgetLedgerOptions } from "./budget/memory-ledger.js";
export { DurableObjectBudgetLedger, type BudgetsStub, type DurableObjectBudgetLedgerOptions } from "./budget/durable-object.js";
export { serveBudgets, type BudgetsServer, type Neighbours, type ObjectStorage } from "./budget/server.js";
export { D1BudgetLedger, type D1Binding } from "./budget/d1-ledger.js";
export { LocalStorageBudgetLedger, type LocalStorageBudgetLedgerOptions } from "./budget/local-storage-ledger.js";
export { KVBudgetLedger, type KVBudgetLedgerOptions } from "./budget/kv-ledger.js";
export { RedisBudgetLedger, type RedisBudgetLedgerOptions } from "./budget/redis-ledger.js";
export { sendAlerts, verifyWebhook, type AlertWebhook, type AlertWebhookBody, type AlertWebhookOptions } from "./budget/webhook.js";
