import { StorageError } from "../errors.js";
import { RowsLedger, type Changes, type Row, type RowStore, type Snapshot } from "./rows-ledger.js";

/** What is used of a D1 binding. */
export interface D1Binding {
  prepare(query: string): D1Query;
  batch(queries: D1Query[]): Promise<{ results: Record<string, unknown>[] }[]>;
}

interface D1Query {
  bind(...values: unknown[]): D1Query;
}

const SCHEMA = [
  "CREATE TABLE IF NOT EXISTS tollgate_meta (one INTEGER PRIMARY KEY CHECK (one = 1), schema_version INTEGER NOT NULL, version INTEGER NOT NULL)",
  "CREATE TABLE IF NOT EXISTS tollgate_rows (key TEXT PRIMARY KEY, hot INTEGER NOT NULL, due INTEGER, value TEXT NOT NULL) WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS tollgate_rows_hot ON tollgate_rows (key) WHERE hot = 1",
  "CREATE INDEX IF NOT EXISTS tollgate_rows_due ON tollgate_rows (due) WHERE due IS NOT NULL",
  "INSERT OR IGNORE INTO tollgate_meta (one, schema_version, version) VALUES (1, 1, 0)",
];
/** Fails, and the whole batch with it, unless the version is the one that is expected: no row takes a NULL. */
const ADVANCE = "UPDATE tollgate_meta SET version = CASE WHEN version = ?1 AND schema_version = 1 THEN version + 1 END";
const MISSED = /NOT NULL constraint failed: tollgate_meta\.version/;
const META = "SELECT schema_version AS schema, version, CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now FROM tollgate_meta";
const ROWS = "SELECT key, value FROM tollgate_rows WHERE hot = 1 AND ?1 <> (SELECT version FROM tollgate_meta)";
const NAMED = "SELECT key, value FROM tollgate_rows WHERE hot = 0 AND key IN (SELECT value FROM json_each(?))";
const COLD = "SELECT key, value FROM tollgate_rows WHERE hot = 0 AND key > ? ORDER BY key LIMIT ?";
const DUE = "SELECT key, value FROM tollgate_rows WHERE due <= ? ORDER BY due LIMIT ?";
const PUT = "INSERT OR REPLACE INTO tollgate_rows (key, hot, due, value) SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?)";
const DELETE = "DELETE FROM tollgate_rows WHERE key IN (SELECT value FROM json_each(?))";
/** A parameter of D1 takes two megabytes. */
const ROWS_A_TEXT = 250;

/**
 * Budgets in D1. A batch of D1 is a transaction: what was decided is written by one, whose first statement fails unless
 * nobody has written since. Two round trips for each message, and more where many write at once; a Durable Object is
 * faster, and rings when a lease ends, which here is found with the next call.
 *
 * Guarantee: `hard`. The clock is the database's.
 *
 * @example
 * const budgets = new BudgetManager(undefined, { ledger: new D1BudgetLedger(env.DB), requireGuarantee: "hard" });
 */
export class D1BudgetLedger extends RowsLedger {
  readonly guarantee = "hard";

  constructor(binding: D1Binding) {
    super(new D1Rows(binding), true);
  }
}

class D1Rows implements RowStore {
  readonly #db: D1Binding;
  #made = false;

  constructor(db: D1Binding) {
    this.#db = db;
  }

  async read(known: number | undefined, keys: string[]): Promise<Snapshot> {
    if (!this.#made) {
      await this.#db.batch(SCHEMA.map((statement) => this.#db.prepare(statement)));
      this.#made = true;
    }
    const [meta, hot, named] = await this.#db.batch([
      this.#db.prepare(META),
      this.#db.prepare(ROWS).bind(known ?? -1),
      this.#db.prepare(NAMED).bind(JSON.stringify(keys)),
    ]);
    const { schema, version, now } = meta?.results[0] as { schema: number; version: number; now: number };
    if (schema > 1) {
      throw new StorageError({ code: "storage_version_newer", message: `cannot open the ledger: expected schema 1, found ${schema}` });
    }
    return { version, now, rows: [...rowsOf(hot), ...rowsOf(named)], whole: version !== known };
  }

  async readCold(after: string, most: number): Promise<Row[]> {
    const [rows] = await this.#db.batch([this.#db.prepare(COLD).bind(after, most)]);
    return rowsOf(rows);
  }

  async readDue(due: number, most: number): Promise<Row[]> {
    const [rows] = await this.#db.batch([this.#db.prepare(DUE).bind(due, most)]);
    return rowsOf(rows);
  }

  async commit(version: number, changes: Changes): Promise<boolean> {
    const [gone, puts]: [string[], unknown[][]] = [[], []];
    for (let at = 0; at < changes.length; at += 4) {
      const [key, hot, due, value] = changes.slice(at, at + 4) as [string, string, string, string];
      if (value === "") gone.push(key);
      else puts.push([key, hot === "" ? 0 : 1, due === "" ? null : Number(due), value]);
    }
    const batch = [this.#db.prepare(ADVANCE).bind(version)];
    if (gone.length > 0) batch.push(this.#db.prepare(DELETE).bind(JSON.stringify(gone)));
    for (let at = 0; at < puts.length; at += ROWS_A_TEXT) batch.push(this.#db.prepare(PUT).bind(JSON.stringify(puts.slice(at, at + ROWS_A_TEXT))));
    try {
      await this.#db.batch(batch);
      return true;
    } catch (error) {
      if (MISSED.test(String((error as Error | undefined)?.message))) return false;
      throw error;
    }
  }
}

function rowsOf(result: { results: Record<string, unknown>[] } | undefined): Row[] {
  return (result?.results ?? []).map(({ key, value }) => [key as string, value as string]);
}
