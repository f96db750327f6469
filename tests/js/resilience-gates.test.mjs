// What lets calls through: a rate limit, a limit on calls at once, a circuit breaker. Their clock is the test's.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";

import { CircuitBreaker, ConcurrencyLimiter, ConfigurationError, RateLimiter, TokenLimitError, TimeoutError, TollgateError, UnavailableError } from "tollgate";

import { heard, stopClock } from "./lib/clock.mjs";
import { random } from "./lib/records.mjs";

const CASES = 300;

let clock;
beforeEach(() => (clock = stopClock()));
afterEach(() => clock.restore());
const passes = (ms) => clock.passes(ms);
const code = (error) => (TollgateError.isInstance(error) ? error.code : error);

describe("RateLimiter", () => {
  it("lets a burst through, then as many as flow in", async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 60, burstRequests: 3 });
    let through = 0;
    for (let call = 0; call < 8; call += 1) void limiter.acquire().then(() => (through += 1));
    await heard();
    assert.deepEqual([through, limiter.waiting], [3, 5]);
    await passes(999);
    assert.equal(through, 3);
    await passes(1);
    assert.equal(through, 4);
    await passes(4_000);
    assert.deepEqual([through, limiter.waiting], [8, 0]);
  });

  it("law: in no time more than rate x time + burst, and all get their turn in order", async () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      const next = random(seed);
      const below = (n) => Math.floor(next() * n);
      const [rate, burst, tokenRate, tokenBurst] = [1 + below(600), 1 + below(10), 1 + below(60_000), 100 + below(1_000)];
      const limiter = new RateLimiter({ requestsPerMinute: rate, burstRequests: burst, tokensPerMinute: tokenRate, burstTokens: tokenBurst });
      const taken = [];
      const order = [];
      let given = 0;
      let asked = 0;
      for (let step = 0; step < 25; step += 1) {
        if (next() < 0.7) {
          const number = (asked += 1);
          const tokens = below(tokenBurst);
          const controller = new AbortController();
          limiter.acquire({ tokens, signal: controller.signal }).then(
            (permit) => {
              const entry = { at: Date.now(), tokens };
              taken.push(entry);
              order.push(number);
              // What comes back counts for less from the moment it was taken.
              if (next() < 0.5) setTimeout(() => permit.settle((entry.tokens = below(tokens + 1))), below(3_000));
            },
            () => (given += 1),
          );
          if (next() < 0.1) setTimeout(() => controller.abort(), below(2_000));
        }
        await passes(below(1_500));
      }
      for (let turns = 0; taken.length + given < asked; turns += 1) {
        assert.ok(turns < 200, `seed ${seed}: ${asked - taken.length - given} never get their turn`);
        await passes(60_000);
      }
      await passes(5_000);
      assert.deepEqual([limiter.waiting, clock.timers], [0, 0]);
      assert.deepEqual(order, [...order].sort((a, b) => a - b), `seed ${seed}`);
      for (let from = 0; from < taken.length; from += 1) {
        let [requests, tokens] = [0, 0];
        for (let to = from; to < taken.length; to += 1) {
          requests += 1;
          tokens += taken[to].tokens;
          const ms = taken[to].at - taken[from].at;
          assert.ok(requests <= burst + (rate * ms) / 60_000 + 1e-9, `seed ${seed}: ${requests} requests in ${ms} ms`);
          assert.ok(tokens <= tokenBurst + (tokenRate * ms) / 60_000 + 1e-6, `seed ${seed}: ${tokens} tokens in ${ms} ms`);
        }
      }
    }
  });

  it("gives back what was not used, but not what would have flowed over", async () => {
    const limiter = new RateLimiter({ tokensPerMinute: 600, burstTokens: 600 });
    const first = await limiter.acquire({ tokens: 600 });
    first.settle(100);
    first.settle(0);
    const second = await limiter.acquire({ tokens: 500 });
    // A minute later it is full again: what the second did not use is too late.
    await passes(60_000);
    second.settle(0);
    await limiter.acquire({ tokens: 600 });
    let through = false;
    void limiter.acquire({ tokens: 1 }).then(() => (through = true));
    await passes(99);
    assert.equal(through, false);
    await passes(1);
    assert.equal(through, true);
  });

  it("an unused place goes to who waits", async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 1 });
    const permit = await limiter.acquire();
    let through = false;
    void limiter.acquire().then(() => (through = true));
    await heard();
    assert.equal(through, false);
    permit.cancel();
    await heard();
    assert.equal(through, true);
  });

  it("remembers nothing of what is settled, and not all of what never is", async () => {
    const started = performance.now();
    let now = Date.now();
    Date.now = () => (now += 1);
    const settled = new RateLimiter({ requestsPerMinute: 1, burstRequests: 100_000 });
    for (let call = 0; call < 60_000; call += 1) (await settled.acquire()).settle(0);
    const forgotten = new RateLimiter({ requestsPerMinute: 1, burstRequests: 100_000 });
    for (let call = 0; call < 12_000; call += 1) await forgotten.acquire();
    // Without that each would look at all before it.
    assert.ok(performance.now() - started < 5_000, `${performance.now() - started} ms`);
  });

  it("gives back the tokens of what was not billed, and a request that was answered never", async () => {
    const attempt = { endpoint: "e", signal: new AbortController().signal, leaseMs: 600_000, tokens: () => 100 };
    for (const [status, isBack] of [[429, true], [503, true], [400, true], [200, false], [504, false]]) {
      const limiter = new RateLimiter({ tokensPerMinute: 100, followHeaders: false });
      const pass = await limiter.enter(attempt);
      pass.answered(status, new Headers());
      let through = false;
      void limiter.enter(attempt).then(() => (through = true));
      await heard();
      assert.deepEqual([status, through], [status, isBack]);
    }
    const limiter = new RateLimiter({ requestsPerMinute: 1 });
    const permit = await limiter.acquire();
    permit.settle(0);
    permit.cancel();
    void limiter.acquire();
    await heard();
    assert.equal(limiter.waiting, 1);
    // More than was taken counts, though nothing of it can flow back any more.
    const over = new RateLimiter({ tokensPerMinute: 60_000, burstTokens: 1_000 });
    const small = await over.acquire({ tokens: 10 });
    await passes(1_000);
    small.settle(1_010);
    void over.acquire({ tokens: 1_000 });
    await passes(999);
    assert.equal(over.waiting, 1);
    await passes(1);
    assert.equal(over.waiting, 0);
  });

  it("a provider's pause of days is a minute", async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 600 });
    const attempt = { endpoint: "e", signal: new AbortController().signal, leaseMs: 600_000, tokens: () => 0 };
    (await limiter.enter(attempt)).answered(429, new Headers({ "retry-after": "864000" }));
    let through = false;
    void limiter.enter(attempt).then(() => (through = true));
    await passes(59_999);
    assert.equal(through, false);
    await passes(1);
    assert.equal(through, true);
  });

  it("whoever waits for longer than the lease is refused", async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 1 });
    await limiter.acquire();
    const late = limiter.acquire({ leaseMs: 100 });
    late.catch(() => undefined);
    const behind = limiter.acquire();
    await passes(100);
    await assert.rejects(late, (error) => error instanceof TimeoutError && error.timeout === 100);
    assert.equal(limiter.waiting, 1);
    await passes(59_900);
    await behind;
    assert.equal(clock.timers, 0);
    for (const leaseMs of [NaN, 0, -1, "5"]) await assert.rejects(limiter.acquire({ leaseMs }), ConfigurationError);
  });

  it("a queue has an end, and whoever is aborted leaves it with the own reason", async () => {
    const limiter = new RateLimiter({ requestsPerMinute: 60, burstRequests: 1, maxQueue: 2 });
    await limiter.acquire();
    const controller = new AbortController();
    const reason = new Error("mine");
    const waiting = limiter.acquire({ signal: controller.signal });
    const behind = limiter.acquire();
    await assert.rejects(limiter.acquire(), (error) => error instanceof UnavailableError && error.code === "queue_full" && error.context.limit === 2);
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
    assert.equal(limiter.waiting, 1);
    await passes(1_000);
    await behind;
    await assert.rejects(limiter.acquire({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    await assert.rejects(new RateLimiter({ requestsPerMinute: 1, maxQueue: 0, burstRequests: 1 }).acquire().then(() => limiter.acquire({ tokens: -1 })), ConfigurationError);
  });

  it("what can never pass is refused at once", async () => {
    await assert.rejects(new RateLimiter({ tokensPerMinute: 100 }).acquire({ tokens: 101 }), (error) => {
      assert.deepEqual([error instanceof TokenLimitError, error.tokens, error.limit], [true, 101, 100]);
      return error.message === "cannot pass a rate limit: expected at most 100 tokens at once, found a call that may use 101";
    });
  });

  it("follows what answers tell, downwards only", async () => {
    const attempt = (tokens) => ({ endpoint: "e", signal: new AbortController().signal, leaseMs: 600_000, tokens: () => tokens });
    const limiter = new RateLimiter({ requestsPerMinute: 600, tokensPerMinute: 6_000 });
    const pass = await limiter.enter(attempt(10));
    pass.answered(200, new Headers({ "x-ratelimit-remaining-requests": "100000", "x-ratelimit-remaining-tokens": "20" }));
    let through = 0;
    void limiter.enter(attempt(120)).then(() => (through += 1));
    await passes(999);
    assert.equal(through, 0);
    await passes(1);
    assert.equal(through, 1);
    pass.answered(200, new Headers({ "anthropic-ratelimit-requests-remaining": "0" }));
    void limiter.enter(attempt(1)).then(() => (through += 1));
    await passes(99);
    assert.equal(through, 1);
    await passes(1);
    assert.equal(through, 2);
    pass.answered(429, new Headers({ "retry-after": "30", "x-ratelimit-remaining-tokens": "lots" }));
    void limiter.enter(attempt(1)).then(() => (through += 1));
    await passes(29_999);
    assert.equal(through, 2);
    await passes(1);
    assert.equal(through, 3);
    const deaf = new RateLimiter({ requestsPerMinute: 600, followHeaders: false });
    assert.equal((await deaf.enter(attempt(1))).answered, undefined);
  });

  it("refuses what can't be meant", () => {
    for (const [config, message] of [
      [{}, /expected requestsPerMinute or tokensPerMinute, found neither/],
      [{ requestsPerMinute: -1 }, /cannot read requestsPerMinute: expected a whole number from 1 to 1000000000, found -1/],
      [{ requestsPerMinute: 0 }, /found 0/],
      [{ tokensPerMinute: 1.5 }, /found 1.5/],
      [{ tokensPerMinute: "100" }, /found string/],
      [{ requestsPerMinute: 1, burstRequests: 0 }, /burstRequests/],
      [{ requestsPerMinute: 1, maxQueue: -1 }, /maxQueue/],
      [{ requestsPerMinute: NaN }, /found NaN/],
      [{ requestsPerMinute: 1, followHeaders: "no" }, /cannot read followHeaders: expected true or false, found string/],
      [{ tokensPerMinute: 10, burstRequests: 5 }, /expected requestsPerMinute with its burst/],
      [null, /found null/],
    ]) {
      assert.throws(() => new RateLimiter(config), (error) => error instanceof ConfigurationError && message.test(error.message), String(message));
    }
    assert.throws(() => new RateLimiter({ requestPerMinute: 1 }), (error) => error.code === "unknown_option" && /requestsPerMinute/.test(error.message));
  });
});

describe("ConcurrencyLimiter", () => {
  it("law: never more than so many at once, and no place is lost", async () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      const next = random(seed);
      const below = (n) => Math.floor(next() * n);
      const most = 1 + below(4);
      const limiter = new ConcurrencyLimiter({ maxConcurrent: most });
      let [active, ended, asked] = [0, 0, 0];
      for (let step = 0; step < 30; step += 1) {
        asked += 1;
        const controller = new AbortController();
        limiter.acquire({ signal: controller.signal }).then(
          (free) => {
            active += 1;
            assert.ok(active <= most, `seed ${seed}`);
            setTimeout(() => {
              active -= 1;
              ended += 1;
              free();
              free();
            }, below(100));
          },
          () => (ended += 1),
        );
        if (next() < 0.3) setTimeout(() => controller.abort(), below(100));
        await passes(below(30));
      }
      for (let turns = 0; ended < asked; turns += 1) {
        assert.ok(turns < 100, `seed ${seed}: ${asked - ended} never get their turn`);
        await passes(100);
      }
      assert.deepEqual([limiter.active, limiter.waiting], [0, 0]);
    }
  });

  it("a place that is never freed is free again after its lease", async () => {
    const limiter = new ConcurrencyLimiter({ maxConcurrent: 1, maxQueue: 0 });
    await limiter.acquire({ leaseMs: 1_000 });
    await assert.rejects(limiter.acquire(), (error) => code(error) === "queue_full");
    await passes(1_000);
    await limiter.acquire();
  });

  it("a place whose lease is over goes to who waits, and a waiter whose lease is over is refused", async () => {
    const limiter = new ConcurrencyLimiter({ maxConcurrent: 1 });
    await limiter.acquire({ leaseMs: 1_000 });
    const { signal } = new AbortController();
    let listeners = 0;
    const [add, remove] = [signal.addEventListener, signal.removeEventListener];
    signal.addEventListener = (...words) => ((listeners += 1), add.apply(signal, words));
    signal.removeEventListener = (...words) => ((listeners -= 1), remove.apply(signal, words));
    const late = limiter.acquire({ leaseMs: 100, signal });
    late.catch(() => undefined);
    let through = false;
    void limiter.acquire().then(() => (through = true));
    await passes(100);
    await assert.rejects(late, (error) => error instanceof TimeoutError && error.timeout === 100 && /a concurrency limit/.test(error.message));
    assert.deepEqual([limiter.waiting, listeners], [1, 0]);
    await passes(899);
    assert.equal(through, false);
    await passes(1);
    assert.deepEqual([through, limiter.active, limiter.waiting, clock.timers], [true, 1, 0, 0]);
    for (const leaseMs of [NaN, 0, 1.5]) await assert.rejects(limiter.acquire({ leaseMs }), ConfigurationError);
  });

  it("refuses what can't be meant", () => {
    for (const config of [{}, { maxConcurrent: 0 }, { maxConcurrent: -3 }, { maxConcurrent: 1, maxQueue: -1 }, { maxConcurrent: 1, queue: 3 }, undefined]) {
      assert.throws(() => new ConcurrencyLimiter(config), ConfigurationError);
    }
  });
});

