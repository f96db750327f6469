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
  headers: Headers;
  /** As it is sent: after guardrails. */
  body: string;
}

/** The cache of one call. @internal */
export interface CacheSeat {
  /** Another target is asked: nothing that was said of the one before counts. */
  begin(): void;
  /** What is kept for that request. */
  find(question: CacheQuestion): Promise<Response | undefined>;
  /** What is sent. An answer to something else than what was looked for is not kept. */
  sent(body: string): void;
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
  seat(refresh: boolean, context: CallContext): CacheSeat {
    const partition = this.#partOf(context);
    let key: string | undefined;
    let asked: string | undefined;
    let isAsked = true;
    let status: CacheStatus | undefined;
    let pieces: Uint8Array[] = [];
    let bytes = 0;
    const find = async (question: CacheQuestion): Promise<Response | undefined> => {
      asked = question.body;
      key = await this.#keyOf(question, partition());
      status = { hit: false };
      const entry = refresh ? undefined : entryOf(await this.#store.get(key));
      if (entry === undefined) return undefined;
      status = { hit: true, storedAt: new Date(entry.at).toISOString(), ...(entry.usd !== undefined && { savedUsd: entry.usd }) };
      return new Response(entry.text, { headers: { "content-type": entry.type, "x-tollgate-cache": "hit" } });
    };
    const keep = async (text: string | undefined, type: string, usd: string | undefined): Promise<void> => {
      if (key === undefined || status?.hit !== false || !isAsked || bytes > this.#most) return;
      const whole = text ?? textOf(pieces, bytes);
      pieces = [];
      if (isLonger(whole, this.#most) || !isAnswer(whole)) return;
      const at = Date.now();
      const entry: Entry = { tollgate: "answer", schema: 1, at, until: at + this.#ttlMs, type, ...(usd !== undefined && { usd }), text: whole };
      await this.#store.put(key, JSON.stringify(entry), this.#ttlMs);
    };
    return {
      begin: () => {
        key = asked = status = undefined;
        isAsked = true;
      },
      find,
      keep,
      sent: (body) => {
        isAsked = body === asked;
      },
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

  /** Whose answer it is. What is no text would make all of them the same: it is refused before anything is sent. What the function throws is told later. */
  #partOf(context: CallContext): () => string {
    let part: unknown;
    try {
      part = this.#partition(context);
    } catch (error) {
      return () => {
        throw error;
      };
    }
    if (typeof part === "string") return () => part;
    if (part instanceof Promise) part.catch(() => undefined);
    throw invalid(`cannot use a ResponseCache: expected partition to give a text, found ${part instanceof Promise ? "a promise" : typeof part}`);
  }

  async #keyOf({ target, headers, body }: CacheQuestion, partition: string): Promise<string> {
    const said = [...headers].filter(([name]) => !SILENT.test(name.toLowerCase()));
    const asked = JSON.stringify([target.format, target.provider, target.url, partition, said, body]);
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

/** Whether it takes more bytes than that. */
function isLonger(text: string, most: number): boolean {
  // No character takes more than three.
  return text.length > most || (text.length * 3 > most && new TextEncoder().encode(text).length > most);
}

/** Whether it is an answer, and whole: one may say under a status of success that there is none, or none yet. */
function isAnswer(text: string): boolean {
  const whole = text.trimStart();
  try {
    return whole.startsWith("{") ? !isFailure(JSON.parse(whole) as Said) : hasEndedWell(whole);
  } catch {
    return false;
  }
}

interface Said {
  type?: unknown;
  error?: unknown;
  status?: unknown;
  choices?: { index?: number; finish_reason?: unknown }[] | null;
}

function isFailure({ type, error, status, choices }: Said): boolean {
  if ((error ?? null) !== null || type === "error" || ["failed", "cancelled", "in_progress", "queued"].includes(status as string)) return true;
  return Array.isArray(choices) && choices.some(({ finish_reason: reason }) => reason === "error");
}

/** Whether a stream of events came to an end of success. A stream may break off, or fail, under a connection that ends well. */
function hasEndedWell(text: string): boolean {
  let isOver = false;
  const finished = new Set<unknown>();
  const begun = new Set<unknown>();
  for (const event of text.split(/\r\n\r\n|\n\n|\r\r/)) {
    const lines = event.split(/\r\n|\n|\r/).filter((line) => line.startsWith("data:"));
    const data = lines.map((line) => line.slice(5)).join("\n").trim();
    if (data === "" || data === "[DONE]") continue;
    const said = JSON.parse(data) as Said;
    if (isFailure(said) || said.type === "response.failed" || said.type === "response.cancelled") return false;
    // One that ends at its maximum is whole, as an answer that is no stream is.
    if (["response.completed", "response.incomplete", "message_stop"].includes(said.type as string)) isOver = true;
    for (const { index, finish_reason: reason } of said.choices ?? []) (typeof reason === "string" ? finished : begun).add(index);
  }
  return isOver || (finished.size > 0 && [...begun].every((index) => finished.has(index)));
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
