import { type Core, Held } from "../core.js";
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
    "CREATE TABLE tollgate_log (id INTEGER PRIMARY KEY, rows TEXT NOT NULL)",
  ],
];

const PUT =
  "INSERT OR REPLACE INTO tollgate_rows (key, hot, due, value) " +
  "SELECT value ->> 0, value ->> 1, value ->> 2, value -> 3 FROM json_each(?)";
const DELETE = "DELETE FROM tollgate_rows WHERE key IN (SELECT value FROM json_each(?))";
const HOT = "SELECT key, value FROM tollgate_rows WHERE hot = 1";
const ONE = "SELECT key, value FROM tollgate_rows WHERE key = ?";
const NAMED = "SELECT key, value FROM tollgate_rows WHERE key IN (SELECT value FROM json_each(?))";
const COLD_AFTER = "SELECT key, value FROM tollgate_rows WHERE hot = 0 AND key > ? ORDER BY key LIMIT ?";
const DUE = "SELECT key, value FROM tollgate_rows WHERE due <= ? ORDER BY due LIMIT ?";
const LOG = "INSERT INTO tollgate_log (rows) VALUES (?)";
/** Of each row what was written last: of columns beside a `max`, SQLite gives those of its row. */
const FOLD =
  "INSERT OR REPLACE INTO tollgate_rows (key, hot, due, value) SELECT key, hot, due, value FROM (" +
  "SELECT row.value ->> 0 AS key, row.value ->> 1 AS hot, row.value ->> 2 AS due, row.value -> 3 AS value, max(log.id) " +
  "FROM tollgate_log AS log, json_each(log.rows) AS row GROUP BY row.value ->> 0)";
const UNLOG = "DELETE FROM tollgate_log";

/** Rows that are read at a time, where all of them are looked through. */
const PAGE = 500;
/** Pages that are swept at a time: the rest waits for the next message. */
const MOST_PAGES = 20;
/** A message that changes more than so many characters of rows is not logged: its rows are written where they belong. */
const MOST_LOGGED_AT_ONCE = 8_192;
/** When so much is logged, it is folded. */
const MOST_LOGGED = 65_536;
/** When so many characters of rows were read, they leave memory, though nothing may have changed. */
const MOST_READ = 262_144;

/** How long a slice waits before it tells its parent again. */
const AGAIN_MS = 5_000;

type Kept = InstanceType<Core["KeptLedger"]>;

/** Settles leases that have ended, which is done before anything else. */
export const TICK = '{"v":1,"ops":[{"op":"tick"}]}';

/**
 * A ledger over the SQLite of a Durable Object. The rules are the core's; here is what reads and writes its rows.
 *
 * Budgets, their windows and what is held are in memory and in rows, settled reservations and charges in rows alone. What
 * a message changes is written before it is answered, at once or not at all; the runtime holds the answer back until that is
 * on disk. Should anything fail, memory is thrown away and read again.
 *
 * A message that changes a few rows appends them to a log, which is one row instead of five and three indexes: most of them are
 * changed again soon. Until the log is folded into the table, what it holds stays in memory. Whoever opens the database
 * folds what is there.
 */
