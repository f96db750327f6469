/** Where a response cache keeps its entries. */
import { known, whole } from "./check.js";
import type { KVBinding } from "../types.js";

/** Where a {@link ResponseCache} keeps texts by key. Anyone may implement it. An entry may be gone before its time, never after it. */
export interface CacheStore {
  get(key: string): Promise<string | undefined> | string | undefined;
  /** Keeps a text for that many milliseconds at most. */
  put(key: string, text: string, ttlMs: number): Promise<void> | void;
}

/** Options of {@link MemoryCacheStore}. */
export interface MemoryCacheStoreOptions {
  /** 1,000 if left out. */
  maxEntries?: number;
  /** Of all texts together, two bytes for each character. 64 MiB if left out. */
  maxBytes?: number;
}

/** Keeps texts in memory. Above its limits what was not asked for the longest goes first. */
export class MemoryCacheStore implements CacheStore {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  /** In the order in which they were asked for. */
  readonly #entries = new Map<string, { text: string; until: number }>();
  #bytes = 0;

  constructor(options: MemoryCacheStoreOptions = {}) {
    known("the options of MemoryCacheStore", options, ["maxEntries", "maxBytes"]);
    this.#maxEntries = whole("maxEntries", options.maxEntries, 1_000, 1, 1e9);
    this.#maxBytes = whole("maxBytes", options.maxBytes, 64 * 1024 * 1024, 1, Number.MAX_SAFE_INTEGER);
  }

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  get(key: string): string | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#drop(key);
    if (entry.until <= Date.now()) return undefined;
    this.#keep(key, entry);
    return entry.text;
  }

  put(key: string, text: string, ttlMs: number): void {
    this.#drop(key);
    if (text.length * 2 > this.#maxBytes) return;
    this.#keep(key, { text, until: Date.now() + ttlMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxEntries && this.#bytes <= this.#maxBytes) return;
      this.#drop(oldest);
    }
  }

  #keep(key: string, entry: { text: string; until: number }): void {
    this.#entries.set(key, entry);
    this.#bytes += entry.text.length * 2;
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.text.length * 2;
  }
}

/**
 * Keeps texts in Workers KV. It is eventually consistent: what another place has kept may be seen a minute later. KV keeps nothing for
 * less than a minute; a shorter time holds all the same, since each entry says until when it may be used.
 */
export class KVCacheStore implements CacheStore {
  readonly #binding: KVBinding;

  constructor(binding: KVBinding) {
    this.#binding = binding;
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.#binding.get(key)) ?? undefined;
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    await this.#binding.put(key, text, { expiration: Math.ceil((Date.now() + Math.max(61_000, ttlMs)) / 1_000) });
  }
}

/** The part of the Cache API that {@link WebCacheStore} needs. */
export interface WebCache {
  match(request: Request): Promise<Response | undefined>;
  put(request: Request, response: Response): Promise<void>;
}

/** Keeps texts in the Cache API: of a browser, of Deno, of a Worker's data centre. */
export class WebCacheStore implements CacheStore {
  readonly #cache: WebCache | string;
  #open: Promise<WebCache> | undefined;

  /** `cache`: one that is open (`caches.default` in a Worker), or the name of one; `"tollgate"` if left out. */
  constructor(cache: WebCache | string = "tollgate") {
    this.#cache = cache;
  }

  async get(key: string): Promise<string | undefined> {
    const found = await (await this.#opened()).match(requestOf(key));
    return found?.text();
  }

  async put(key: string, text: string, ttlMs: number): Promise<void> {
    const headers = { "content-type": "application/json", "cache-control": `max-age=${Math.ceil(ttlMs / 1_000)}` };
    await (await this.#opened()).put(requestOf(key), new Response(text, { headers }));
  }

  #opened(): Promise<WebCache> {
    if (typeof this.#cache !== "string") return Promise.resolve(this.#cache);
    return (this.#open ??= (globalThis as unknown as { caches: { open(name: string): Promise<WebCache> } }).caches.open(this.#cache));
  }
}

/** A request that nothing ever sends. */
function requestOf(key: string): Request {
  return new Request(`https://tollgate.invalid/${encodeURIComponent(key)}`);
}
