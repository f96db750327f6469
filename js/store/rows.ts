/** Cost records as rows of a database: what D1, Durable Objects and IndexedDB have in common. The host is a {@link RowHost}. */
import { run } from "../core.js";
import { StorageError } from "../errors.js";
import type { CostRecord, CostStorage, CostSummary, InstantInput, StorageReport } from "../types.js";
import type { Question } from "../wasm/core.js";
import { AskedStorage, type QuestionKind } from "./asked.js";
import { toJson, toRecord, toRecords } from "./json.js";
import { type Place, type Plan, type RecordRow, SCHEMA } from "./sql.js";

/** A record as its host hands it back. */
export interface StoredRow extends Place {
  text: string;
}

/** What is known of a day: the version of its records, and what they add up to, where that was kept. */
export interface StoredDay {
  day: number;
  version: number;
  text: string | null;
}

/** A database: reads and writes, and no rules. */
export interface RowHost {
  /** Keeps a row unless a higher revision is there, in one transaction with the note that its days changed. */
  store(row: RecordRow): Promise<void>;
  get(id: string): Promise<string | undefined>;
  /** Rows of a plan in its order, behind a place. */
  batch(plan: Plan, after: Place | undefined, limit: number): Promise<StoredRow[]>;
  days(plan: Plan): Promise<StoredDay[]>;
  /** Keeps what a day adds up to, if its version is still that. */
  keepDay(day: number, version: number, text: string): Promise<void>;
  deleteOlderThan(before: number): Promise<number>;
  clear(): Promise<void>;
  count(): Promise<{ records: number; bytes: number }>;
}

/** Rows that are read at once. */
const BATCH = 500;
const DAY = 86_400_000;
/** What a day adds up to is kept up to so many characters: a row of D1 and of a Durable Object has at most 2 MB. */
const LONGEST_DAY = 500_000;

/** A storage over rows. */
export class RowCostStorage extends AskedStorage implements CostStorage {
  readonly #host: RowHost;

  /** @internal */
  constructor(host: RowHost) {
    super();
    this.#host = host;
  }

  /** Keeps a record. The same id overwrites, when the revision is equal or higher. */
  async store(record: CostRecord): Promise<void> {
    const given = toJson(record, "record");
    const [id, at, request, agent, revision, day, text] = JSON.parse(run((core) => core.rowOfRecord(given)));
    await this.#host.store({ id, at, request, agent, revision, day, text });
  }

  async get(id: string): Promise<CostRecord | undefined> {
    const text = await this.#host.get(id);
    return text === undefined ? undefined : toRecord(run((core) => core.publicRecords([text])).slice(1, -1));
  }

  async getByRequestId(requestId: string): Promise<CostRecord[]> {
    return this.#all({ requestIds: [requestId] });
  }

  /** Inclusive at both ends, either of which may be left out. */
  async getByAgentId(agentId: string, start?: InstantInput, end?: InstantInput): Promise<CostRecord[]> {
    return this.#all({ agentIds: [agentId], ...range(start, end) });
  }

  /** Inclusive at both ends. */
  async getByDateRange(start: InstantInput, end: InstantInput): Promise<CostRecord[]> {
    return this.#all(range(instant(start), instant(end)));
  }

  /** Inclusive at both ends. */
  async getSummary(start: InstantInput, end: InstantInput, agentId?: string): Promise<CostSummary> {
    return this.#answer(run((core) => core.Question.summary(start, end, agentId)));
  }

  /** Deletes what is strictly older, and says how many. */
  async deleteOlderThan(before: InstantInput): Promise<number> {
    return this.#host.deleteOlderThan(instant(before));
  }

  /** Deletes every record of the namespace. */
  async clear(): Promise<void> {
    await this.#host.clear();
  }

