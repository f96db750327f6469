/** Reads a body, whatever it is, as far as it may be kept in memory. */
import type { Deadline } from "./deadline.js";

/** So much of a body that comes in pieces is kept, so that it can be guarded before it is sent. */
const MOST_BYTES = 64 * 1024 * 1024;

/** A body that was read, or why it was not. */
export interface ReadBody {
  read?: string | ArrayBuffer;
  /** What was expected in its place. */
  unread?: string;
  /** What is sent in its place, where some of it was taken. */
  rest?: ReadableStream<Uint8Array>;
}

/** What gives a body piece by piece. */
interface Source {
  next(): Promise<{ value?: unknown; done?: boolean }>;
  stop(reason?: unknown): Promise<unknown>;
}

const TOO_LONG = `a body of at most ${MOST_BYTES} bytes`;

/** A copy of what a request would send. */
export function copyOf(request: Request | undefined): unknown {
  if (request === undefined || request.body === null) return undefined;
  const copy = request.clone();
  // Some hosts have requests without a stream.
  return copy.body ?? { size: 0, arrayBuffer: () => copy.arrayBuffer() };
}

export async function readBody(body: unknown, deadline: Deadline): Promise<ReadBody> {
  if (typeof body === "string") return { read: body };
  // By what they do: a program may have classes of its own, and another realm has others.
  if (ArrayBuffer.isView(body) || isBuffer(body)) return { read: (bytesOf(body).slice() as Uint8Array<ArrayBuffer>).buffer };
  const { size, arrayBuffer } = body as Partial<Blob>;
  if (typeof size === "number" && typeof arrayBuffer === "function") {
    return size > MOST_BYTES ? { unread: TOO_LONG } : { read: await (body as Blob).arrayBuffer() };
  }
  const source = sourceOf(body);
  if (source !== undefined) return readAll(source, deadline);
  // Whatever else it is: a host sends it as a text. One that says nothing of what it holds is for a fetch that knows it.
  const text = String(body);
  return /^\[object \w+\]$/.test(text) && !(body instanceof String) ? { unread: "a body of a known kind" } : { read: text };
}

async function readAll(source: Source, deadline: Deadline): Promise<ReadBody> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const stop = deadline.onAbort(() => void source.stop(deadline.signal.reason).catch(() => undefined));
  try {
    for (;;) {
      const { value, done } = await source.next();
      if (done) return { read: await new Blob(pieces).arrayBuffer() };
      const piece = bytesOf(value);
      pieces.push(piece);
      length += piece.length;
      if (length > MOST_BYTES) break;
    }
  } finally {
    stop();
  }
  return { unread: TOO_LONG, rest: restOf(pieces, source) };
}

/** All of it again: what was taken, and what is still to come. */
function restOf(pieces: Uint8Array<ArrayBuffer>[], source: Source): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(out) {
        const taken = pieces.shift();
        if (taken !== undefined) return out.enqueue(taken);
        const { value, done } = await source.next();
        if (done) out.close();
        else out.enqueue(bytesOf(value));
      },
      cancel: (reason) => source.stop(reason).then(() => undefined),
    },
    { highWaterMark: 0 },
  );
}

function sourceOf(body: unknown): Source | undefined {
  const { getReader } = body as Partial<ReadableStream<unknown>>;
  if (typeof getReader === "function") {
    const reader = (body as ReadableStream<unknown>).getReader();
    return { next: () => reader.read(), stop: (reason) => reader.cancel(reason) };
  }
  if ((body as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === undefined) return undefined;
  const pieces = (body as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  return { next: () => pieces.next(), stop: async () => pieces.return?.() };
}

function isBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === "[object ArrayBuffer]";
}

function bytesOf(piece: unknown): Uint8Array<ArrayBuffer> {
  if (typeof piece === "string") return new TextEncoder().encode(piece) as Uint8Array<ArrayBuffer>;
  if (ArrayBuffer.isView(piece)) return new Uint8Array(piece.buffer as ArrayBuffer, piece.byteOffset, piece.byteLength);
  if (isBuffer(piece)) return new Uint8Array(piece);
  throw new TypeError("cannot send: expected the pieces of a body to be bytes or texts, found another value");
}
