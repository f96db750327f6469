import { run } from "../core.js";
import type { CostRecord, CostSummary } from "../types.js";
import { toJson } from "./json.js";

/**
 * What records add up to; the period runs from the first to the last of them. For a storage of your own, so that its
 * `getSummary` is one line.
 */
export function summarize(records: Iterable<CostRecord>): CostSummary {
  const text = toJson([...records], "records");
  return JSON.parse(run((core) => core.summarizeRecords(text))) as CostSummary;
}