  /** What is in the namespace, also what can't be read. */
  async report(): Promise<StorageReport> {
    let [damaged, newer] = [0, 0];
    await this.#each({ backwards: false, sums: false }, (rows) => {
      for (const { text } of rows) {
        try {
          run((core) => core.rowOfRecord(text));
        } catch (error) {
          if ((error as { code?: string }).code === "storage_version_newer") newer += 1;
          else damaged += 1;
        }
      }
      return true;
    });
    return { damaged, foreign: 0, newer, ...(await this.#host.count()) };
  }

  async #all(plan: Partial<Plan>): Promise<CostRecord[]> {
    const records: CostRecord[] = [];
    await this.#each({ backwards: false, sums: false, ...plan }, (rows) => {
      records.push(...toRecords(run((core) => core.publicRecords(readable(rows)))));
      return true;
    });
    return records;
  }

  /** Hands out the rows of a plan, batch by batch, until told to stop. */
  async #each(plan: Plan, each: (rows: StoredRow[]) => boolean): Promise<void> {
    let after: Place | undefined;
    for (;;) {
      const rows = await this.#host.batch(plan, after, BATCH);
      const last = rows.at(-1);
      if (last === undefined || !each(rows) || rows.length < BATCH) return;
      after = last;
    }
  }

  /** @internal */
  protected async ask(kind: QuestionKind, question: string, cursor?: string): Promise<unknown> {
    return this.#answer(run((core) => new core.Question(kind, question, cursor)));
  }

  async #answer<T>(question: Question): Promise<T> {
    try {
      const plan = JSON.parse(question.plan) as Plan;
      const add = (rows: StoredRow[]) => run(() => question.add(readable(rows)));
      if (plan.sums) await this.#answerByDays(question, plan, add);
      else await this.#each(plan, add);
      return JSON.parse(run(() => question.finish())) as T;
    } finally {
      question.free();
    }
  }

  /** Days that are all meant are answered by what they add up to; that is kept once they are over. */
  async #answerByDays(question: Question, plan: Plan, add: (rows: StoredRow[]) => boolean): Promise<void> {
    for (const { day, version, text } of await this.#host.days(plan)) {
      if (text !== null && run(() => question.takeDay(text))) continue;
      const whole = (plan.start === undefined || plan.start <= day * DAY) && (plan.end === undefined || plan.end >= (day + 1) * DAY - 1);
      const rows: StoredRow[] = [];
      const within = { start: Math.max(day * DAY, plan.start ?? -Infinity), end: Math.min((day + 1) * DAY - 1, plan.end ?? Infinity) };
      await this.#each({ ...plan, ...within }, (some) => rows.push(...some) > 0);
      add(rows);
      if (text !== null || !whole || rows.length === 0 || (day + 1) * DAY > Date.now()) continue;
      const sum = run((core) => core.sumDay(readable(rows)));
      // It only saves time later: where it can't be kept, nothing is lost.
      if (sum.length <= LONGEST_DAY) await this.#host.keepDay(day, version, sum).catch(() => undefined);
    }
  }
}

/** The texts of rows, without those that are damaged; what a later release wrote is an error. */
function readable(rows: StoredRow[]): string[] {
  const texts = rows.map(({ text }) => text);
  try {
    run((core) => core.publicRecords(texts));
    return texts;
  } catch {
    return texts.filter((text) => {
      try {
        run((core) => core.rowOfRecord(text));
        return true;
      } catch (error) {
        if ((error as { code?: string }).code === "storage_version_newer") throw error;
        return false;
      }
    });
  }
}

const instant = (value: InstantInput): number => run((core) => core.readInstant(value));

function range(start: InstantInput | undefined, end: InstantInput | undefined): Partial<Plan> {
  return { ...(start == null ? {} : { start: instant(start) }), ...(end == null ? {} : { end: instant(end) }) };
}

/** Refuses what a later release wrote. */
export function checkSchema(found: unknown): void {
  if (typeof found === "number" && found > SCHEMA) {
    throw new StorageError({
      code: "storage_version_newer",
      message: `cannot read this storage: expected schema ${SCHEMA} or below, found ${found}`,
      context: { schema: found, supported: SCHEMA },
    });
  }
}

/** What a host threw, as an error of ours. Only its name and message are kept. */
export function unavailable(doing: string, thrown: unknown, code: "storage_unavailable" | "storage_quota" = "storage_unavailable"): StorageError {
  if (thrown instanceof StorageError) return thrown;
  const { name = "Error", message = String(thrown) } = (thrown ?? {}) as Partial<Error>;
  return new StorageError({ code, message: `cannot ${doing}: the host answered ${name}: ${message}`, context: { hostError: name } });
}
