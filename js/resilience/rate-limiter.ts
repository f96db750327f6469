/** A limit on requests and tokens in a minute. */
import { run } from "../core.js";
import { TokenLimitError } from "../errors.js";
import { LONGEST_MS, invalid, known, leaseOf, whole } from "./check.js";
import type { Attempt, Pass } from "./gate.js";
import { Line } from "./line.js";
import { TokenBucket, type Taken } from "./token-bucket.js";

/** What a {@link RateLimiter} is made from. At least one of the two rates. */
export interface RateLimitConfig {
  requestsPerMinute?: number;
  /** Input and output. A call counts at its estimate, which is its output maximum and its input, until its usage is known. */
  tokensPerMinute?: number;
  /** How many requests may go at once after a pause. `requestsPerMinute` if left out. */
  burstRequests?: number;
  /** How many tokens may. `tokensPerMinute` if left out. */
  burstTokens?: number;
  /** How many may wait; one more is refused with `queue_full`. 1,000 if left out; 0 refuses at once. */
  maxQueue?: number;
  /**
   * Whether the limits that answers tell of (`x-ratelimit-remaining-*`, `anthropic-ratelimit-*-remaining`, `retry-after` of a 429) hold calls back,
   * too. They only ever lower what is let through; a `retry-after` for a minute at most. `true` if left out.
   */
  followHeaders?: boolean;
}

/** A place that a {@link RateLimiter} gave. */
export interface RateLimitPermit {
  /** It was sent, and really used so many tokens: the rest is there for others. */
  settle(tokens: number): void;
  /** Nothing was sent: all of it is there for others. */
  cancel(): void;
}

/** What is known inside of it. */
interface Permit extends RateLimitPermit {
  /** It was sent: its request counts. */
  sent(): void;
}

interface Waiting {
  tokens: number;
  /** All tokens and requests that came up to this one, itself included. */
  sumTokens: number;
  sumRequests: number;
  permit: Permit | undefined;
  timer: ReturnType<typeof setTimeout> | undefined;
}

const REMAINING = {
  requests: ["x-ratelimit-remaining-requests", "anthropic-ratelimit-requests-remaining"],
  tokens: ["x-ratelimit-remaining-tokens", "anthropic-ratelimit-tokens-remaining"],
};

/**
 * A limit on requests and tokens in a minute, for all clients that are given the same one. Calls above it wait for their turn, in the
 * order in which they came; whoever is aborted leaves.
 *
 * ```ts
 * const rateLimiter = new RateLimiter({ requestsPerMinute: 500, tokensPerMinute: 200_000 });
 * const client = new GuardedOpenAI({ apiKey, rateLimiter });
 * ```
 */
export class RateLimiter {
  readonly #requests: TokenBucket | undefined;
  readonly #tokens: TokenBucket | undefined;
  readonly #mostTokens: number;
  readonly #line: Line<Waiting>;
  readonly #follows: boolean;
  /** Until then the provider wants nothing. */
  #pausedUntil = -Infinity;
  /** What has come, and what has gone or given up. */
  #come = { tokens: 0, requests: 0 };
  #gone = { tokens: 0, requests: 0 };