describe("CircuitBreaker", () => {
  const ok = [200, 400, 401, 404, 429];
  const bad = [408, 500, 503, 529];
  const enter = (breaker, endpoint = "https://a/v1") => breaker.enter({ endpoint });

  it("opens after failures in a row, probes with one call, closes when that succeeds", async () => {
    const told = [];
    const breaker = new CircuitBreaker({ failureThreshold: 2, openMs: 1_000, onStateChange: (endpoint, state) => told.push([endpoint, state]) });
    enter(breaker).answered(500);
    enter(breaker).answered(200);
    enter(breaker).answered(500);
    const [late, slow] = [enter(breaker), enter(breaker)];
    enter(breaker).failed(false);
    assert.equal(breaker.state("https://a/v1"), "open");
    // What was sent before it opened says nothing.
    late.answered(200);
    assert.throws(() => enter(breaker), (error) => {
      assert.deepEqual([error.code, error.endpoint, error.retryAfterMs], ["circuit_open", "https://a/v1", 1_000]);
      return error.message === "cannot send: expected https://a/v1 to be well, found that it has been failing; the next call goes in 1000 ms";
    });
    enter(breaker, "https://b/v1");
    await passes(1_000);
    assert.equal(breaker.state("https://a/v1"), "half_open");
    const probe = enter(breaker);
    assert.throws(() => enter(breaker), UnavailableError);
    slow.answered(500);
    probe.failed(true);
    // Its caller gave up: the next one probes.
    enter(breaker).answered(503);
    assert.equal(breaker.state("https://a/v1"), "open");
    await passes(1_000);
    enter(breaker).answered(200);
    assert.equal(breaker.state("https://a/v1"), "closed");
    const states = ["open", "half_open", "half_open", "open", "half_open", "closed"];
    assert.deepEqual(told, states.map((state) => ["https://a/v1", state]));
  });

  it("a probe of which nobody hears is forgotten", async () => {
    const breaker = new CircuitBreaker({ failureThreshold: 1, openMs: 100 });
    enter(breaker).failed(false);
    await passes(100);
    enter(breaker);
    assert.throws(() => enter(breaker));
    await passes(100);
    enter(breaker).answered(200);
    assert.equal(breaker.state("https://a/v1"), "closed");
  });

  it("law: it is the machine of its description, whatever comes in which order", async () => {
    for (let seed = 1; seed <= CASES; seed += 1) {
      const next = random(seed);
      const below = (n) => Math.floor(next() * n);
      const [threshold, openMs] = [1 + below(4), 1 + below(200)];
      const breaker = new CircuitBreaker({ failureThreshold: threshold, openMs });
      // The description, in the plainest words.
      let state = { is: "closed", failures: 0, epoch: 0 };
      const under = [];
      for (let step = 0; step < 120; step += 1) {
        const now = Date.now();
        if (state.is === "open" && now - state.since >= openMs) state = { ...state, is: "half_open", probe: undefined };
        assert.equal(breaker.state("https://a/v1"), state.is, `seed ${seed} step ${step}`);
        const choice = next();
        if (choice < 0.45) {
          const may = state.is === "closed" || (state.is === "half_open" && (state.probe === undefined || now - state.probe.at >= openMs));
          let pass;
          try {
            pass = enter(breaker);
          } catch (error) {
            assert.equal(error.code, "circuit_open");
            assert.ok(error.retryAfterMs > 0 && error.retryAfterMs <= openMs);
          }
          assert.equal(pass !== undefined, may, `seed ${seed} step ${step}: ${state.is}`);
          if (pass === undefined) continue;
          const call = { pass, epoch: state.epoch, at: now };
          if (state.is === "half_open") state = { ...state, probe: call };
          under.push(call);
        } else if (choice < 0.8 && under.length > 0) {
          const [call] = under.splice(below(under.length), 1);
          const how = below(3);
          if (how === 0) call.pass.answered(ok[below(ok.length)]);
          else if (how === 1) next() < 0.5 ? call.pass.answered(bad[below(bad.length)]) : call.pass.failed(false);
          else next() < 0.5 ? call.pass.failed(true) : call.pass.unsent();
          const isProbe = state.probe === call;
          const counts = isProbe || (state.is === "closed" && call.epoch === state.epoch);
          if (!counts) continue;
          if (how === 0) state = { is: "closed", failures: 0, epoch: state.epoch + (isProbe ? 1 : 0) };
          else if (how === 2) state = { ...state, ...(isProbe && { probe: undefined }) };
          else if (isProbe || state.failures + 1 >= threshold) state = { is: "open", failures: 0, epoch: state.epoch + 1, since: now };
          else state = { ...state, failures: state.failures + 1 };
        } else {
          await passes(below(openMs));
        }
      }
    }
  });

  it("a listener that throws breaks nothing; refuses what can't be meant", () => {
    const breaker = new CircuitBreaker({ failureThreshold: 1, onStateChange: () => assert.fail() });
    enter(breaker).answered(500);
    // One that is asynchronous would end a Node process.
    const later = new CircuitBreaker({ failureThreshold: 1, onStateChange: async () => assert.fail() });
    enter(later).answered(500);
    for (const config of [{ failureThreshold: 0 }, { openMs: -1 }, { openMs: 2 ** 31 }, { onStateChange: "log" }, { threshold: 1 }]) {
      assert.throws(() => new CircuitBreaker(config), ConfigurationError);
    }
  });
});
