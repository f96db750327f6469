/** Fresh prices: fetching a table, and what is there to tell of what it changes. What is too much of a change the core says. */
import { Deadline } from "./client/deadline.js";
import { Held, run } from "./core.js";
import { ConfigurationError, TollgateError, makeError } from "./errors.js";
import { checkKeys } from "./options.js";
import type { UpdateOptions, UpdateRefusal, UpdateReport } from "./price-types.js";
import type { PriceBook as CoreBook } from "./wasm/core.js";

const OPTIONS = ["fetch", "etag", "sha256", "headers", "signal", "timeout", "maxBytes", "maxPriceRatio", "maxLost", "maxTaken", "dryRun"] as const;
const MAX_BYTES = 32 * 1024 * 1024;
/** As much of an error's body is read; what is wrong stands at its beginning. */
const ERROR_BYTES = 8192;
const NOTHING = { added: [], lost: [], changes: [], moved: [], taken: [], counts: { added: 0, lost: 0, changes: 0, moved: 0, taken: 0 } };

/** A table as it was fetched, or why there is none. */
export interface Fetched {
  etag?: string;
  bytes?: Uint8Array;
  sha256?: string;
  refusal?: UpdateRefusal;
}

/** The table that a book took last, where the server had a tag for it. */
export interface Taken {
  url: string;
  etag: string;
  /** Absent where the host can't tell. */
  sha256: string | undefined;
}

/**
 * The headers of the request. Refuses options that are none before anything is sent: what the host would make of them is no
 * fault of the network.
 */
export function headersOf(url: string, options: UpdateOptions, taken: Taken | undefined): Headers {
  checkKeys("options of update", options, OPTIONS);
  const refuse = (what: string, cause?: unknown): never => {
    throw new ConfigurationError({ code: "invalid_config", message: `cannot update prices: expected ${what}, found another value`, cause });
  };
  if (typeof url !== "string" || url === "") refuse("a URL");
  const number = (key: "timeout" | "maxBytes" | "maxPriceRatio" | "maxLost" | "maxTaken", least: number, most: number): void => {
    const value = options[key];
    if (value !== undefined && !(typeof value === "number" && value >= least && value <= most)) refuse(`${key} to be a number from ${least} to ${most}`);
  };
  number("timeout", 1, 2 ** 31 - 1);
  number("maxBytes", 1, MAX_BYTES);
  number("maxPriceRatio", 1, Infinity);
  number("maxLost", 0, 1);
  number("maxTaken", 0, Infinity);
  const { sha256, signal, etag } = options;
  if (sha256 !== undefined && !(typeof sha256 === "string" && /^[0-9a-f]{64}$/i.test(sha256))) refuse("sha256 to be 64 hexadecimal digits");
  if (options.fetch !== undefined && typeof options.fetch !== "function") refuse("fetch to be a function");
  if (options.dryRun !== undefined && typeof options.dryRun !== "boolean") refuse("dryRun to be true or false");
  // By what is used of it: a host may have signals of several kinds.
  if (signal !== undefined && !(typeof signal === "object" && typeof signal?.addEventListener === "function" && typeof signal.aborted === "boolean")) refuse("signal to be an AbortSignal");
  if (etag !== undefined && typeof etag !== "string") refuse("etag to be a string");
  let headers = new Headers();
  try {
    headers = new Headers(options.headers);
  } catch (cause) {
    refuse("headers to be those of a request", cause);
  }
  if (!headers.has("accept")) headers.set("accept", "application/json");
  const own = taken?.url === url ? taken : undefined;
  const tag = etag ?? own?.etag;
  // An answer 304 says that the table is the one with this tag. Which table that is only counts where one is asked for by its digest.
  if (sha256 !== undefined && (tag !== own?.etag || own?.sha256 !== sha256.toLowerCase())) headers.delete("if-none-match");
  else if (tag !== undefined) {
    try {
      headers.set("if-none-match", tag);
    } catch (cause) {
      refuse("etag to be the value of a header", cause);
    }
  }
  return headers;
}

