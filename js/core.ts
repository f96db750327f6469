/**
 * The only file that touches the WebAssembly module and its generated glue.
 *
 * The module is instantiated at the first call, synchronously, once; nobody calls an init function. Should it ever trap,
 * it is replaced by a fresh instance: what can be built again is ({@link Held} of kind `rebuildable`), what held state
 * says so with `instance_lost`.
 */
import load from "#wasm";
import { ConfigurationError, InternalError, fromFault, isFault } from "./errors.js";
import * as glue from "./wasm/core.js";

/** What the module exports. */
export type Core = typeof glue;

let started = false;
let generation = 0;

function start(): void {
  if (typeof WebAssembly !== "object") {
    throw new ConfigurationError({
      code: "invalid_config",
      message: "cannot start: expected a host with WebAssembly, found none (a browser's CSP must allow 'wasm-unsafe-eval')",
    });
  }
  try {
    glue.initSync({ module: load() });
  } catch (cause) {
    throw new ConfigurationError({
      code: "invalid_config",
      message:
        "cannot start: expected a host that compiles WebAssembly with simd128 and bulk memory (Chrome and Edge 114, Firefox 115, " +
        "Safari 16.4, Node 20.19 or later; a browser's CSP must allow 'wasm-unsafe-eval'), found one that refused",
      cause,
    });
  }
  started = true;
}

/** Calls into the core. Whatever it throws comes out as a typed error. */
export function run<T>(call: (core: Core) => T): T {
  if (!started) start();
  try {
    return call(glue);
  } catch (error) {
    throw translate(error);
  }
}

/** What waits for a promise of the instance in use: told when that instance is gone. */
const waiting = new Set<(error: InternalError) => void>();

/**
 * As {@link run}, for an export that answers with a promise. Should the instance be replaced before it has, the promise
 * rejects with `instance_lost`; by itself it would never settle, since the future it stands for is gone.
 *
 * Promises handed to the core must be {@link tied}.
 */
export async function runAsync<T>(call: (core: Core) => Promise<T>): Promise<T> {
  // The call itself may trap. What the promise rejects with may not be taken for a trap: it can come from the
  // application's own functions, which may use WebAssembly too.
  const answer = run(call);
  let stop: (error: InternalError) => void = () => {};
  try {
    return await new Promise<T>((resolve, reject) => {
      stop = reject;
      waiting.add(stop);
      answer.then(resolve, reject);
    });
  } catch (error) {
    throw isFault(error) ? fromFault(error) : error;
  } finally {
    waiting.delete(stop);
  }
}

/**
 * A promise for the core to wait for: what the core attaches to it is not called once the instance has been replaced.
 * The glue would notice that it belonged to another one, and throw where nobody catches.
 */
export function tied<T>(promise: PromiseLike<T>): Promise<T> {
  const born = generation;
  const own = Promise.resolve(promise).then((value) => value);
  const whileAlive = <V>(call?: ((value: V) => unknown) | null) => call && ((value: V) => (born === generation ? call(value) : undefined));
  // Here and not where the promise settles: a trap may come between that and the call.
  const then: typeof own.then = (done, failed) => Promise.prototype.then.call(own, whileAlive(done), whileAlive(failed)) as Promise<never>;
  return Object.defineProperty(own, "then", { value: then });
}

/** Which instance is in use: it rises when a trapped one is replaced. */
export function currentGeneration(): number {
  return generation;
}

function translate(error: unknown): unknown {
  if (isFault(error)) return fromFault(error);
  if (error instanceof WebAssembly.RuntimeError) {
    // The instance's memory can't be trusted after a trap. Replace it, so that the next call works.
    generation += 1;
    room = new Uint8Array();
    glue.__wbg_reset_state();
    for (const stop of [...waiting]) stop(lostInstance("cannot finish this call"));
    return new InternalError({
      code: "internal",
      message: "cannot go on with this call: the WebAssembly module trapped and was replaced; please report it",
      cause: error,
    });
  }
  return error;
}

/** Where the core reads texts from: a view of the module's memory. */
let room: Uint8Array = new Uint8Array();
/** The same, for numbers that the core leaves there. */
let numbers: DataView = new DataView(new ArrayBuffer(0));
const utf8 = new TextEncoder();

