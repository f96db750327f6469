/** A structured log of calls. */
import type { CallObserver } from "../client/events.js";
import { isRefusal } from "../client/refusals.js";
import { sumOf } from "../pico.js";
import { TollgateError } from "../errors.js";
import { checkKeys, errorType, messageOf, operationOf, recordsOf, tokensOf } from "./facts.js";

/** What {@link callLog} is made from. */
export interface CallLogOptions {
  /** Where entries go: the console, as JSON on one line, if left out. */
  write?: (entry: CallLogEntry) => void;
}

/** One call. Nothing of what was asked or answered is in it, no key, and no text of a finding. */
export interface CallLogEntry {
  /** `info` for a call that went well, `warn` for one that was refused or given up, `error` for one that failed. */
  level: "info" | "warn" | "error";
  time: string;
  event: "llm.call";
  requestId: string;
  agentId: string;
  provider: string;
  model?: string;
  operation: string;
  /** Where to, without query and credentials. */
  url: string;
  /** From its beginning to its settlement. */
  durationMs: number;
  timeToFirstTokenMs?: number;
  streamed?: boolean;
  attempts?: number;
  inputTokens?: number;
  outputTokens?: number;
  /** What it cost with all its tries, and whether that is an estimate. */
  usd?: string;
  estimated?: string;
  outcome?: string;
  /** The guardrails that failed. */
  failedGuardrails?: string[];
  /** How many values were taken out. */
  redactions?: number;
  /** The budget that refused. */
  blockedBy?: string;
  /** Codes of warnings. */
  warnings?: string[];
  error?: { type: string; message?: string };
}

/**
 * Writes an entry for each guarded call, when it is settled.
 *
 * ```ts
 * const guarded = createGuardedFetch({ telemetry: callLog({ write: (entry) => logger[entry.level](entry) }) });
 * ```
 */
export function callLog(options: CallLogOptions = {}): CallObserver {
  checkKeys("the options of callLog", options, ["write"]);
  const write = options.write ?? ((entry) => console[entry.level](JSON.stringify(entry)));
  return {
    begin(call) {
      const begun = performance.now();
      return {
        run: (send) => send(),
        end(ending) {
          const { security, error } = ending;
          const { costRecord: record, guardrailResult, outputGuardrailResult, budgetCheck, redactions = [], warnings } = security;
          const [type, message] = [errorType(ending), messageOf(ending)];
          const refused = TollgateError.isInstance(error) && isRefusal(error);
          const failed = [...(guardrailResult?.failedGuardrails ?? []), ...(outputGuardrailResult?.failedGuardrails ?? [])];
          const tokens = record && tokensOf(record);
          const taken = redactions.reduce((sum, { count }) => sum + count, 0);
          write({
            level: type === undefined ? (record?.outcome === "aborted" ? "warn" : "info") : refused || record?.outcome === "aborted" ? "warn" : "error",
            time: new Date().toISOString(),
            event: "llm.call",
            requestId: call.requestId,
            agentId: call.agentId,
            provider: call.provider,
            ...(call.model !== undefined && { model: call.model }),
            // After a fallback it is another's answer.
            ...(security.fallback && { provider: security.fallback.provider, ...(security.fallback.model !== undefined && { model: security.fallback.model }) }),
            operation: operationOf(call),
            url: ending.url,
            durationMs: Math.round(performance.now() - begun),
            ...(record?.timeToFirstTokenMs !== undefined && { timeToFirstTokenMs: record.timeToFirstTokenMs }),
            ...(record?.streamed !== undefined && { streamed: record.streamed }),
            ...(record?.attempt !== undefined && { attempts: record.attempt }),
            ...(tokens && { inputTokens: tokens.input, outputTokens: tokens.output }),
            ...(record && { usd: sumOf(recordsOf(ending).map(({ usd }) => usd)) }),
            ...(record?.estimated !== undefined && { estimated: record.estimated }),
            ...(record?.outcome !== undefined && { outcome: record.outcome }),
            ...(failed.length > 0 && { failedGuardrails: failed }),
            ...(taken > 0 && { redactions: taken }),
            ...(budgetCheck?.blockedBy && { blockedBy: budgetCheck.blockedBy.id }),
            ...(warnings.length > 0 && { warnings: warnings.map(({ code }) => code) }),
            ...(type !== undefined && { error: { type, ...(message !== undefined && { message }) } }),
          });
        },
      };
    },
  };
}