export class SqlLedger {
  readonly #storage: ObjectStorage;
  readonly #held = new Held("rebuildable", (core) => {
    const ledger = new core.KeptLedger(true);
    this.#storage.transactionSync(() => this.#fold());
    ledger.load(this.#rows(HOT).text);
    return ledger;
  });
  #migrated = false;
  /** How many characters of rows are in the log. */
  #logged = 0;
  /** How many characters of rows were read since memory was last left to what is held. */
  #read = 0;
  /** When the alarm is set for, as far as this instance of the object knows. */
  #alarm: number | undefined;

  constructor(storage: ObjectStorage) {
    this.#storage = storage;
  }

  answer(message: string): string {
    try {
      return `{"v":1,"answers":[${this.#safely(() => this.#run(message))}]}`;
    } catch (error) {
      return refusal(error);
    }
  }

  /** A step of a slice: over the rows that a message names, in one transaction with what it has changed. */
  turn<T>(message: string | undefined, step: (ledger: Kept, now: number) => T): T {
    return this.#safely(() => {
      if (message !== undefined) this.#load(message);
      const now = Date.now();
      const value = this.#held.use((ledger) => step(ledger, now));
      this.#write();
      return value;
    });
  }

  /** It has rung. */
  forgetAlarm(): void {
    this.#alarm = undefined;
  }

  #safely<T>(body: () => T): T {
    try {
      this.#migrate();
      const value = body();
      this.#sweep();
      if (this.#read > MOST_READ && this.#logged > 0) this.#storage.transactionSync(() => this.#fold());
      // What is in the table need not be in memory.
      if (this.#logged === 0) this.#forget();
      this.#setAlarm();
      return value;
    } catch (error) {
      this.#held.reset();
      this.#migrated = false;
      throw error;
    }
  }

  #run(message: string): string {
    const now = Date.now();
    let said = this.#held.use((ledger) => ledger.exchange(message, false, now));
    if (said[0] === "?") {
      this.#take(said.slice(1));
      said = this.#held.use((ledger) => ledger.exchange(message, true, now));
    }
    const [answer, next, ...changes] = said as [string, string, ...string[]];
    if (changes.length > 0) this.#put(changes);
    else if (this.#held.use((ledger) => ledger.isAdopting())) return this.#storage.transactionSync(() => this.#adopting(message, answer, Number(next), now));
    return answer;
  }

  /** Goes on after an operation has made a budget: that is first offered all that is kept. */
  #adopting(message: string, first: string, next: number, now: number): string {
    const answers = [first];
    for (let from = next; ; ) {
      this.#adopt(now);
      this.#load(message);
      const [answer, after] = this.#held.use((ledger) => ledger.run(message, from, now)) as [string, string];
      if (answer !== "") answers.push(answer);
      from = Number(after);
      if (!this.#held.use((ledger) => ledger.isAdopting())) break;
    }
    this.#write("all");
    return answers.join(",");
  }

  /** Offers new budgets what was settled and charged before them; of what is in memory they know. */
  #adopt(now: number): void {
    this.#write("all");
    for (let after = ""; ; ) {
      const page = this.#rows(COLD_AFTER, after, PAGE);
      const last = page.count < PAGE;
      this.#held.use((ledger) => ledger.adopt(page.text, last, now));
      this.#write("all");
      if (last) return;
      after = page.lastKey;
    }
  }

  #sweep(): void {
    const due = this.#held.use((ledger) => ledger.sweepDue());
    if (due === undefined) return;
    this.#storage.transactionSync(() => {
      this.#fold();
      // Only what is read is swept.
      this.#forget();
      for (let pages = 0; pages < MOST_PAGES; pages += 1) {
        const page = this.#rows(DUE, due, PAGE);
        const last = page.count < PAGE;
        this.#held.use((ledger) => ledger.sweep(page.text, last));
        this.#write("all");
        if (last) return;
      }
    });
  }

  /** Writes what has changed: a little into the log, else, or where `all` is wanted in the table, there. */
  #write(all?: "all"): void {
    this.#put(this.#held.use((ledger) => ledger.changes()), all);
  }

  #put([gone, ...puts]: string[], all?: "all"): void {
    const [rows] = puts;
    if (all === undefined && gone === "[]" && rows !== undefined && puts.length === 1 && rows.length <= MOST_LOGGED_AT_ONCE) {
      this.#storage.sql.exec(LOG, rows);
      this.#logged += rows.length;
      if (this.#logged > MOST_LOGGED) this.#storage.transactionSync(() => this.#fold());
      return;
    }
    if (all === undefined && gone === undefined) return;
    this.#storage.transactionSync(() => {
      // What is in the log came before it.
      this.#fold();
      if (gone !== undefined && gone !== "[]") this.#storage.sql.exec(DELETE, gone);
      for (const rows of puts) this.#storage.sql.exec(PUT, rows);
    });
  }

  /** Brings what is in the log to where it belongs. */
  #fold(): void {
    this.#storage.sql.exec(FOLD);
    this.#storage.sql.exec(UNLOG);
    this.#logged = 0;
  }

  #forget(): void {
    this.#held.use((ledger) => ledger.forgetWritten());
    this.#read = 0;
  }

  /** Takes in the rows that a message names and that are not in memory. */
  #load(message: string): void {
    this.#take(this.#held.use((ledger) => ledger.missing(message)));
  }

  #take(keys: string[]): void {
    if (keys.length === 0) return;
    const { text, count } = keys.length === 1 ? this.#rows(ONE, keys[0]) : this.#rows(NAMED, JSON.stringify(keys));
    if (count === 0) return;
    this.#held.use((ledger) => ledger.load(text));
    this.#read += text.length;
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
    this.#storage.transactionSync(() => this.#bringForward());
    this.#migrated = true;
  }

  #bringForward(): void {
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
  }
}

/** What a ledger refuses, as it is answered; anything else is thrown. */
export function refusal(error: unknown): string {
  if (!TollgateError.isInstance(error) || error.code === "internal") throw error;
  const { code, message, context } = error;
  return JSON.stringify({ v: 1, error: { tollgate: code, message, context: JSON.stringify(context) } });
}
