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