/** A view of at least that many bytes. What was written there before stays. */
function roomOf(bytes: number): Uint8Array {
  // A view of memory that has grown is empty.
  if (room.length < bytes) {
    room = glue.textRoom(Math.max(bytes, LEAST_ROOM));
    numbers = new DataView(room.buffer, room.byteOffset, room.length);
  }
  return room;
}

/** A text of so many characters is written one by one. */
const FEW = 24;

/** There is always room for the numbers that a call leaves. */
const LEAST_ROOM = 1024;

/** A number that the core has left in the room for texts, by its place among them. For right after the call that left it. */
export function numberAt(place: number): number {
  roomOf(LEAST_ROOM);
  return numbers.getFloat64(8 * place, true);
}

/**
 * Writes a text as UTF-8 to where the core reads texts from, at a place, and gives its length there. For calls inside of
 * {@link run} and {@link Held.use}; nothing else may be written before the core reads it.
 */
export function addText(text: string, at: number): number {
  if (text.length <= FEW) {
    // The host's encoder takes longer to begin than these take.
    const view = roomOf(at + text.length);
    let place = 0;
    for (let code = 0; place < text.length && (code = text.charCodeAt(place)) < 128; place += 1) view[at + place] = code;
    if (place === text.length) return place;
  }
  let [from, end] = [0, at];
  // Most texts are ASCII; the others are given the room they need at most when they don't fit.
  let view = roomOf(end + text.length + 16);
  while (from < text.length) {
    const { read, written } = utf8.encodeInto(from === 0 ? text : text.slice(from), end === 0 ? view : view.subarray(end));
    from += read;
    end += written;
    if (from < text.length) view = roomOf(end + 3 * (text.length - from));
  }
  return end - at;
}

/** As {@link addText}, of bytes. */
export function addBytes(bytes: Uint8Array, at: number): number {
  roomOf(at + bytes.length).set(bytes, at);
  return bytes.length;
}

/** Says that the core has given up the room for texts. */
export function forgetRoom(): void {
  room = new Uint8Array();
}

function lostInstance(what: string): InternalError {
  return new InternalError({
    code: "instance_lost",
    message: `${what}: it lived in a WebAssembly instance that trapped and was replaced; make a new one`,
  });
}

/** What lives in the module's memory: freed by hand, or by the collector. */
interface Freeable {
  free(): void;
}

/**
 * An object of the core, made at its first use.
 *
 * `rebuildable`: made from what the face keeps (a price book, a scanner, a tracker); made again when the instance was
 * replaced. `stateful`: what it held is lost with its instance, and using it again throws `instance_lost`.
 */
export class Held<T extends Freeable> {
  readonly #kind: "rebuildable" | "stateful";
  readonly #make: (core: Core) => T;
  #object: T | undefined;
  #generation = -1;

  constructor(kind: "rebuildable" | "stateful", make: (core: Core) => T) {
    this.#kind = kind;
    this.#make = make;
  }

  /** Calls a synchronous method of the object. */
  use<R>(call: (object: T) => R): R {
    // What run does, without a closure more: prices and stream chunks come this way.
    if (!started) start();
    try {
      return call(this.#get());
    } catch (error) {
      throw translate(error);
    }
  }

  /** Calls a method that answers with a promise. */
  async useAsync<R>(call: (object: T) => Promise<R>): Promise<R> {
    return runAsync(() => call(this.#get()));
  }

  /** Forgets the object; the next use makes a new one. For what was made from options that changed. */
  reset(): void {
    if (this.#object !== undefined && this.#generation === generation) this.#object.free();
    this.#object = undefined;
    this.#generation = -1;
  }

  /** Gives the memory back at once, for objects of one call. */
  free(): void {
    this.reset();
  }

  #get(): T {
    if (this.#object !== undefined && this.#generation === generation) return this.#object;
    if (this.#object !== undefined && this.#kind === "stateful") {
      throw lostInstance("cannot use this object");
    }
    this.#object = this.#make(glue);
    this.#generation = generation;
    return this.#object;
  }
}
