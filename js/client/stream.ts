/** A guarded stream, as the official SDK's users know it. */
import type { SecurityMetadata, SpentSoFar } from "../types.js";
import type { Deadline } from "./deadline.js";
import type { RunningCall } from "./drive.js";

/**
 * A stream of chunks. It is read once; `tee()` gives two that are read apart. Leaving the loop early aborts the request.
 * The call is metered and settled whether anybody reads or not.
 */
export class GuardedStreamOf<T> implements AsyncIterable<T> {
  /** Ends the request, for this stream and what it was teed into. */
  readonly controller: AbortController;
  /** What happened around the call. It resolves when the call is settled, and never rejects. */
  readonly security: Promise<SecurityMetadata>;
  #iterate: () => AsyncIterator<T>;
  #soFar: () => SpentSoFar | undefined;
  #taken = false;

  /** @internal */
  constructor(
    iterate: () => AsyncIterator<T>,
    controller: AbortController,
    security: Promise<SecurityMetadata>,
    soFar: () => SpentSoFar | undefined,
  ) {
    this.#iterate = iterate;
    this.#soFar = soFar;
    this.controller = controller;
    this.security = security;
  }

  /**
   * What the call has used and cost up to now, as far as it has come from the provider. While the provider has not said it, texts are
   * counted by the model's registered vocabulary, or estimated. Undefined once the call is settled: `security` has its record.
   */
  soFar(): SpentSoFar | undefined {
    return this.#soFar();
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    if (this.#taken) throw new TypeError("cannot iterate over a stream twice: use tee() to read it apart");
    this.#taken = true;
    return this.#iterate();
  }

  /** Two streams of the same chunks, each read at its own pace. */
  tee(): [GuardedStreamOf<T>, GuardedStreamOf<T>] {
    const source = this[Symbol.asyncIterator]();
    let readers = 2;
    const waiting: [Promise<IteratorResult<T>>[], Promise<IteratorResult<T>>[]] = [[], []];
    const branch = (mine: 0 | 1): GuardedStreamOf<T> =>
      new GuardedStreamOf<T>(
        () => ({
          next: () => {
            const queued = waiting[mine].shift();
            if (queued !== undefined) return queued;
            const result = source.next();
            waiting[mine === 0 ? 1 : 0].push(result);
            return result;
          },
          return: async () => {
            // The last to leave ends the request.
            readers -= 1;
            if (readers === 0) await source.return?.();
            return { value: undefined, done: true };
          },
        }),
        this.controller,
        this.security,
        this.#soFar,
      );
    return [branch(0), branch(1)];
  }

  /** The chunks as JSON, one on each line: what the official SDK's `fromReadableStream` reads. */
  toReadableStream(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    let iterator: AsyncIterator<T> | undefined;
    return new ReadableStream<Uint8Array>({
      pull: async (out) => {
        iterator ??= this[Symbol.asyncIterator]();
        try {
          const { value, done } = await iterator.next();
          if (done) out.close();
          else out.enqueue(encoder.encode(`${JSON.stringify(value)}\n`));
        } catch (error) {
          out.error(error);
        }
      },
      cancel: async () => {
        await iterator?.return?.();
      },
    });
  }
}

/** A queue between the reading of the provider and the reader of the stream. */
class Queue<T> {
  #items: T[] = [];
  #head = 0;
  #waiting: { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void }[] = [];
  #end: { error?: unknown; failed: boolean } | undefined;

  push(item: T): void {
    const reader = this.#waiting.shift();
    if (reader !== undefined) reader.resolve({ value: item, done: false });
    else this.#items.push(item);
  }

  end(failed: boolean, error?: unknown): void {
    this.#end = { failed, error };
    for (const reader of this.#waiting.splice(0)) this.#finish(reader.resolve, reader.reject);
  }

  next(): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      if (this.#head < this.#items.length) {
        const value = this.#items[this.#head] as T;
        this.#head += 1;
        if (this.#head === this.#items.length) {
          this.#items = [];
          this.#head = 0;
        }
        resolve({ value, done: false });
      } else if (this.#end !== undefined) {
        this.#finish(resolve, reject);
      } else {
        this.#waiting.push({ resolve, reject });
      }
    });
  }

  /** Nobody reads any more. */
  drop(): void {
    this.#items = [];
    this.#head = 0;
  }

  #finish(resolve: (result: IteratorResult<T>) => void, reject: (error: unknown) => void): void {
    // An error is told once; after it the stream is at its end.
    const { failed, error } = this.#end!;
    this.#end = { failed: false };
    if (failed) reject(error);
    else resolve({ value: undefined, done: true });
  }
}

/** Where what leaves a stream goes. @internal */
export interface Sink {
  /** Data of events that may leave. */
  take(data: string[]): void;
  /** Bytes that leave as they came, where bytes are wanted. */
  pass?(bytes: Uint8Array): void;
  /** That was all of it; with the error it ends with, unless who reads gave it up without a reason. */
  end(failure: { error: unknown } | undefined): void;
}

/** What the core says that a stream needs, as a sum. */
const [SAME, BYTES, ENDED, GROW, JUDGE] = [1, 2, 4, 8, 16] as const;

type Read = () => Promise<ReadableStreamReadResult<Uint8Array>>;

