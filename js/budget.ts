/** Budgets: the manager, and the ledger in memory. */
export { BudgetManager, type BudgetManagerOptions } from "./budget/manager.js";
export { MemoryBudgetLedger, type MemoryBudgetLedgerOptions } from "./budget/memory-ledger.js";
