/** What of our errors is a refusal, and the status it has as an answer: the one place that says it. */
import type { TollgateErrorCode } from "../codes.generated.js";

/** Refusals: the money is gone, a guardrail said no, the text is too long, a limit of the application's own holds. No fault of anybody. */
const REFUSALS: Partial<Record<TollgateErrorCode, number>> = {
  budget_exceeded: 402,
  budget_unavailable: 402,
  budget_stream_exhausted: 402,
  unknown_model: 402,
  unbounded: 402,
  guardrail_blocked: 403,
  token_limit: 413,
  queue_full: 429,
  circuit_open: 503,
};

/** What can't be read. */
const UNREADABLE: readonly TollgateErrorCode[] = ["invalid_input", "invalid_usage", "invalid_amount", "invalid_time"];

/** Whether it is a refusal of ours. */
export function isRefusal({ code }: { code: TollgateErrorCode }): boolean {
  return REFUSALS[code] !== undefined;
}

/** The status that it has as an answer. */
export function statusOf({ code }: { code: TollgateErrorCode }): number {
  return REFUSALS[code] ?? (UNREADABLE.includes(code) ? 400 : 500);
}
