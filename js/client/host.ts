/** What a call works with, and what the core asks of it. */
import type { BudgetManager } from "../budget.js";
import type { Core } from "../core.js";
import type { GuardrailEngine } from "../guard/engine.js";
import type { CacheSeat } from "../resilience/cache.js";
import type { Chain } from "../resilience/fallback.js";
import type { BudgetAmounts, BudgetScope, CallContext, CostStorage, EstimateMark } from "../types.js";
import type { Deadline } from "./deadline.js";
import type { Audience, CallIdentity, CallObservation } from "./events.js";
import type { Aim } from "./target.js";

/** The core's half of a call. */
export type CoreCall = InstanceType<Core["Call"]>;

/** What a call works with. */
export interface CallHost {
  requestId: string;
  agentId: string;
  /** Where it goes, until another target is asked. */
  aim: Aim;
  engine: GuardrailEngine | undefined;
  budgets: BudgetManager | undefined;
  /** Whether nobody is to be told of the budgets' thresholds. */
  quiet: boolean;
  storage: CostStorage | undefined;
  /** What guardrails are told. */
  context: (aim: Aim) => Record<string, unknown>;
  /** Whose call it is. */
  identity: CallIdentity;
  /** Who is told of it. */
  audience: Audience;
  /** Who watches it. */
  observed: CallObservation | undefined;
  deadline: Deadline;
  timeoutMs: number;
  /** Has the host wait for what goes on without the call. */
  waitUntil: CallContext["waitUntil"];
  /** How long each try has until its answer begins. */
  connectTimeoutMs: number | undefined;
  /** Who is asked where a target fails. */
  chain: Chain | undefined;
  /** The core's options for a target. */
  wire: (aim: Aim) => string;
  /** The most that a target can have cost, where that is known; absent where costs are not tracked. */
  bound: ((aim: Aim) => string | undefined) | undefined;
  /** Answers that were kept. */
  cache: CacheSeat | undefined;
  /** After so long nobody waits for it any more. */
  leaseMs: number;
  /** Whether the core has a vault for it. */
  vaulted: boolean;
}

/** Money to be held. */
export interface Reserve {
  do: "reserve";
  id: string;
  scopes: string;
  usd: string;
  tokens?: number;
  requests?: number;
  leaseMs: number;
}

/** A step as the core gives it. */
export type Step =
  | { do: "guard"; stage: "input" | "output" }
  | { do: "budgets"; scopes: string }
  | Reserve
  | { do: "fetch" }
  | { do: "body" }
  | { do: "stream" }
  | { do: "wait"; ms: number }
  | { do: "settle"; id: string; usd: string; tokens?: number; mark?: EstimateMark }
  | { do: "release"; id: string }
  | { do: "store"; charge: boolean }
  | { do: "done" };

/** What a step says that a call takes of budgets. */
export function taken({ usd, tokens }: { usd: string; tokens?: number }): BudgetAmounts {
  return tokens === undefined ? { usd } : { usd, tokens };
}
