// Hosts' storages where there are none: a KV binding and a localStorage in memory.

/** A KV namespace as Workers hand it out: text values, prefixes, pages of 1,000 keys. */
export function memoryKV() {
  const entries = new Map();
  return {
    async get(key) {
      return entries.get(key) ?? null;
    },
    async put(key, value) {
      entries.set(key, String(value));
    },
    async delete(key) {
      entries.delete(key);
    },
    async list({ prefix = "", cursor, limit = 1000 } = {}) {
      const names = [...entries.keys()].filter((name) => name.startsWith(prefix) && (cursor === undefined || name > cursor)).sort();
      const keys = names.slice(0, limit).map((name) => ({ name }));
      return names.length > limit ? { keys, list_complete: false, cursor: keys.at(-1).name } : { keys, list_complete: true };
    },
  };
}

/** Rows as a ledger keeps them; what databases do with its statements is tested with databases. */
function memoryRows() {
  const rows = new Map();
  const pick = (keep) => [...rows].filter(([key, row]) => keep(row, key)).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    put: (key, hot, due, value) => rows.set(key, { hot: Number(hot) === 1, due: due === null || due === "" ? undefined : Number(due), value }),
    remove: (key) => rows.delete(key),
    hot: () => pick(({ hot }) => hot),
    named: (keys) => pick((_, key) => keys.includes(key)),
    cold: (after, most) => pick(({ hot }, key) => !hot && key > after).slice(0, most),
    due: (until, most) => pick(({ due }) => due <= until).slice(0, most),
  };
}

/** What a database answers to a statement that begins as one of these does. */
function answer(statements, query, bindings) {
  const [, run] = Object.entries(statements).find(([start]) => query.startsWith(start)) ?? [];
  if (run === undefined) throw new Error(`expected a statement of a ledger, found ${query}`);
  return run(...bindings) ?? [];
}

/** A Durable Object's storage. */
export function memoryObjectStorage() {
  const rows = memoryRows();
  const log = [];
  let version;
  const put = (texts) => JSON.parse(texts).forEach(([key, hot, due, value]) => rows.put(key, hot, due, JSON.stringify(value)));
  const statements = {
    CREATE: () => {},
    "SELECT schema_version": () => (version === undefined ? [] : [[version]]),
    "DELETE FROM tollgate_meta": () => {},
    "INSERT INTO tollgate_meta": (number) => void (version = number),
    "INSERT INTO tollgate_log": (texts) => void log.push(texts),
    "INSERT OR REPLACE INTO tollgate_rows (key, hot, due, value) SELECT key": () => log.forEach(put),
    "DELETE FROM tollgate_log": () => void log.splice(0),
    "INSERT OR REPLACE": put,
    "DELETE FROM tollgate_rows": (keys) => JSON.parse(keys).forEach(rows.remove),
    "SELECT key, value FROM tollgate_rows WHERE hot = 1": () => rows.hot(),
    "SELECT key, value FROM tollgate_rows WHERE key = ?": (key) => rows.named([key]),
    "SELECT key, value FROM tollgate_rows WHERE key IN": (keys) => rows.named(JSON.parse(keys)),
    "SELECT key, value FROM tollgate_rows WHERE hot = 0": rows.cold,
    "SELECT key, value FROM tollgate_rows WHERE due": rows.due,
  };
  return {
    sql: { exec: (query, ...bindings) => ({ raw: () => answer(statements, query, bindings).map(([key, row]) => [key, row?.value]) }) },
    transactionSync: (body) => body(),
    setAlarm: async () => {},
  };
}

/** A D1 binding. */
export function memoryD1() {
  const rows = memoryRows();
  let version = 0;
  const found = (list) => list.map(([key, { value }]) => ({ key, value }));
  const statements = {
    CREATE: () => {},
    "INSERT OR IGNORE": () => {},
    "SELECT schema_version": () => [{ schema: 1, version, now: Date.now() }],
    "SELECT key, value FROM tollgate_rows WHERE hot = 1": (known) => (known === version ? [] : found(rows.hot())),
    "SELECT key, value FROM tollgate_rows WHERE hot = 0 AND key IN": (keys) => found(rows.named(JSON.parse(keys))),
    "SELECT key, value FROM tollgate_rows WHERE hot = 0": (after, most) => found(rows.cold(after, most)),
    "SELECT key, value FROM tollgate_rows WHERE due": (until, most) => found(rows.due(until, most)),
    UPDATE: (expected) => {
      if (expected !== version) throw new Error("D1_ERROR: NOT NULL constraint failed: tollgate_meta.version: SQLITE_CONSTRAINT");
      version += 1;
    },
    "INSERT OR REPLACE": (texts) => JSON.parse(texts).forEach((row) => rows.put(...row)),
    DELETE: (keys) => JSON.parse(keys).forEach(rows.remove),
  };
  const query = (text, bindings = []) => ({ bind: (...values) => query(text, values), run: () => ({ results: answer(statements, text, bindings) }) });
  return { prepare: (text) => query(text), batch: async (queries) => queries.map((each) => each.run()) };
}

/** The REST interface of a Redis that runs the ledger's script. */
export function memoryRedis() {
  const rows = memoryRows();
  let version = 0;
  const flat = (list) => list.flatMap(([key, { value }]) => [key, value]);
  const operations = {
    read(known, ...keys) {
      const now = Date.now();
      const hot = known === String(version) ? [] : rows.hot();
      return [String(version), String(Math.floor(now / 1000)), String((now % 1000) * 1000), flat([...hot, ...rows.named(keys)])];
    },
    cold: (after, most) => flat(rows.cold(after, Number(most))),
    due: (until, most) => flat(rows.due(Number(until), Number(most))),
    commit(expected, ...changes) {
      if (expected !== String(version)) return 0;
      for (let at = 0; at < changes.length; at += 4) {
        if (changes[at + 3] === "") rows.remove(changes[at]);
        else rows.put(...changes.slice(at, at + 4));
      }
      version += 1;
      return 1;
    },
  };
  return async (_, { body }) => {
    const [, , keys, ...rest] = JSON.parse(body);
    const [operation, ...args] = rest.slice(Number(keys));
    return Response.json({ result: operations[operation](...args) });
  };
}

/** Runs something with a localStorage of its own; a browser's page has a real one, which is used. */
export async function memoryLocalStorage(body) {
  if (globalThis.window?.document !== undefined) return body();
  const entries = new Map();
  const storage = {
    get length() {
      return entries.size;
    },
    key: (index) => [...entries.keys()][index] ?? null,
    getItem: (key) => entries.get(String(key)) ?? null,
    setItem: (key, value) => void entries.set(String(key), String(value)),
    removeItem: (key) => void entries.delete(String(key)),
    clear: () => entries.clear(),
  };
  const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
  Object.defineProperty(globalThis, "localStorage", { value: storage, configurable: true, writable: true });
  try {
    return await body();
  } finally {
    if (before === undefined) delete globalThis.localStorage;
    else Object.defineProperty(globalThis, "localStorage", before);
  }
}
