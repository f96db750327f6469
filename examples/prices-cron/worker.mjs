// @ts-check
/**
 * Fresh prices in a Cloudflare Worker: once a day a cron trigger fetches a table of prices, a table that can't be right is
 * refused, and every request prices by the newest table that was taken.
 *
 *     GET /cost?model=gpt-4o&input=1000&output=100
 *     GET /report     what the last update changed, or why it was refused
 *
 * @module
 */

import { PriceBook } from "tollgate";

/**
 * @typedef {object} Env
 * @property {any} PRICES a KV namespace
 * @property {string} PRICES_URL
 */

/** How long an isolate prices by what it has before it looks for news, in milliseconds. */
const FRESH_MS = 60_000;

/** The book of this isolate, and what of KV is in it. @type {{ book: PriceBook, version: string, looked: number } | undefined} */
let held;

/**
 * The newest book: the bundled one, or the one that the cron trigger has left in KV.
 *
 * @param {Env} env
 */
async function bookOf(env) {
  const now = Date.now();
  if (held !== undefined && now - held.looked < FRESH_MS) return held.book;
  const version = (await env.PRICES.get("version")) ?? "";
  if (held?.version === version) held.looked = now;
  else {
    const json = version === "" ? null : await env.PRICES.get("book");
    held = { book: json === null ? PriceBook.bundled() : PriceBook.fromJSON(json), version, looked: now };
  }
  return held.book;
}

export default {
  /**
   * @param {unknown} _event
   * @param {Env} env
   */
  async scheduled(_event, env) {
    const json = await env.PRICES.get("book");
    // A copy: what is not stored yet must not be what this isolate prices by, nor what the next answer 304 is taken for.
    const book = PriceBook.fromJSON(json ?? PriceBook.bundled().toJSON());
    const etag = await env.PRICES.get("etag");
    // Most tables lack some of the bundled models, which keep their prices.
    const report = await book.update(env.PRICES_URL, { maxLost: 1, ...(etag === null ? {} : { etag }) });
    if (report.updated) {
      // Any of these may fail. While there is no tag the next trigger reads the whole table and stores it again, so it comes back last.
      await env.PRICES.delete("etag");
      await env.PRICES.put("book", JSON.stringify(book.toJSON()));
      // After the book, so that who sees another version finds it.
      await env.PRICES.put("version", report.sha256 ?? new Date().toISOString());
      if (report.etag !== undefined) await env.PRICES.put("etag", report.etag);
    }
    // What changed is for a person to look at. A refusal is the day's most important line.
    await env.PRICES.put("report", JSON.stringify(report));
    if (report.status === "refused") console.warn(`prices: ${report.refusal?.detail}`);
    else console.log(`prices: ${report.status}, ${report.counts.changes} rates changed, ${report.counts.added} models added`);
  },

  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/report") return new Response((await env.PRICES.get("report")) ?? "null", { headers: { "content-type": "application/json" } });
    if (pathname !== "/cost") return Response.json({ error: "not found" }, { status: 404 });
    const count = (/** @type {string} */ name) => Number(searchParams.get(name) ?? 0);
    const cost = (await bookOf(env)).price({ model: searchParams.get("model") ?? "none", usage: { input: count("input"), output: count("output") } });
    return Response.json(cost.priced ? { usd: cost.usd, source: cost.source } : cost);
  },
};
