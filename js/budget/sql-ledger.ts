import { type Core, Held, run } from "../core.js";
import { StorageError, TollgateError } from "../errors.js";
import type { ObjectStorage } from "./server.js";

/**
 * What brings the database from one version to the next; all that are missing run in one transaction, before anything else.
 * Never edited once released.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    "CREATE TABLE tollgate_rows (key TEXT PRIMARY KEY, hot INTEGER NOT NULL, due INTEGER, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE INDEX tollgate_rows_hot ON tollgate_rows (key) WHERE hot = 1",
    "CREATE INDEX tollgate_rows_due ON tollgate_rows (due) WHERE due IS NOT NULL",
  ],
];

const PUT =
  "INSERT OR REPLACE INTO tollgate_rows (key, hot, due, value) " +
  "SELECT value ->> 0, value ->> 1, value ->> 2, value -> 3 FROM json_each(?)";
const DELETE = "DELETE FROM tollgate_rows WHERE key IN (SELECT value FROM json_each(?))";
const HOT = "SELECT key, value FROM tollgate_rows WHERE hot = 1";
const NAMED = "SELECT key, value FROM tollgate_rows WHERE key IN (SELECT value FROM json_each(?))";
const COLD_AFTER = "SELECT key, value FROM tollgate_rows WHERE hot = 0 AND key > ? ORDER BY key LIMIT ?";
const DUE = "SELECT key, value FROM tollgate_rows WHERE due <= ? ORDER BY due LIMIT ?";

/** Rows that are read at a time, where all of them are looked through. */
const PAGE = 500;
/** Pages that are swept at a time: the rest waits for the next message. */
const MOST_PAGES = 20;

/** How long a slice waits before it tells its parent again. */
const AGAIN_MS = 5_000;

type Kept = InstanceType<Core["KeptLedger"]>;

/** Settles leases that have ended, which is done before anything else. */
export const TICK = '{"v":1,"ops":[{"op":"tick"}]}';

/**
 * A ledger over the SQLite of a Durable Object. The rules are the core's; here is what reads and writes its rows.
 *
 * Budgets, their windows and what is held are in memory and in rows, settled reservations and charges in rows alone. What
 * a message changes is written before it is answered, in one transaction; the runtime holds the answer back until that is
 * on disk. Should anything fail, memory is thrown away and read again.
 */