/** Fetches a table. Rejects where there is no answer to judge. */
export async function fetchTable(url: string, headers: Headers, options: UpdateOptions): Promise<Fetched> {
  const timeout = options.timeout ?? 30_000;
  const deadline = new Deadline(timeout, options.signal);
  try {
    deadline.check();
    const send = options.fetch ?? globalThis.fetch;
    if (typeof send !== "function") {
      throw new ConfigurationError({ code: "invalid_config", message: "cannot update prices: expected a host with fetch, found none; hand one in as the option fetch" });
    }
    const tag = headers.get("if-none-match");
    // Workers and browsers insist on the global object as `this`; a function of the application's own gets none.
    const answer = options.fetch === undefined ? globalThis.fetch(url, { headers, signal: deadline.signal }) : send(url, { headers, signal: deadline.signal });
    const response = await deadline.race(Promise.resolve(answer));
    if (response.status === 304) {
      await response.body?.cancel();
      const fetched: Fetched = tag === null ? {} : { etag: tag };
      // Not asked whether it has changed, a server that says so has shown no table.
      if (options.sha256 !== undefined && tag === null) fetched.refusal = { reason: "sha256", detail: `expected a table with the SHA-256 ${options.sha256.toLowerCase()}, found status 304 and none` };
      return fetched;
    }
    if (!response.ok) {
      const body = await deadline.race(beginning(response)).catch(() => "");
      run((core) => core.throwStatus(response.status, body));
    }
    const etag = response.headers.get("etag") ?? undefined;
    const bytes = await deadline.race(read(response, options.maxBytes ?? MAX_BYTES));
    if (typeof bytes === "string") return { refusal: { reason: "too_large", detail: bytes } };
    const sha256 = await deadline.race(digest(bytes));
    if (options.sha256 !== undefined && sha256 === undefined) {
      throw new ConfigurationError({ code: "invalid_config", message: "cannot compare sha256: expected a host with crypto.subtle, found none (browsers have it on secure pages only)" });
    }
    const fetched: Fetched = { bytes, ...(etag !== undefined && { etag }), ...(sha256 !== undefined && { sha256 }) };
    if (options.sha256 !== undefined && sha256 !== options.sha256.toLowerCase()) {
      fetched.refusal = { reason: "sha256", detail: `expected a table with the SHA-256 ${options.sha256.toLowerCase()}, found ${sha256}` };
    }
    return fetched;
  } catch (error) {
    if (TollgateError.isInstance(error)) throw error;
    const why = deadline.why();
    if (why === "aborted") throw deadline.reason();
    if (why === "timeout") throw makeError("timeout", `cannot update prices: expected a table within ${timeout} ms, found none`, { timeout, provider: "prices" }, { cause: error });
    throw makeError("network", "cannot update prices: expected an answer, found none", { provider: "prices" }, { cause: error });
  } finally {
    deadline.end();
  }
}

/** The body, or what is wrong with its size: no more of it is read than may be taken. */
async function read(response: Response, most: number): Promise<Uint8Array | string> {
  const said = Number(response.headers.get("content-length") ?? 0);
  const refused = (found: string): string => `expected at most ${most} bytes, found ${found}`;
  // What is encoded is longer than what the header counts, never shorter by much.
  if (said > most) {
    await response.body?.cancel();
    return refused(String(said));
  }
  if (response.body === null) return new Uint8Array();
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      return refused("more");
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** The first of a body that may be of any length, as text. */
async function beginning(response: Response): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (let length = 0; length < ERROR_BYTES; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value.subarray(0, ERROR_BYTES - length), { stream: true });
    length += value.length;
  }
  await reader.cancel();
  return text;
}

async function digest(bytes: Uint8Array): Promise<string | undefined> {
  const subtle = globalThis.crypto?.subtle;
  if (subtle === undefined) return undefined;
  const hash = new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What the core tells of a difference. */
interface Difference {
  refusal?: UpdateRefusal;
  same: boolean;
  difference: Pick<UpdateReport, "added" | "lost" | "changes" | "moved" | "taken" | "counts">;
}

/** What came of an update: the report, and the book with the table in it where it was taken. */
export interface Judged {
  report: UpdateReport;
  next?: Held<CoreBook>;
  /** Where the models of the book stand in the next one. */
  places?: Int32Array;
}

/** Why a table is not taken that was asked for before the one that the book has. */
export const SUPERSEDED: UpdateRefusal = { reason: "superseded", detail: "expected the latest update, found that one asked for later has been taken" };

/** The text of a table without the mark that editors put before it, which is no part of JSON. */
function unmarked(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes;
}

/** Judges a table by a book, and puts it over it where nothing is against that. */
export function judge(book: Held<CoreBook>, url: string, fetched: Fetched, options: UpdateOptions, now: number): Judged {
  const { bytes, etag, sha256 } = fetched;
  const report: UpdateReport = { status: "unchanged", updated: false, url, models: book.use((core) => core.size), ...structuredClone(NOTHING) };
  if (etag !== undefined) report.etag = etag;
  if (sha256 !== undefined) report.sha256 = sha256;
  if (bytes !== undefined) Object.assign(report, { bytes: bytes.length, retrievedAt: new Date(now).toISOString().slice(0, 10) });
  const refused = (refusal: UpdateRefusal): Judged => ({ report: { ...report, status: "refused", refusal } });
  if (fetched.refusal !== undefined) return refused(fetched.refusal);
  if (bytes === undefined) return { report };
  const read: CoreBook[] = [];
  try {
    const table = run((core) => core.PriceBook.readFetched(unmarked(bytes), now));
    read.push(table);
    const merged = book.use((core) => core.merge(table));
    read.push(merged);
    const told = JSON.parse(book.use((core) => core.difference(table, merged, options.maxPriceRatio ?? 10, options.maxLost ?? 0.1, options.maxTaken ?? 0))) as Difference;
    Object.assign(report, told.difference);
    if (told.refusal !== undefined) return refused(told.refusal);
    if (!told.same) report.status = "updated";
    // Also where no price is another one: that they were read again is news.
    if (options.dryRun === true) return { report };
    const [places, size, text] = run(() => [book.use((core) => merged.placesOf(core)), merged.size, merged.toJSON()] as const);
    let made = read.pop();
    const next = new Held<CoreBook>("rebuildable", (core) => {
      const first = made ?? core.PriceBook.fromJSON(text);
      made = undefined;
      return first;
    });
    next.use(() => undefined);
    return { report: { ...report, updated: true, models: size }, next, places };
  } catch (error) {
    if (read.length > 0 || !TollgateError.isInstance(error) || error.code === "internal") throw error;
    const path = error.context["path"];
    return refused({ reason: "unreadable", detail: error.message, ...(typeof path === "string" && { path }) });
  } finally {
    for (const one of read) one.free();
  }
}
