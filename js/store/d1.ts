import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { StorageOptions } from "../types.js";
import { type RowHost, RowCostStorage, type StoredDay, type StoredRow, checkSchema, unavailable } from "./rows.js";
import * as sql from "./sql.js";

/** A statement of D1 with its values. */
export interface D1StatementLike {
  bind(...values: (string | number | null)[]): D1StatementLike;
}

/** A D1 database, or anything with these two methods. */
export interface D1Like {
  prepare(sql: string): D1StatementLike;
  batch(statements: D1StatementLike[]): Promise<{ results?: unknown[] }[]>;
}

/**
 * Cost records in D1. Each operation is one batch, which D1 runs as a transaction; what the records of a day add up to is
 * kept once the day is over.
 *
 * @example
 * const storage = new D1CostStorage(env.DB);
 */
export class D1CostStorage extends RowCostStorage {
  constructor(binding: D1Like, options: StorageOptions = {}) {
    checkKeys("the options of D1CostStorage", options, ["namespace"]);
    if (typeof binding?.prepare !== "function" || typeof binding.batch !== "function") {
      throw new ConfigurationError({
        code: "invalid_config",
        message: `cannot use this D1 binding: expected an object with prepare and batch, found ${binding === null ? "null" : typeof binding}`,
      });
    }
    super(hostOf(binding, options.namespace ?? "default"));
  }
}

function hostOf(binding: D1Like, namespace: string): RowHost {
  let created: Promise<void> | undefined;
  const batch = async (doing: string, statements: readonly sql.Statement[]): Promise<sql.Row[][]> => {
    try {
      const answers = await binding.batch(statements.map(([text, ...values]) => (values.length > 0 ? binding.prepare(text).bind(...values) : binding.prepare(text))));
      return answers.map(({ results }) => (results ?? []) as sql.Row[]);
    } catch (error) {
      throw unavailable(doing, error);
    }
  };
  // Of a request that was cancelled no promise is kept: its answer might never come.
  const ready = async (): Promise<void> => {
    if (created !== undefined) return;
    const answers = await batch("create tables in D1", [...sql.CREATE.map((text): sql.Statement => [text]), sql.READ_SCHEMA]);
    checkSchema(answers.at(-1)?.[0]?.["value"]);
    created = Promise.resolve();
  };
  const run = async (doing: string, statements: readonly sql.Statement[]): Promise<sql.Row[][]> => {
    await ready();
    return batch(doing, statements);
  };
  const rows = async (statement: sql.Statement): Promise<sql.Row[]> => (await run("read from D1", [statement]))[0] ?? [];
  return {
    store: async (row) => void (await run("write to D1", sql.store(namespace, row))),
    get: async (id) => (await rows(sql.get(namespace, id)))[0]?.["text"] as string | undefined,
    batch: async (plan, after, limit) => (await rows(sql.batch(namespace, plan, after, limit))) as unknown as StoredRow[],
    days: async (plan) => (await rows(sql.days(namespace, plan))) as unknown as StoredDay[],
    keepDay: async (day, version, text) => void (await run("write to D1", [sql.keepDay(namespace, day, version, text)])),
    deleteOlderThan: async (before) => (await run("write to D1", sql.deleteOlderThan(namespace, before))).at(-1)?.length ?? 0,
    clear: async () => void (await run("write to D1", sql.clear(namespace))),
    count: async () => (await rows(sql.count(namespace)))[0] as unknown as { records: number; bytes: number },
  };
}
