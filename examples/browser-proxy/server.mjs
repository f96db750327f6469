// @ts-check
/**
 * A page and the proxy that holds its key: the browser asks the proxy as it would ask the provider, and the proxy guards, bounds and
 * records each call. `startProxy` gives its URL.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { BudgetManager, InMemoryCostStorage, createGuardedFetch, defaultEngine } from "tollgate";

/** What the page may ask for. Anything else the key could do is nobody's. */
const PATHS = ["/v1/chat/completions"];
const MODELS = ["gpt-4o-mini"];

/** @param {{ apiKey: string, baseURL?: string, budgetUsd?: string, port?: number }} options */
export async function startProxy({ apiKey, baseURL = "https://api.openai.com", budgetUsd = "0.50", port = 0 }) {
  const costStorage = new InMemoryCostStorage();
  const budgetManager = new BudgetManager(costStorage);
  const guarded = createGuardedFetch({ guardrailEngine: defaultEngine(), budgetManager, costStorage });

  const server = createServer((request, response) => {
    // Whatever a visitor sends: it is that request that ends.
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(400);
      response.end();
    });
  });

  /** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
  async function answer(request, response) {
    const path = new URL(request.url ?? "/", "http://proxy").pathname;
    if (request.method === "GET" && path === "/") {
      response.setHeader("content-type", "text/html; charset=utf-8");
      response.end(await readFile(new URL("page.html", import.meta.url)));
      return;
    }
    const body = await text(request);
    if (request.method !== "POST" || !PATHS.includes(path) || !MODELS.includes(modelOf(body))) {
      response.writeHead(404).end();
      return;
    }
    // A real proxy takes this from its session: here it is the address, so that a page can't choose whose money it spends.
    /** @type {{ type: "user", id: string }} */
    const scope = { type: "user", id: request.socket.remoteAddress ?? "unknown" };
    budgetManager.createBudget({ name: "a day", scope, limit: budgetUsd, period: "daily", action: "block" });
    const controller = new AbortController();
    // Who leaves pays for what came, and for no more.
    response.on("close", () => response.writableEnded || controller.abort());
    try {
      const answer = await guarded.with({ scopes: [scope] })(`${baseURL}${path}`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
        body,
        signal: controller.signal,
      });
      response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
      if (answer.body) Readable.fromWeb(/** @type {any} */ (answer.body)).on("error", () => response.destroy()).pipe(response);
      else response.end();
    } catch {
      if (!response.headersSent) response.writeHead(502);
      response.end();
    }
  }
  await new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(undefined)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${address.port}`, budgetManager, costStorage, close: () => new Promise((resolve) => server.close(resolve)) };
}

/** @param {import("node:http").IncomingMessage} request */
async function text(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces).toString("utf8");
}

/** @param {string} body */
function modelOf(body) {
  try {
    return JSON.parse(body).model;
  } catch {
    return undefined;
  }
}
