// A Redis of its own, and before it the REST interface that Upstash has: commands are posted as JSON arrays.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findRedis } from "../../scripts/lib/tools.mjs";

/** One value of RESP at a place: `{ value, end }`, or nothing while it is not all there. */
function reply(bytes, at) {
  const line = bytes.indexOf("\r\n", at);
  if (line < 0) return undefined;
  const [kind, rest] = [String.fromCharCode(bytes[at]), bytes.toString("utf8", at + 1, line)];
  let end = line + 2;
  if (kind === "+") return { value: rest, end };
  if (kind === "-") return { value: new Error(rest), end };
  if (kind === ":") return { value: Number(rest), end };
  const count = Number(rest);
  if (count < 0) return { value: null, end };
  if (kind === "$") return end + count + 2 > bytes.length ? undefined : { value: bytes.toString("utf8", end, end + count), end: end + count + 2 };
  const value = [];
  for (let left = count; left > 0; left -= 1) {
    const item = reply(bytes, end);
    if (item === undefined) return undefined;
    value.push(item.value);
    end = item.end;
  }
  return { value, end };
}

/** A connection: `send(command)` is what the server answers. */
function client(path) {
  const socket = connect(path);
  const waiting = [];
  let bytes = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let found; (found = reply(bytes, 0)) !== undefined; ) {
      bytes = bytes.subarray(found.end);
      waiting.shift()(found.value);
    }
  });
  return {
    opened: new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject)),
    send: (command) =>
      new Promise((resolve) => {
        waiting.push(resolve);
        const parts = command.map((part) => Buffer.from(String(part)));
        socket.write(Buffer.concat([Buffer.from(`*${parts.length}\r\n`), ...parts.flatMap((part) => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from("\r\n")])]));
      }),
    close: () => socket.destroy(),
  };
}

/** Starts it all. `fail(share)` makes that share of requests go unanswered, half of them after they were run. */
export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), "tollgate-redis-"));
  const path = join(folder, "socket");
  const server = spawn(findRedis(), ["--port", "0", "--unixsocket", path, "--dir", folder, "--save", "", "--appendonly", "yes"], { stdio: "ignore" });
  let connection;
  for (const until = Date.now() + 10_000; ; ) {
    connection = client(path);
    const opened = await connection.opened.then(() => true, () => false);
    if (opened) break;
    if (Date.now() > until || server.exitCode !== null) throw new Error("expected redis-server to start, found that it did not");
    await new Promise((done) => setTimeout(done, 20));
  }
  const token = "local";
  let [share, count] = [0, 0];
  const rest = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const answer = (status, body) => response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    if (request.headers.authorization !== `Bearer ${token}`) return answer(401, { error: "Unauthorized" });
    count += 1;
    const lost = share > 0 && count % share === 0;
    if (lost && count % (2 * share) === 0) return request.socket.destroy();
    const result = await connection.send(JSON.parse(Buffer.concat(chunks).toString()));
    if (lost) return request.socket.destroy();
    return result instanceof Error ? answer(400, { error: result.message }) : answer(200, { result });
  });
  await new Promise((done) => rest.listen(0, "127.0.0.1", done));
  return {
    url: `http://127.0.0.1:${rest.address().port}`,
    token,
    send: connection.send,
    /** Loses one request of so many: in turns before and after it was run. */
    lose: (every) => (share = every),
    async close() {
      connection.close();
      rest.closeAllConnections();
      rest.close();
      server.kill();
      if (server.exitCode === null) await new Promise((done) => server.once("exit", done));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
