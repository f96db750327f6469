import { ConfigurationError, StorageError, TollgateError, fromFault, isFault } from "../errors.js";
import type { Neighbours } from "./server.js";
import { type SqlLedger, TICK, refusal } from "./sql-ledger.js";

/** How often a call waits for a chunk before the parent is asked for it alone. */
const PATIENCE = 4;
/** How often a message to the parent is sent that was not answered, and how long to wait before the next time. */
const TRIES = 3;
const PAUSE_MS = 10;

/** An operation that the parent is asked as it stands. */
interface Forward {
  readonly op: string;
  readonly resolve: (answer: string) => void;
  readonly reject: (cause: unknown) => void;
}

/**
 * A slice: an object that is handed chunks of another object's budgets and grants out of them. What is asked and told is the
 * core's (`docs/design/slices.md`); here is what carries it. One message to the parent is under way at a time, with everything that came up
 * before it left.
 */
export class SliceServer {
  readonly #ledger: SqlLedger;
  readonly #neighbours: Neighbours | undefined;
  #forwards: Forward[] = [];
  #current: Promise<void> | undefined;
  #following: Promise<void> | undefined;

  constructor(ledger: SqlLedger, neighbours: Neighbours | undefined) {
    this.#ledger = ledger;
    this.#neighbours = neighbours;
  }

  async answer(message: string, parent: string): Promise<string> {
    try {
      return `{"v":1,"answers":[${(await this.#answers(message, parent)).join(",")}]}`;
    } catch (error) {
      return refusal(error);
    }
  }

  /** Whether this is a slice; it has then told its parent what there was to tell. */
  async expire(): Promise<boolean> {
    const parent = this.#ledger.turn(undefined, (ledger) => ledger.sliceOf());
    if (parent === "") return false;
    await this.#answers(TICK, parent);
    await this.#next(parent);
    return true;
  }

  async #answers(message: string, parent: string): Promise<string[]> {
    const { id } = this.#reachable();
    const answers: string[] = [];
    let places: number[] | undefined;
    for (let round = 0; ; round += 1) {
      const named = places === undefined ? "" : JSON.stringify(places);
      const texts = this.#ledger.turn(message, (ledger, now) => ledger.runSlice(message, named, round >= PATIENCE, parent, id, now));
      const waiting: number[] = [];
      const forwarded: Promise<void>[] = [];
      for (const [index, text] of texts.entries()) {
        const place = places?.[index] ?? index;
        if (text === "") waiting.push(place);
        else if (!text.startsWith("^")) answers[place] = text;
        else forwarded.push(this.#forward(text.slice(1), parent).then((answer) => void (answers[place] = answer)));
      }
      await Promise.all(waiting.length === 0 ? forwarded : [...forwarded, this.#next(parent)]);
      if (waiting.length === 0) return answers;
      places = waiting;
    }
  }

  #forward(op: string, parent: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#forwards.push({ op, resolve, reject });
      // Where it fails, the operation is told.
      this.#next(parent).catch(() => {});
    });
  }

  /** The next message to the parent, which is not yet under way. */
  #next(parent: string): Promise<void> {
    this.#following ??= (async () => {
      await this.#current?.catch(() => {});
      this.#following = undefined;
      this.#current = this.#trade(parent);
      try {
        await this.#current;
      } finally {
        this.#current = undefined;
      }
    })();
    return this.#following;
  }

  /** Asks and tells the parent. */
  async #trade(parent: string): Promise<void> {
    const forwards = this.#forwards.splice(0);
    try {
      const own = this.#ledger.turn(undefined, (ledger, now) => ledger.outgoing(now));
      const ops = forwards.map(({ op }) => op);
      if (own !== "") ops.unshift(own);
      if (ops.length === 0) return;
      const text = await this.#insist(messageOf(ops.join(",")), parent);
      const { answers, error } = JSON.parse(text) as { answers?: unknown[]; error?: unknown };
      if (answers === undefined) throw isFault(error) ? fromFault(error) : lost();
      const first = answers.length - forwards.length;
      if (first < 0) throw lost();
      if (own !== "") {
        const sent = messageOf(own);
        this.#ledger.turn(sent, (ledger, now) => ledger.incoming(sent, JSON.stringify(answers.slice(0, first)), now));
      }
      for (const [index, { resolve }] of forwards.entries()) resolve(JSON.stringify(answers[first + index]));
    } catch (cause) {
      for (const { reject } of forwards) reject(cause);
      throw cause;
    }
  }

  /** A parent that was restarted is asked again. */
  async #insist(message: string, parent: string): Promise<string> {
    const { reach } = this.#reachable();
    for (let tried = 1; ; tried += 1) {
      try {
        return await reach(parent).ledger(message);
      } catch (cause) {
        if (TollgateError.isInstance(cause) || tried === TRIES) throw cause;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tried));
      }
    }
  }

  #reachable(): Neighbours {
    if (this.#neighbours !== undefined) return this.#neighbours;
    throw new ConfigurationError({ code: "invalid_config", message: "cannot use this object as a slice: expected a way to reach the ledger that it is a slice of, found none" });
  }
}

function messageOf(ops: string): string {
  return `{"v":1,"ops":[${ops}]}`;
}

function lost(): StorageError {
  return new StorageError({ code: "storage_unavailable", message: "cannot reach the ledger: expected answers, found others" });
}