/** Reads the next piece, unless the call is given up. */
function readerOf(reader: ReadableStreamDefaultReader<Uint8Array> | undefined, deadline: Deadline): Read {
  if (reader === undefined) return () => Promise.resolve({ value: undefined, done: true });
  // A host's own ends the read that is under way when it is cancelled; a race for each piece would cost as much as reading it.
  if (typeof ReadableStreamDefaultReader !== "function" || !(reader instanceof ReadableStreamDefaultReader)) {
    return () => deadline.race(reader.read());
  }
  deadline.onAbort(() => void reader.cancel().catch(() => undefined));
  // Given up between the head and the first piece.
  deadline.check();
  return async () => {
    const found = await reader.read();
    deadline.check();
    return found;
  };
}

/**
 * Reads the provider's answer, whether anybody listens or not, so that the call is settled in any case. What the caller
 * has not read yet waits in memory: an answer's worth at most.
 *
 * @internal
 */
export async function pump(call: RunningCall, { take, pass, end }: Sink): Promise<SecurityMetadata> {
  const { deadline } = call.host;
  let judging: Promise<void> | undefined;
  let judged: { error: unknown } | undefined;
  /** Has judged what is whole, while the rest goes on coming. */
  const judge = async (stop: () => void): Promise<void> => {
    try {
      do take(await call.judge());
      while (call.core.use((core) => core.toJudge()));
      // Refused: no more of it is wanted.
      if (call.core.use((core) => core.streamEnded())) stop();
    } catch (error) {
      judged = { error };
      stop();
    } finally {
      judging = undefined;
    }
  };

  let why: "network" | "timeout" | "aborted" | undefined;
  let failure: { error: unknown } | undefined;
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  try {
    let message = "";
    try {
      reader = call.response?.body?.getReader();
      const read = readerOf(reader, deadline);
      for (;;) {
        const { value, done } = await read();
        if (done) break;
        call.host.cache?.piece(value!);
        // One call into the core for each piece: a stream has thousands.
        let needs: number;
        if (pass === undefined) {
          take(call.core.use((core) => core.chunk(value!, Date.now())));
          needs = call.core.use((core) => core.streamNeeds());
        } else {
          needs = call.core.use((core) => core.chunkBytes(value!, Date.now()));
          if ((needs & SAME) !== 0) pass(value!);
          else if ((needs & BYTES) !== 0) take([]);
        }
        if ((needs & GROW) !== 0 && call.host.budgets !== undefined) {
          const asked = call.core.use((core) => core.toGrow());
          if (asked !== undefined) take(await call.grow(asked));
          needs = call.core.use((core) => core.streamNeeds());
        }
        if ((needs & JUDGE) !== 0 && call.judges && judging === undefined && call.core.use((core) => core.toJudge())) {
          judging = judge(() => void reader?.cancel().catch(() => undefined));
        }
        if ((needs & ENDED) !== 0) {
          // Stopped here, or at its own end: what is left of the answer is not wanted.
          if (call.core.use((core) => core.streamStopped())) reader?.cancel().catch(() => undefined);
          break;
        }
      }
    } catch (error) {
      why = deadline.why();
      message = error instanceof Error ? error.name : "an exception";
      deadline.cause = deadline.signal.aborted ? deadline.signal.reason : error;
    }
    await judging;
    if (judged !== undefined) throw judged.error;
    // It was whole, and then given up while it was judged.
    if (deadline.signal.aborted) why ??= deadline.why();
    take(call.core.use((core) => core.finish(why, message, Date.now())));
    await call.proceed();
    take(call.released);
  } catch (error) {
    failure = { error };
    await call.rescue();
  } finally {
    // What is left of the answer is not wanted: a blocked or broken stream is cut at its source.
    reader?.cancel().catch(() => undefined);
    try {
      call.leave();
    } catch (error) {
      // The module was replaced under it.
      failure ??= { error };
    }
    if (why !== undefined || failure !== undefined) deadline.abort();
    deadline.end();
  }
  const security = call.lastSecurity();
  if (failure !== undefined && failure.error instanceof Error) security.error = failure.error;
  // Given up by who reads, without a reason of the caller's own: an end like another.
  const quiet = why === "aborted" && !deadline.byCaller;
  call.over(security, quiet ? undefined : failure);
  if (why === undefined && failure === undefined) call.keep(() => security);
  end(quiet ? undefined : failure);
  call.core.free();
  return security;
}

/**
 * The stream of a call, as data.
 *
 * @internal
 */
export function readStream<T>(call: RunningCall): GuardedStreamOf<T> {
  const queue = new Queue<T>();
  const controller = giveUpBy(call);
  let settled = false;
  const sink: Sink = {
    take: (data) => {
      for (const text of data) queue.push(JSON.parse(text) as T);
    },
    end: (failure) => {
      // Before the reader goes on: what it asks then must not be asked of a core that is free.
      settled = true;
      queue.end(failure !== undefined, failure?.error);
    },
  };
  const security = pump(call, sink);
  return new GuardedStreamOf<T>(
    () => ({
      next: () => queue.next(),
      return: () => {
        queue.drop();
        if (!controller.signal.aborted) controller.abort();
        return Promise.resolve({ value: undefined, done: true });
      },
    }),
    controller,
    security,
    () => {
      if (settled) return undefined;
      const found = call.core.use((core) => core.soFar(Date.now()));
      return found === undefined ? undefined : (JSON.parse(found) as SpentSoFar);
    },
  );
}

/** What gives a call up. @internal */
export function giveUpBy(call: RunningCall): AbortController {
  const controller = new AbortController();
  controller.signal.addEventListener("abort", () => call.host.deadline.abort(controller.signal.reason), { once: true });
  return controller;
}