export class SqlLedger {
  readonly #storage: ObjectStorage;
  readonly #held = new Held("rebuildable", (core) => {
    const ledger = new core.KeptLedger(true);
    ledger.load(this.#rows(HOT).text);
    return ledger;
  });
  #migrated = false;
  /** When the alarm is set for, as far as this instance of the object knows. */
  #alarm: number | undefined;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  answer(message: string): string {
    try {
      const answers = this.#safely(() => this.#transact(message));
      return `{"v":1,"answers":[${answers}]}`;
    } catch (error) {
      return refusal(error);
    }
  }

  /** A step of a slice: over the rows that a message names, in one transaction with what it has changed. */
  turn<T>(message: string | undefined, step: (ledger: Kept, now: number) => T): T {
    return this.#safely(() => {
      this.#migrate();
      if (message !== undefined) this.#load(message);
      const now = Date.now();
      const value = this.#held.use((ledger) => step(ledger, now));
      this.#write();
      this.#sweep();
      return value;
    });
  }

  /** It has rung. */
  forgetAlarm(): void {
    this.#alarm = undefined;
  }

  #safely<T>(body: () => T): T {
    try {
      const value = this.#storage.transactionSync(body);
      this.#setAlarm();
      return value;
    } catch (error) {
      this.#held.reset();
      this.#migrated = false;
      throw error;
    }
  }

  /** Takes in the rows that a message names, and gives their names. */
  #load(message: string): string {
    const wanted = run((core) => core.ledgerWants(message));
    if (wanted !== "") {
      const { text, count } = this.#rows(NAMED, wanted);
      if (count > 0) this.#held.use((ledger) => ledger.load(text));
    }
    return wanted;
  }

  #transact(message: string): string {
    this.#migrate();
    const now = Date.now();
    const wanted = this.#load(message);
    const answers: string[] = [];
    for (let from = 0; ; ) {
      const [answer, next] = this.#held.use((ledger) => ledger.run(message, from, now)) as [string, string];
      if (answer !== "") answers.push(answer);
      from = Number(next);
      if (!this.#held.use((ledger) => ledger.isAdopting())) break;
      this.#write();
      this.#adopt(now);
      if (wanted !== "") this.#held.use((ledger) => ledger.load(this.#rows(NAMED, wanted).text));
    }
    this.#write();
    this.#sweep();
    return answers.join(",");
  }

  /** Offers new budgets what was settled and charged before them. */
  #adopt(now: number): void {
    for (let after = ""; ; ) {
      const page = this.#rows(COLD_AFTER, after, PAGE);
      const last = page.count < PAGE;
      this.#held.use((ledger) => ledger.adopt(page.text, last, now));
      this.#write();
      if (last) return;
      after = page.lastKey;
    }
  }

  #sweep(): void {
    const due = this.#held.use((ledger) => ledger.sweepDue());
    if (due === undefined) return;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const page = this.#rows(DUE, due, PAGE);
      const last = page.count < PAGE;
      this.#held.use((ledger) => ledger.sweep(page.text, last));
      this.#write();
      if (last) return;
    }
  }

  #write(): void {
    const [gone, ...puts] = this.#held.use((ledger) => ledger.changes());
    if (gone !== undefined && gone !== "[]") this.#storage.sql.exec(DELETE, gone);
    for (const rows of puts) this.#storage.sql.exec(PUT, rows);
  }

  /** Rows in the form that the core reads. */
  #rows(query: string, ...bindings: unknown[]): { text: string; count: number; lastKey: string } {
    const rows: string[] = [];
    let lastKey = "";
    for (const [key, value] of this.#storage.sql.exec(query, ...bindings).raw()) {
      rows.push(`[${JSON.stringify(key)},${value as string}]`);
      lastKey = key as string;
    }
    return { text: `[${rows.join(",")}]`, count: rows.length, lastKey };
  }

  /** One alarm, for the lease that ends first. It may ring for one that was settled meanwhile, and is then set again. */
  #setAlarm(): void {
    const next = this.#held.use((ledger) => ledger.nextExpiry());
    if (next === undefined || (this.#alarm !== undefined && this.#alarm <= next)) return;
    const now = Date.now();
    // Leases that have ended are settled by now: what is overdue is a parent that could not be told.
    this.#alarm = next > now ? next : now + AGAIN_MS;
    // Not awaited: it is written with what this message has written.
    void this.#storage.setAlarm(this.#alarm);
  }

  #migrate(): void {
    if (this.#migrated) return;
    const { sql } = this.#storage;
    sql.exec("CREATE TABLE IF NOT EXISTS tollgate_meta (schema_version INTEGER NOT NULL)");
    const [row] = [...sql.exec("SELECT schema_version FROM tollgate_meta").raw()];
    const version = Number(row?.[0] ?? 0);
    if (version > MIGRATIONS.length) {
      throw new StorageError({
        code: "storage_version_newer",
        message: `cannot open the ledger: expected schema ${MIGRATIONS.length} or an older one, found ${version}`,
      });
    }
    if (version < MIGRATIONS.length) {
      for (const statement of MIGRATIONS.slice(version).flat()) sql.exec(statement);
      sql.exec("DELETE FROM tollgate_meta");
      sql.exec("INSERT INTO tollgate_meta (schema_version) VALUES (?)", MIGRATIONS.length);
    }
    this.#migrated = true;
  }
}

/** What a ledger refuses, as it is answered; anything else is thrown. */
export function refusal(error: unknown): string {
  if (!TollgateError.isInstance(error) || error.code === "internal") throw error;
  const { code, message, context } = error;
  return JSON.stringify({ v: 1, error: { tollgate: code, message, context: JSON.stringify(context) } });
}
