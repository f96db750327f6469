import { ConfigurationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { StorageOptions } from "../types.js";
import { type RowHost, RowCostStorage, type StoredDay, type StoredRow, checkSchema, unavailable } from "./rows.js";
import * as sql from "./sql.js";

/** The storage of a Durable Object with SQLite (`ctx.storage`), by what is used of it. */
export interface DurableObjectStorageLike {
  sql: { exec(sql: string, ...values: (string | number | null)[]): { toArray(): unknown[] } };
  transactionSync<T>(body: () => T): T;
}

/** A stub of a Durable Object whose class has the method of {@link serveCostRecords}. */
export interface CostRecordsStub {
  tollgateRecords(operation: string, args: unknown[]): Promise<unknown>;
}

/**
 * Cost records in a Durable Object's SQLite: handed the object's own storage where it is used inside of the object, or a
 * stub where it is used outside; the object's class then answers with {@link serveCostRecords}.
 *
 * @example
 * export class Records extends DurableObject {
 *   #serve = serveCostRecords(this.ctx.storage);
 *   tollgateRecords(operation, args) { return this.#serve(operation, args); }
 * }
 * const storage = new DurableObjectCostStorage(env.RECORDS.getByName("all"));
 */
export class DurableObjectCostStorage extends RowCostStorage {
  constructor(storage: DurableObjectStorageLike | CostRecordsStub, options: StorageOptions = {}) {
    checkKeys("the options of DurableObjectCostStorage", options, ["namespace"]);
    const namespace = options.namespace ?? "default";
    super(isStorage(storage) ? localHost(storage, namespace) : remoteHost(storage, namespace));
  }
}

const isStorage = (value: DurableObjectStorageLike | CostRecordsStub): value is DurableObjectStorageLike => {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) {
    throw new ConfigurationError({
      code: "invalid_config",
      message: `cannot use this Durable Object: expected its storage or a stub, found ${value === null ? "null" : typeof value}`,
    });
  }
  // A stub has every method, so it is asked for what it can't have: a property that is no function.
  return typeof (value as DurableObjectStorageLike).sql === "object" && typeof (value as DurableObjectStorageLike).transactionSync === "function";
};

function localHost(storage: DurableObjectStorageLike, namespace: string): RowHost {
  let created = false;
  const all = (statements: readonly sql.Statement[]): sql.Row[][] => statements.map(([text, ...values]) => storage.sql.exec(text, ...values).toArray() as sql.Row[]);
  const run = (doing: string, statements: readonly sql.Statement[]): sql.Row[][] => {
    try {
      // What is written with no await in between is one transaction here; where a statement fails, none of it is left.
      return storage.transactionSync(() => {
        if (!created) {
          checkSchema(all([...sql.CREATE.map((text): sql.Statement => [text]), sql.READ_SCHEMA]).at(-1)?.[0]?.["value"]);
          created = true;
        }
        return all(statements);
      });
    } catch (error) {
      created = false;
      throw unavailable(doing, error, /full|SQLITE_FULL|storage limit/i.test(String(error)) ? "storage_quota" : undefined);
    }
  };
  const rows = (statement: sql.Statement): sql.Row[] => run("read from a Durable Object", [statement])[0] ?? [];
  const write = (statements: readonly sql.Statement[]): sql.Row[][] => run("write to a Durable Object", statements);
  return {
    store: async (row) => void write(sql.store(namespace, row)),
    get: async (id) => rows(sql.get(namespace, id))[0]?.["text"] as string | undefined,
    batch: async (plan, after, limit) => rows(sql.batch(namespace, plan, after, limit)) as unknown as StoredRow[],
    days: async (plan) => rows(sql.days(namespace, plan)) as unknown as StoredDay[],
    keepDay: async (day, version, text) => void write([sql.keepDay(namespace, day, version, text)]),
    deleteOlderThan: async (before) => write(sql.deleteOlderThan(namespace, before)).at(-1)?.length ?? 0,
    clear: async () => void write(sql.clear(namespace)),
    count: async () => rows(sql.count(namespace))[0] as unknown as { records: number; bytes: number },
  };
}

const OPERATIONS = ["store", "get", "batch", "days", "keepDay", "deleteOlderThan", "clear", "count"] as const;

function remoteHost(stub: CostRecordsStub, namespace: string): RowHost {
  const call = (operation: (typeof OPERATIONS)[number]) =>
    async (...args: unknown[]): Promise<never> => {
      try {
        return (await stub.tollgateRecords(operation, [namespace, ...args])) as never;
      } catch (error) {
        throw unavailable("ask a Durable Object", error);
      }
    };
  return Object.fromEntries(OPERATIONS.map((operation) => [operation, call(operation)])) as unknown as RowHost;
}

/**
 * What a Durable Object answers a {@link DurableObjectCostStorage} outside of it with. The object's class needs a method
 * `tollgateRecords` that hands its arguments on to this: a property that holds the function can't be called from outside.
 */
export function serveCostRecords(storage: DurableObjectStorageLike): CostRecordsStub["tollgateRecords"] {
  const hosts = new Map<string, RowHost>();
  return async (operation, [namespace, ...args]) => {
    const name = String(namespace);
    const host = hosts.get(name) ?? localHost(storage, name);
    hosts.set(name, host);
    const known = OPERATIONS.find((one) => one === operation);
    if (known === undefined) {
      throw new ConfigurationError({ code: "invalid_config", message: `cannot serve records: expected one of ${OPERATIONS.join(", ")}, found another operation` });
    }
    return (host[known] as (...args: unknown[]) => Promise<unknown>)(...args);
  };
}
