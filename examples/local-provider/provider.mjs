// @ts-check
/**
 * The local provider: the APIs of OpenAI, Azure OpenAI, Anthropic and Google over HTTP on loopback, answered by this machine. See README.md.
 *
 * @example
 * const provider = await startProvider();
 * const client = new OpenAI({ apiKey: "sk-local", baseURL: provider.url + "/v1" });
 * // ...
 * await provider.close();
 *
 * @module
 */

import { createServer } from "node:http";
import { setImmediate, setTimeout } from "node:timers";
import { createProvider } from "./handler.mjs";

export { ConnectionCut, createProvider } from "./handler.mjs";
export { countPrompt, countTokens, tokenize } from "./tokens.mjs";

/**
 * @typedef {import("./handler.mjs").Provider & { url: string, port: number, close(): Promise<void> }} RunningProvider
 */

/**
 * Starts a provider on a port of 127.0.0.1.
 *
 * @param {{ port?: number, now?: () => number, defaults?: import("./controls.mjs").Step }} [options] port 0, the default, takes a free one
 * @returns {Promise<RunningProvider>}
 */
export async function startProvider({ port = 0, ...options } = {}) {
  const provider = createProvider(options);
  const server = createServer((incoming, outgoing) => {
    serve(provider.handle, incoming, outgoing).catch(() => outgoing.destroy());
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    // Loopback only: it answers anybody who can reach it, and its script can be changed by anybody too.
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  const address = server.address();
  const bound = typeof address === "object" && address ? address.port : port;
  return {
    ...provider,
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * @param {import("./handler.mjs").Provider["handle"]} handle
 * @param {import("node:http").IncomingMessage} incoming
 * @param {import("node:http").ServerResponse} outgoing
 */
async function serve(handle, incoming, outgoing) {
  const gone = new AbortController();
  outgoing.on("close", () => gone.abort());
  const parts = [];
  for await (const part of incoming) parts.push(part);
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    for (const one of Array.isArray(value) ? value : [value ?? ""]) headers.append(name, one);
  }
  const method = incoming.method ?? "GET";
  const response = await handle(
    new Request(`http://${incoming.headers.host ?? "127.0.0.1"}${incoming.url}`, {
      method,
      headers,
      body: method === "GET" || method === "HEAD" ? undefined : Buffer.concat(parts),
      signal: gone.signal,
    }),
  );
  // Small pieces are the point here: none may wait for another.
  outgoing.socket?.setNoDelay(true);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  outgoing.flushHeaders();
  if (!response.body) {
    outgoing.end();
    return;
  }
  const reader = response.body.getReader();
  gone.signal.addEventListener("abort", () => {
    if (!outgoing.writableFinished) reader.cancel().catch(() => {});
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await written(outgoing, value);
    }
    outgoing.end();
  } catch {
    // The body broke: so does the connection, once what was sent before has left.
    await turn();
    outgoing.destroy();
  }
}

/**
 * Resolves when the piece has left this process, so that two pieces are never one write. (TCP may still join them for
 * a reader elsewhere that is slow; each remains an HTTP chunk of its own.)
 *
 * @param {import("node:http").ServerResponse} outgoing @param {Uint8Array} piece
 * @returns {Promise<void>}
 */
function written(outgoing, piece) {
  return new Promise((resolve, reject) => {
    if (outgoing.destroyed) return reject(new Error("the client went away"));
    const closed = () => reject(new Error("the client went away"));
    outgoing.once("close", closed);
    outgoing.write(piece, (error) => {
      outgoing.off("close", closed);
      if (error) reject(error);
      // A reader in this process takes each piece by itself only if it gets a turn before the next one.
      else setImmediate(resolve);
    });
  });
}

/** @returns {Promise<void>} */
function turn() {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
