/** Answers that are kept, for requests that are the same to the last character. */
import type { CacheStatus, CallContext } from "../types.js";
import { MemoryCacheStore, type CacheStore } from "./cache-stores.js";
import { invalid, known, LONGEST_MS, whole } from "./check.js";
import { partitionOf } from "./partition.js";

/** What a {@link ResponseCache} is made from. */
export interface ResponseCacheConfig {
  /** A {@link MemoryCacheStore} if left out. */
  store?: CacheStore;
  /** How long an answer may be given again, in milliseconds. An hour if left out. */
  ttlMs?: number;
  /** Longer answers are not kept, in bytes. 1 MiB if left out. */
  maxAnswerBytes?: number;
  /** Told apart from other programs that use the same store. `"default"` if left out. */
  namespace?: string;
  /**
   * Who may be given each other's answers: calls for which this gives the same text. The agent and all scopes of a call if left out, so that
   * no tenant is given what another has asked.
   */
  partition?: (context: CallContext) => string;
}

/** What a call wants with a cache. */
export interface CacheQuestion {
  /** The call's format and who answers. */
  target: { format: string; provider: string; url: string };
  context: CallContext;
  headers: Headers;
  /** As it is sent: after guardrails. */
  body: string;
}

/** The cache of one call. @internal */
export interface CacheSeat {
  /** What is kept for that request. */
  find(question: CacheQuestion): Promise<Response | undefined>;
  /** A piece of a stream. */
  piece(bytes: Uint8Array): void;
  /** Keeps an answer: its text, or else what came in pieces. `usd` is what it cost. */
  keep(text: string | undefined, type: string, usd: string | undefined): Promise<void>;
  /** What is to be said of it. */
  readonly status: CacheStatus | undefined;
}

interface Entry {
  tollgate: "answer";
  schema: 1;
  at: number;
  until: number;
  type: string;
  usd?: string;
  text: string;
}

/** Headers that change nothing in an answer. All others are part of what is asked: the account, betas, what a proxy is told. */
const SILENT = /^(accept.*|baggage|connection|content-length|content-type|host|idempotency-key|trace(parent|state)|user-agent|x-(client-)?request-id|x-stainless-.*)$/;

/**
 * Keeps answers, and gives them again to requests that are the same to the last character: model, parameters, messages and tools as they are
 * sent, provider, URL, account, headers, agent and scopes. What is given again costs nothing and is not recorded; `security.cache` says so.
 * Guardrails judge it as if it had just come. Errors, refusals, and answers that a guardrail has refused or changed are never kept.
 *
 * ```ts
 * const client = new GuardedOpenAI({ apiKey, cache: new ResponseCache({ ttlMs: 600_000 }) });
 * ```
 */
export class ResponseCache {
  readonly #store: CacheStore;
  readonly #ttlMs: number;
  readonly #most: number;
  readonly #prefix: string;
  readonly #partition: (context: CallContext) => string;

  constructor(config: ResponseCacheConfig = {}) {
    known("the options of ResponseCache", config, ["store", "ttlMs", "maxAnswerBytes", "namespace", "partition"]);
    const { store, namespace = "default", partition = partitionOf } = config;
    if (store != null && (typeof store.get !== "function" || typeof store.put !== "function")) {
      throw invalid("cannot make a ResponseCache: expected a store with get and put, found another value");
    }
    if (typeof partition !== "function") throw invalid(`cannot make a ResponseCache: expected partition to be a function, found ${typeof partition}`);
    if (typeof namespace !== "string" || namespace.length > 200) throw invalid("cannot make a ResponseCache: expected namespace to be a text of at most 200 characters");
    this.#store = store ?? new MemoryCacheStore();
    this.#ttlMs = whole("ttlMs", config.ttlMs, 3_600_000, 1, LONGEST_MS * 100);
    this.#most = whole("maxAnswerBytes", config.maxAnswerBytes, 1024 * 1024, 1, 25 * 1024 * 1024);
    this.#prefix = `tollgate:1:${encodeURIComponent(namespace)}:answer:`;
    this.#partition = partition;
  }

  /** @internal */
  seat(refresh: boolean): CacheSeat {
    let key: string | undefined;
    let status: CacheStatus | undefined;
    let pieces: Uint8Array[] = [];
    let bytes = 0;
    const find = async (question: CacheQuestion): Promise<Response | undefined> => {
      key = await this.#keyOf(question);
      status = { hit: false };
      const entry = refresh ? undefined : entryOf(await this.#store.get(key));
      if (entry === undefined) return undefined;
      status = { hit: true, storedAt: new Date(entry.at).toISOString(), ...(entry.usd !== undefined && { savedUsd: entry.usd }) };
      return new Response(entry.text, { headers: { "content-type": entry.type, "x-tollgate-cache": "hit" } });
    };
    const keep = async (text: string | undefined, type: string, usd: string | undefined): Promise<void> => {
      if (key === undefined || status?.hit !== false || bytes > this.#most) return;
      const whole = text ?? textOf(pieces, bytes);
      pieces = [];
      if (whole === "" || whole.length > this.#most || isFailure(whole)) return;
      const at = Date.now();
      const entry: Entry = { tollgate: "answer", schema: 1, at, until: at + this.#ttlMs, type, ...(usd !== undefined && { usd }), text: whole };
      await this.#store.put(key, JSON.stringify(entry), this.#ttlMs);
    };
    return {
      find,
      keep,
      piece: (piece) => {
        bytes += piece.length;
        if (bytes > this.#most) pieces = [];
        // Whoever gave it may use the memory again.
        else pieces.push(piece.slice());
      },
      get status() {
        return status;
      },
    };
  }

  async #keyOf({ target, context, headers, body }: CacheQuestion): Promise<string> {
    const said = [...headers].filter(([name]) => !SILENT.test(name.toLowerCase()));
    const asked = JSON.stringify([target.format, target.provider, target.url, this.#partition(context), said, body]);
    const { subtle } = globalThis.crypto;
    const hash = new Uint8Array(await subtle.digest("SHA-256", new TextEncoder().encode(asked)));
    return this.#prefix + Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }
}

/** An entry in a text; undefined where it is none, or past its time. */
function entryOf(text: string | undefined): Entry | undefined {
  if (text === undefined || text === null) return undefined;
  try {
    const entry = JSON.parse(text) as Partial<Entry> | null;
    const isOne = entry?.tollgate === "answer" && entry.schema === 1 && typeof entry.text === "string" && typeof entry.type === "string";
    if (!isOne || typeof entry.at !== "number" || !((entry.until ?? 0) > Date.now())) return undefined;
    return entry as Entry;
  } catch {
    return undefined;
  }
}

/** Whether a whole answer says, under a status of success, that there is none, or none yet. */
function isFailure(text: string): boolean {
  if (!text.startsWith("{")) return false;
  try {
    const { error, status } = JSON.parse(text) as { error?: unknown; status?: unknown };
    return (error ?? null) !== null || ["failed", "cancelled", "in_progress", "queued"].includes(status as string);
  } catch {
    return true;
  }
}

function textOf(pieces: readonly Uint8Array[], bytes: number): string {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(whole);
}