  constructor(config: RateLimitConfig) {
    known("the options of RateLimiter", config, ["requestsPerMinute", "tokensPerMinute", "burstRequests", "burstTokens", "maxQueue", "followHeaders"]);
    const { requestsPerMinute, tokensPerMinute } = config;
    if (requestsPerMinute == null && tokensPerMinute == null) {
      throw invalid("cannot make a RateLimiter: expected requestsPerMinute or tokensPerMinute, found neither");
    }
    const bucket = (name: string, perMinute: number | undefined, burst: number | undefined, most: number): [TokenBucket, number] | [undefined, number] => {
      const rate = whole(`${name}PerMinute`, perMinute, 0, 1, most);
      if (perMinute == null && burst != null) throw invalid(`cannot make a RateLimiter: expected ${name}PerMinute with its burst, found the burst alone`);
      const size = whole(`burst${name[0]!.toUpperCase()}${name.slice(1)}`, burst, rate, 1, most);
      return rate === 0 ? [undefined, Infinity] : [new TokenBucket(rate, size), size];
    };
    [this.#requests] = bucket("requests", requestsPerMinute, config.burstRequests, 1e9);
    [this.#tokens, this.#mostTokens] = bucket("tokens", tokensPerMinute, config.burstTokens, 1e11);
    this.#line = new Line("a rate limit", whole("maxQueue", config.maxQueue, 1_000, 0, 1e6));
    const { followHeaders } = config;
    if (followHeaders != null && typeof followHeaders !== "boolean") throw invalid(`cannot read followHeaders: expected true or false, found ${typeof followHeaders}`);
    this.#follows = followHeaders ?? true;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#line.length;
  }

  /**
   * Waits for a place, of so many tokens; for `leaseMs` at most, where it is given.
   *
   * @throws {UnavailableError} `queue_full` when too many wait
   * @throws {TimeoutError} when `leaseMs` was over before there was one
   * @throws {TokenLimitError} when it is more than there can ever be at once
   */
  acquire(options: { tokens?: number; signal?: AbortSignal; leaseMs?: number } = {}): Promise<RateLimitPermit> {
    return this.#acquire(options);
  }

  async #acquire({ tokens = 0, signal, leaseMs: given }: { tokens?: number; signal?: AbortSignal; leaseMs?: number }): Promise<Permit> {
    const leaseMs = leaseOf(given);
    whole("tokens", tokens, 0, 0, Number.MAX_SAFE_INTEGER);
    if (tokens > this.#mostTokens) {
      throw new TokenLimitError({
        code: "token_limit",
        message: `cannot pass a rate limit: expected at most ${this.#mostTokens} tokens at once, found a call that may use ${tokens}`,
        context: { tokens, limit: this.#mostTokens },
      });
    }
    signal?.throwIfAborted();
    // Nobody is passed by: a small call that came later waits behind a large one.
    if (this.#line.length === 0 && this.#wait(tokens, 1, Date.now()) === 0) return this.#take(tokens);
    this.#line.check();
    const { tokens: sumTokens, requests: sumRequests } = this.#come;
    const waiting: Waiting = { tokens, sumTokens: sumTokens + tokens, sumRequests: sumRequests + 1, permit: undefined, timer: undefined };
    this.#come = { tokens: waiting.sumTokens, requests: waiting.sumRequests };
    const turn = this.#line.join(waiting, signal, leaseMs, () => {
      clearTimeout(waiting.timer);
      this.#go(waiting);
      this.#serve();
    });
    // Each has a timer of its own: a host that ends a request ends its timers, and nobody else's.
    this.#arm(waiting);
    await turn;
    return waiting.permit!;
  }

  /** @internal */
  async enter(attempt: Attempt): Promise<Pass> {
    const { signal, leaseMs } = attempt;
    const isCounted = this.#tokens !== undefined;
    const most = isCounted ? attempt.tokens() : 0;
    const permit = await this.#acquire({ tokens: most, signal, leaseMs });
    const answered = (status: number, headers: Headers): void => {
      if (isUnbilled(status)) permit.settle(0);
      if (this.#follows) this.#learn(status, headers);
    };
    return {
      unsent: () => permit.cancel(),
      ...((this.#follows || isCounted) && { answered }),
      left: () => permit.sent(),
      ...(isCounted && { used: (tokens) => permit.settle(tokens ?? most) }),
    };
  }

  #wait(tokens: number, requests: number, now: number): number {
    return Math.max(this.#pausedUntil - now, this.#requests?.wait(requests, now) ?? 0, this.#tokens?.wait(tokens, now) ?? 0, 0);
  }

  #take(tokens: number): Permit {
    const now = Date.now();
    const request = this.#requests?.take(1, now);
    const taken = this.#tokens?.take(tokens, now);
    const back = (bucket: TokenBucket | undefined, of: Taken | undefined, used: number): void => {
      if (of === undefined) return;
      bucket!.settle(of, used, Date.now());
      this.#serve();
    };
    const sent = (): void => back(this.#requests, request, 1);
    return {
      sent,
      settle: (used) => {
        back(this.#tokens, taken, whole("tokens", used, 0, 0, Number.MAX_SAFE_INTEGER));
        sent();
      },
      cancel: () => {
        back(this.#requests, request, 0);
        back(this.#tokens, taken, 0);
      },
    };
  }

  #serve(): void {
    this.#line.serve((waiting) => {
      if (this.#wait(waiting.tokens, 1, Date.now()) > 0) return false;
      clearTimeout(waiting.timer);
      this.#go(waiting);
      waiting.permit = this.#take(waiting.tokens);
      return true;
    });
    // Whoever is in front now may be earlier than was thought: others have given up, or given back.
    const { first } = this.#line;
    if (first !== undefined) this.#arm(first);
  }

  #go({ tokens }: Waiting): void {
    this.#gone = { tokens: this.#gone.tokens + tokens, requests: this.#gone.requests + 1 };
  }

  /** Looks again when its turn may have come: when what waits before it, and it, can be taken. */
  #arm(waiting: Waiting): void {
    clearTimeout(waiting.timer);
    const tokens = Math.max(waiting.tokens, waiting.sumTokens - this.#gone.tokens);
    const requests = Math.max(1, waiting.sumRequests - this.#gone.requests);
    const ms = Math.min(Math.max(this.#wait(tokens, requests, Date.now()), 1), LONGEST_MS);
    waiting.timer = setTimeout(() => {
      this.#serve();
      if (waiting.permit === undefined && waiting !== this.#line.first) this.#arm(waiting);
    }, ms);
  }

  #learn(status: number, headers: Headers): void {
    const now = Date.now();
    for (const [bucket, names] of [[this.#requests, REMAINING.requests], [this.#tokens, REMAINING.tokens]] as const) {
      for (const name of names) {
        const text = headers.get(name);
        if (text !== null && /^\d{1,15}$/.test(text)) bucket?.lower(Number(text), now);
      }
    }
    if (status !== 429) return;
    const ms = run((core) => core.retryAfter(headers, now));
    if (ms !== undefined) this.#pausedUntil = Math.max(this.#pausedUntil, now + Math.min(ms, LONGEST_PAUSE_MS));
  }
}

/** Nobody's word stops all calls for longer: the next one asks anew, and is told at once how long it is. */
const LONGEST_PAUSE_MS = 60_000;

/** Whether an answer of that status used no tokens. Of those by which a gateway says that it stopped waiting nobody knows. */
function isUnbilled(status: number): boolean {
  return status >= 400 && status !== 499 && status !== 504 && !(status >= 520 && status <= 524);
}
