// Retries, limits and breakers around real calls over HTTP: what is sent, what is held, and what is owed.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import OpenAI from "openai";
import {
  APIError,
  BudgetManager,
  CircuitBreaker,
  ConcurrencyLimiter,
  ConfigurationError,
  GuardedAnthropic,
  InMemoryCostStorage,
  NetworkError,
  RateLimitError,
  RateLimiter,
  ServerError,
  TimeoutError,
  TollgateError,
  UnavailableError,
  createGuardedFetch,
  retry,
} from "tollgate";

import { startProvider } from "../../examples/local-provider/provider.mjs";
import { baseURL, client, hello, provider, useProvider } from "./lib/local.mjs";

useProvider();

const budget = (limit = 1) => {
  const budgetManager = new BudgetManager();
  const { id } = budgetManager.createBudget({ name: "b", limit, period: "daily", action: "block" });
  return { budgetManager, status: () => budgetManager.getBudgetStatus(id) };
};
const until = async (test) => {
  for (let turn = 0; !test(); turn += 1) {
    assert.ok(turn < 2_000, "it never comes to that");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
};

describe("retries", () => {
  const keys = () => provider.requests.map(({ headers }) => headers["idempotency-key"]);

  it("bear one idempotency key, and another call another", async () => {
    provider.script({ status: 500 }, { status: 503, retryAfterMs: 1 }, {}, {});
    const retrying = client({ maxRetries: 3, retry: { initialDelayMs: 1 } });
    await retrying.chat.completions.create(hello);
    await retrying.chat.completions.create(hello);
    const [first, second, third, other] = keys();
    assert.match(first, /^tollgate-[0-9a-f-]{36}$/);
    assert.deepEqual([second, third], [first, first]);
    assert.notEqual(other, first);
  });

  it("bear the caller's own key; where none may follow there is none", async () => {
    await client({ maxRetries: 1 }).chat.completions.create(hello, { idempotencyKey: "mine" });
    await client().chat.completions.create(hello);
    await new GuardedAnthropic({ apiKey: "sk-ant", baseURL: provider.url }).messages.create({ model: "claude-sonnet-4-5", max_tokens: 5, messages: hello.messages });
    assert.deepEqual([keys()[0], keys()[1], /^tollgate-/.test(keys()[2])], ["mine", undefined, true]);
  });

  it("follow on 408, 409, 429 and 5xx, each with a reservation of its own", async () => {
    for (const status of [408, 409, 429, 500, 502, 503, 529]) {
      provider.reset();
      provider.script({ status }, {});
      const storage = new InMemoryCostStorage();
      const { budgetManager, status: budgetStatus } = budget();
      const { security } = await client({ retry: { maxRetries: 1, initialDelayMs: 1 }, maxRetries: undefined, budgetManager, costStorage: storage }).chat.completions.create(hello);
      assert.equal(security.costRecord.attempt, 2);
      assert.match(security.costRecord.reservationId, /#2$/);
      const { spentUsd, heldUsd } = await budgetStatus();
      assert.deepEqual([spentUsd, heldUsd, storage.size()], [security.costRecord.usd, "0", 1]);
    }
  });

  it("wait as the provider says: milliseconds, seconds, a date", async () => {
    for (const headers of [{ "retry-after-ms": "2" }, { "retry-after": "0" }, { "retry-after": new Date(0).toUTCString() }]) {
      provider.reset();
      provider.script({ status: 429, headers }, {});
      // Without those words it would wait for days.
      await client({ retry: { maxRetries: 1, initialDelayMs: 2 ** 31 - 1, maxDelayMs: 2 ** 31 - 1 }, maxRetries: undefined }).chat.completions.create(hello);
      assert.equal(provider.requests.length, 2);
    }
  });

  it("do not follow where the provider says to wait for longer than anybody does", async () => {
    provider.script({ status: 429, retryAfter: 61 }, {});
    await assert.rejects(client({ maxRetries: 2 }).chat.completions.create(hello), (error) => error instanceof RateLimitError && error.retryAfter === 61);
    assert.equal(provider.requests.length, 1);
  });

  it("are what `retry` does for everything else", async () => {
    const attempts = [];
    const answer = await retry(
      (attempt) => {
        attempts.push(attempt);
        if (attempt === 1) throw new NetworkError({ code: "network", message: "gone" });
        if (attempt === 2) throw new RateLimitError({ code: "rate_limit", message: "later", context: { status: 429, retryAfter: 0.001 } });
        return Promise.resolve("at last");
      },
      { initialDelayMs: 1 },
    );
    assert.deepEqual([answer, attempts], ["at last", [1, 2, 3]]);
    const failing = (error) => {
      let tried = 0;
      return retry(() => Promise.reject(((tried += 1), error)), { initialDelayMs: 0, maxRetries: 1 }).catch((thrown) => [thrown === error, tried]);
    };
    assert.deepEqual(await failing(new ServerError({ code: "server_error", message: "", context: { status: 500 } })), [true, 2]);
    assert.deepEqual(await failing(new APIError({ code: "bad_request", message: "", context: { status: 400 } })), [true, 1]);
    assert.deepEqual(await failing(new RateLimitError({ code: "rate_limit", message: "", context: { status: 429, retryAfter: 61 } })), [true, 1]);
    assert.deepEqual(await failing(new TypeError("a bug")), [true, 1]);
    const controller = new AbortController();
    const waiting = retry(() => Promise.reject(new NetworkError({ message: "gone" })), { initialDelayMs: 2 ** 31 - 1, maxDelayMs: 2 ** 31 - 1, signal: controller.signal });
    setTimeout(() => controller.abort(new Error("mine")), 5);
    await assert.rejects(waiting, /mine/);
    await assert.rejects(retry(() => {}, { maxRetry: 1 }), (error) => error.code === "unknown_option");
  });

  it("of `retry` follow the rules of the clients: the provider's word, and no more time where it was up", async () => {
    const tries = async (error, options) => {
      let tried = 0;
      await retry(() => Promise.reject(((tried += 1), error)), { initialDelayMs: 0, maxRetries: 1, ...options }).catch((thrown) => assert.equal(thrown, error));
      return tried;
    };
    const failed = (status, word) => new APIError({ code: "server_error", message: "", context: { status }, ...(word && { headers: new Headers({ "x-should-retry": word }) }) });
    const found = [];
    for (const [status, word] of [[500], [500, "false"], [400, "true"], [400], [503, "perhaps"], [600]]) found.push(await tries(failed(status, word)));
    assert.deepEqual(found, [2, 1, 2, 1, 2, 1]);
    const late = new TimeoutError({ code: "timeout", message: "" });
    assert.deepEqual([await tries(late), await tries(late, { isRetryable: () => true })], [1, 2]);
    // What is asked and fails says no; the error is that of the call.
    assert.deepEqual([await tries(failed(500), { isRetryable: () => assert.fail() }), await tries(failed(500), { isRetryable: async () => assert.fail() })], [1, 1]);
    await assert.rejects(retry(() => {}, { isRetryable: 5 }), (error) => error instanceof ConfigurationError && /expected a function, found number/.test(error.message));
  });

  it("a key that nobody can give opens no circuit and takes no place", async () => {
    const circuitBreaker = new CircuitBreaker({ failureThreshold: 1 });
    const rateLimiter = new RateLimiter({ requestsPerMinute: 60, burstRequests: 1 });
    const concurrency = new ConcurrencyLimiter({ maxConcurrent: 1 });
    let asked = 0;
    const apiKey = async () => ((asked += 1) < 3 ? assert.fail("away") : "sk-test");
    const calling = client({ apiKey, circuitBreaker, rateLimiter, concurrency, timeout: 800 });
    for (let turn = 0; turn < 2; turn += 1) await assert.rejects(calling.chat.completions.create(hello), (error) => error.code === "network");
    await calling.chat.completions.create(hello);
    assert.deepEqual([provider.requests.length, circuitBreaker.state(`${baseURL}/chat/completions`), concurrency.active], [1, "closed", 0]);
  });

  it("refuse what can't be meant", () => {
    for (const config of [
      { retry: { maxRetries: -1 } },
      { retry: { factor: 0.5 } },
      { retry: { initialDelayMs: NaN } },
      { retry: { attempts: 3 } },
      { connectTimeout: 0 },
      { connectTimeout: "1s" },
      { rateLimiter: {} },
      { circuitBreaker: true },
      { concurrency: 5 },
    ]) {
      assert.throws(() => client({ maxRetries: undefined, ...config }), ConfigurationError, JSON.stringify(config));
    }
    assert.throws(() => createGuardedFetch({ retry: {} }), (error) => error.code === "unknown_option");
  });
});

describe("connectTimeout", () => {
  it("gives a try up whose answer does not begin; it is charged, and the next one answers", async () => {
    const storage = new InMemoryCostStorage();
    provider.script({ headDelay: 3_000 }, { text: "At last." });
    const { choices, security } = await client({ connectTimeout: 60, maxRetries: 1, retry: { initialDelayMs: 1 }, costStorage: storage }).chat.completions.create(hello);
    assert.deepEqual([choices[0].message.content, security.costRecord.attempt], ["At last.", 2]);
    const records = await storage.getByRequestId(security.requestId);
    assert.deepEqual(records.map(({ estimated }) => estimated).sort(), ["unknown_outcome", undefined]);
  });

  it("is a TimeoutError in the end; of a body it does not speak", async () => {
    provider.script({ headDelay: 3_000 });
    await assert.rejects(client().chat.completions.create(hello, { connectTimeout: 40 }), (error) => {
      assert.deepEqual([error instanceof TimeoutError, error.timeout, error.security.costRecord.estimated], [true, 40, "unknown_outcome"]);
      return error.message === "cannot wait longer: expected an answer to begin within 40 ms, found none";
    });
    provider.reset();
    provider.script({ pieceSize: 40, pieceDelay: 12, text: "It takes its time." });
    const stream = await client().chat.completions.create({ ...hello, stream: true }, { connectTimeout: 400 });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    assert.equal(text, "It takes its time.");
  });
});

describe("ConcurrencyLimiter", () => {
  it("holds calls and streams back until others have come whole, over clients that share it", async () => {
    let [under, most] = [0, 0];
    // Counted where the answer's last byte has come.
    const counting = async (...args) => {
      under += 1;
      most = Math.max(most, under);
      const response = await fetch(...args);
      const reader = response.body.getReader();
      const body = new ReadableStream({
        pull: async (out) => {
          const { value, done } = await reader.read();
          if (!done) return out.enqueue(value);
          under -= 1;
          out.close();
        },
        // A stream is left at its `[DONE]`.
        cancel: async () => {
          under -= 1;
          await reader.cancel();
        },
      });
      return new Response(body, response);
    };
    const concurrency = new ConcurrencyLimiter({ maxConcurrent: 2 });
    const [one, other] = [client({ fetch: counting, concurrency }), client({ fetch: counting, concurrency })];
    const calls = Array.from({ length: 12 }, async (_, index) => {
      const stream = index % 3 === 0;
      const answer = await (index % 2 ? one : other).chat.completions.create({ ...hello, stream });
      if (stream) for await (const _chunk of answer);
    });
    await Promise.all(calls);
    assert.deepEqual([most, concurrency.active, concurrency.waiting, provider.requests.length], [2, 0, 0, 12]);
  });

  it("a call that is aborted in the queue owes nothing; one that fails gives its place back", async () => {
    const concurrency = new ConcurrencyLimiter({ maxConcurrent: 1 });
    const { budgetManager, status } = budget();
    const limited = client({ concurrency, budgetManager });
    const reason = new Error("mine");
    const controller = new AbortController();
    const release = await concurrency.acquire();
    const waiting = limited.chat.completions.create(hello, { signal: controller.signal });
    await until(() => concurrency.waiting === 1);
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
    release();
    assert.deepEqual([concurrency.waiting, provider.requests.length], [0, 0]);
    for (const fault of [{ status: 500 }, { status: 400 }, { cut: "before-headers" }, { malformed: "json" }]) {
      provider.script(fault);
      await assert.rejects(limited.chat.completions.create(hello));
      assert.equal(concurrency.active, 0, JSON.stringify(fault));
    }
    provider.script({ cut: 60 });
    const stream = await limited.chat.completions.create({ ...hello, stream: true });
    await stream.security;
    assert.equal(concurrency.active, 0);
    assert.equal((await status()).heldUsd, "0");
  });

  it("a full queue refuses, in a guarded fetch as an answer", async () => {
    const concurrency = new ConcurrencyLimiter({ maxConcurrent: 1, maxQueue: 0 });
    await concurrency.acquire();
    const { budgetManager, status } = budget();
    await assert.rejects(client({ concurrency, budgetManager, maxRetries: 2 }).chat.completions.create(hello), (error) => error instanceof UnavailableError && error.code === "queue_full");
    const sdk = new OpenAI({ apiKey: "sk-test", baseURL, fetch: createGuardedFetch({ concurrency, budgetManager }) });
    await assert.rejects(sdk.chat.completions.create(hello), (error) => error.status === 429 && TollgateError.from(error).code === "queue_full");
    const { spentUsd, heldUsd } = await status();
    assert.deepEqual([spentUsd, heldUsd, provider.requests.length], ["0", "0", 0]);
  });
});

describe("RateLimiter", () => {
  it("counts a call at the most it may use, and then at what it used", async () => {
    const rateLimiter = new RateLimiter({ tokensPerMinute: 1_000 });
    const limited = client({ rateLimiter });
    const { usage } = await limited.chat.completions.create({ ...hello, max_completion_tokens: 900 });
    assert.ok(usage.total_tokens < 100);
    // Nearly all of it is there again.
    await limited.chat.completions.create({ ...hello, max_completion_tokens: 800 });
    await assert.rejects(limited.chat.completions.create({ ...hello, max_completion_tokens: 1_000 }), (error) => error.code === "token_limit");
    assert.equal(provider.requests.length, 2);
  });

  it("the deadline runs while a call waits, and then it owes nothing", async () => {
    const rateLimiter = new RateLimiter({ requestsPerMinute: 1 });
    const { budgetManager, status } = budget();
    const limited = client({ rateLimiter, budgetManager });
    await limited.chat.completions.create(hello);
    await assert.rejects(limited.chat.completions.create(hello, { timeout: 30 }), TimeoutError);
    assert.deepEqual([rateLimiter.waiting, (await status()).heldUsd, provider.requests.length], [0, "0", 1]);
  });

  it("tokens need a call whose cost is tracked", async () => {
    const limited = client({ rateLimiter: new RateLimiter({ tokensPerMinute: 1_000 }), enableCostTracking: false });
    await assert.rejects(limited.chat.completions.create(hello), (error) => error instanceof ConfigurationError && /enableCostTracking/.test(error.message));
  });
});

describe("CircuitBreaker", () => {
  it("refuses calls to an endpoint that fails, before anything is sent or held, and lets others go", async () => {
    const circuitBreaker = new CircuitBreaker({ failureThreshold: 3 });
    const { budgetManager, status } = budget();
    const guarded = client({ circuitBreaker, budgetManager, maxRetries: 5, retry: { initialDelayMs: 0 } });
    provider.script({ status: 503, times: 100 });
    // The third try opens it: the fourth is not made.
    await assert.rejects(guarded.chat.completions.create(hello), (error) => {
      assert.ok(error instanceof UnavailableError);
      return error.code === "circuit_open" && error.endpoint === `${baseURL}/chat/completions`;
    });
    assert.deepEqual([provider.requests.length, circuitBreaker.state(`${baseURL}/chat/completions`)], [3, "open"]);
    const sdk = new OpenAI({ apiKey: "sk-test", baseURL, fetch: createGuardedFetch({ circuitBreaker, budgetManager }) });
    await assert.rejects(sdk.chat.completions.create(hello), (error) => error.status === 503 && TollgateError.from(error).code === "circuit_open");
    assert.equal(provider.requests.length, 3);
    provider.reset();
    await guarded.embeddings.create({ model: "text-embedding-3-small", input: "Hello" });
    const { heldUsd } = await status();
    assert.deepEqual([heldUsd, provider.requests.length], ["0", 1]);
  });

  it("a provider that is not there opens it, a caller that gives up does not", async () => {
    const circuitBreaker = new CircuitBreaker({ failureThreshold: 1 });
    const gone = await startProvider();
    await gone.close();
    const away = { baseURL: `${gone.url}/v1` };
    await assert.rejects(client({ circuitBreaker, ...away }).chat.completions.create(hello), NetworkError);
    assert.equal(circuitBreaker.state(`${gone.url}/v1/chat/completions`), "open");
    provider.script({ headDelay: 500 });
    await assert.rejects(client({ circuitBreaker }).chat.completions.create(hello, { signal: AbortSignal.timeout(30) }));
    assert.equal(circuitBreaker.state(`${baseURL}/chat/completions`), "closed");
    provider.reset();
    provider.script({ headDelay: 500 });
    await assert.rejects(client({ circuitBreaker, timeout: 30 }).chat.completions.create(hello));
    assert.equal(circuitBreaker.state(`${baseURL}/chat/completions`), "open");
  });
});
