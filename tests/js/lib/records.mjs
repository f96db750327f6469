// Records and hosts that several tests use.

/** A record as a program of AgentGuard writes it. */
export const record = (overrides = {}) => ({
  id: "r1",
  requestId: "q1",
  agentId: "a1",
  model: "m",
  provider: "openai",
  actualTokens: { inputTokens: 100, outputTokens: 50, totalTokens: 150 },
  actualCost: 0.06,
  breakdown: { inputCost: 0.03, outputCost: 0.03 },
  timestamp: "2026-11-21T12:00:00.000Z",
  ...overrides,
});

/** A stand-in for localStorage. `room`: how many characters it takes. */
export class FakeLocalStorage {
  map = new Map();
  room = Infinity;

  get length() {
    return this.map.size;
  }
  key(index) {
    return [...this.map.keys()][index] ?? null;
  }
  getItem(key) {
    return this.map.get(key) ?? null;
  }
  setItem(key, value) {
    const used = [...this.map].reduce((sum, [known, text]) => sum + (known === key ? 0 : known.length + text.length), 0);
    if (used + key.length + value.length > this.room) throw new DOMException("full", "QuotaExceededError");
    this.map.set(key, String(value));
  }
  removeItem(key) {
    this.map.delete(key);
  }
}

/** A stand-in for KV: pages of 3 keys, one write a second for a key, every call counted. */
export class FakeKV {
  map = new Map();
  calls = { get: 0, put: 0, delete: 0, list: 0 };
  #written = new Map();
  /** Keys that a list does not show yet. */
  hidden = new Set();

  async get(key) {
    this.calls.get += 1;
    return this.map.get(key) ?? null;
  }
  async put(key, value) {
    this.calls.put += 1;
    await Promise.resolve();
    const last = this.#written.get(key);
    if (last !== undefined && Date.now() - last < 1000) throw new Error("KV PUT failed: 429 Too Many Requests");
    this.#written.set(key, Date.now());
    this.map.set(key, value);
  }
  async delete(key) {
    this.calls.delete += 1;
    this.map.delete(key);
  }
  async list({ prefix, cursor }) {
    this.calls.list += 1;
    const names = [...this.map.keys()].filter((name) => name.startsWith(prefix) && !this.hidden.has(name)).sort();
    const from = cursor === undefined ? 0 : Number(cursor);
    const keys = names.slice(from, from + 3).map((name) => ({ name }));
    const complete = from + 3 >= names.length;
    return { keys, list_complete: complete, ...(complete ? {} : { cursor: String(from + 3) }) };
  }
}

/** A generator of numbers from 0 to 1 that gives the same ones for the same seed (mulberry32). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
