import { type Core, Held, run } from "../core.js";
import { StorageError, TollgateError } from "../errors.js";
import type { Guarantee } from "../types.js";
import { MessageLedger } from "./messages.js";

/** A key and its JSON. */
export type Row = readonly [key: string, value: string];

/** What a store holds at one moment. */
export interface Snapshot {
  /** Changes with every commit. */
  version: number;
  /** The store's clock, in UTC milliseconds. */
  now: number;
  /** The rows that are hot, unless nothing was written since the version that was known; and those that were named. */
  rows: Row[];
  /** Whether the hot rows are among them. */
  whole: boolean;
}

/** Rows to be written or, without a value, to be deleted: four texts for each, as the core's `changedRows` gives them. */
export type Changes = readonly string[];

/** A store of rows, which commits only what was decided by its newest version. */
export interface RowStore {
  /** What it holds: the hot rows, if it has another version than the one that is known, and the named ones; at one moment. */
  read(known: number | undefined, keys: string[]): Promise<Snapshot>;
  /** Rows that are not hot, in the order of their keys. */
  readCold(after: string, most: number): Promise<Row[]>;
  /** Rows that are due. */
  readDue(due: number, most: number): Promise<Row[]>;
  /** Writes all of it, if the version is still this one: whether it was. */
  commit(version: number, changes: Changes): Promise<boolean>;
}

type Kept = InstanceType<Core["KeptLedger"]>;

const PAGE = 500;
/** How often somebody else may write in between. */
const TRIES = 60;
const LONGEST_PAUSE_MS = 100;

/**
 * A ledger whose rows lie in a store that has transactions and no program of ours in it. The core decides here, from what
 * the store held at one moment, and the store takes it if nobody else has written since; else it is decided again.
 */
export abstract class RowsLedger extends MessageLedger {
  abstract override readonly guarantee: Guarantee;
  readonly #store: RowStore;
  readonly #hard: boolean;
  /** What was in memory after the last message, unless another one has taken it. */
  #known: { ledger: Held<Kept>; version: number } | undefined;

  protected constructor(store: RowStore, hard: boolean) {
    super(true);
    this.#store = store;
    this.#hard = hard;
  }

  protected override async send(message: string): Promise<string> {
    for (let tried = 0; tried < TRIES; tried += 1) {
      if (tried > 0) await new Promise((resolve) => setTimeout(resolve, Math.min(LONGEST_PAUSE_MS, 2 * 1.3 ** tried) * Math.random()));
      // Nobody else uses what it works on: a second message may be under way, when the first takes long.
      const known = this.#known;
      this.#known = undefined;
      let ledger = known?.ledger ?? this.#empty();
      try {
        const snapshot = await this.#store.read(known?.version, wantedBy(message));
        if (snapshot.whole && known !== undefined) {
          ledger.free();
          ledger = this.#empty();
        }
        const decided = await this.#decide(ledger, message, snapshot);
        const version = decided.changes.length === 0 ? snapshot.version : snapshot.version + 1;
        if (decided.changes.length === 0 || (await this.#store.commit(snapshot.version, decided.changes))) {
          this.#keep(ledger, version);
          return `{"v":1,"answers":[${decided.answers}]}`;
        }
      } catch (error) {
        ledger.free();
        // The module was replaced meanwhile; nothing was lost that is not in the store.
        if (TollgateError.isInstance(error) && error.code === "instance_lost") continue;
        throw error;
      }
      ledger.free();
    }
    throw new StorageError({
      code: "storage_unavailable",
      message: `cannot write to the ledger: expected one of ${TRIES} tries to come first, found that others always did`,
    });
  }

  #keep(ledger: Held<Kept>, version: number): void {
    this.#known?.ledger.free();
    this.#known = { ledger, version };
  }

  #empty(): Held<Kept> {
    return new Held("stateful", (core) => new core.KeptLedger(this.#hard));
  }

  /** Runs a message on what the store held: the answers, and what has changed. */
  async #decide(ledger: Held<Kept>, message: string, { now, rows }: Snapshot): Promise<{ answers: string; changes: string[] }> {
    ledger.use((kept) => kept.load(text(rows)));
    const answers: string[] = [];
    for (let from = 0; ; ) {
      const [answer, next] = ledger.use((kept) => kept.run(message, from, now)) as [string, string];
      if (answer !== "") answers.push(answer);
      from = Number(next);
      if (!ledger.use((kept) => kept.isAdopting())) break;
      // Rows that are read in several steps are of one version, or the commit fails.
      for (let after = ""; ; ) {
        const page = await this.#store.readCold(after, PAGE);
        const last = page.length < PAGE;
        ledger.use((kept) => kept.adopt(text(page), last, now));
        if (last) break;
        after = (page.at(-1) as Row)[0];
      }
    }
    const due = ledger.use((kept) => kept.sweepDue());
    if (due !== undefined) {
      const page = await this.#store.readDue(due, PAGE);
      ledger.use((kept) => kept.sweep(text(page), page.length < PAGE));
    }
    return { answers: answers.join(","), changes: ledger.use((kept) => kept.changedRows()) };
  }
}

function wantedBy(message: string): string[] {
  const keys = run((core) => core.ledgerWants(message));
  return keys === "" ? [] : (JSON.parse(keys) as string[]);
}

/** Rows as the core reads them. */
function text(rows: Row[]): string {
  return `[${rows.map(([key, value]) => `[${JSON.stringify(key)},${value}]`).join(",")}]`;
}
