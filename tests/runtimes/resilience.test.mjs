// Limits that the requests of one Worker isolate share: each waits for its turn, has its own answer, and nobody waits for who has left.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { tool } from "../lib/tools.mjs";
import { openWorker } from "../lib/worker.mjs";

const CALLS = 60;

test(`${CALLS} requests of one isolate share limits at module scope, and answers in KV`, async () => {
  const { Response } = await tool("miniflare");
  let [under, most, asked] = [0, 0, 0];
  const logged = [];
  const opened = await openWorker(join(ROOT, "tests/runtimes/resilience.worker.mjs"), {
    kvNamespaces: ["KV"],
    compatibilityFlags: ["enable_request_signal"],
    outboundService: async (request) => {
      const { messages } = await request.json();
      asked += 1;
      most = Math.max(most, (under += 1));
      await new Promise((resolve) => setTimeout(resolve, 10));
      under -= 1;
      const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
      const message = { role: "assistant", content: `answer to ${messages[0].content}`, refusal: null };
      const answer = { id: "c", object: "chat.completion", created: 1, model: "gpt-4o-mini", choices: [{ index: 0, message, finish_reason: "stop" }], usage };
      return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
    },
    handleRuntimeStdio: (out, err) => {
      for (const stream of [out, err]) stream.on("data", (data) => logged.push(String(data)));
    },
  });
  try {
    const { worker } = opened;
    const url = await worker.ready;
    // Every sixth leaves while it waits.
    const answers = await Promise.allSettled(
      Array.from({ length: CALLS }, async (_, n) => {
        const signal = n % 6 === 5 ? AbortSignal.timeout(15) : undefined;
        const response = await fetch(new URL(`/plain?n=${n}`, url), { signal });
        return [n, response.status, await response.text()];
      }),
    );
    for (const [n, { status, value }] of answers.entries()) {
      if (n % 6 === 5 && status === "rejected") continue;
      assert.deepEqual([value?.[1], value?.[2]], [200, JSON.stringify({ text: `answer to Call ${n}`, hit: false })], `call ${n}`);
    }
    assert.ok(most <= 4, `${most} at once`);
    let status;
    for (let tries = 0; tries < 100; tries += 1) {
      status = await (await fetch(new URL("/status", url))).json();
      if (status.active === 0 && status.waiting.every((waiting) => waiting === 0)) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual([status.active, status.waiting], [0, [0, 0]]);
    assert.doesNotMatch(logged.join(""), /different request|hung|Cannot perform I\/O/i);

    const before = asked;
    const cached = async () => (await fetch(new URL("/cached?n=kept", url))).json();
    assert.deepEqual([await cached(), await cached()], [{ text: "answer to Call kept", hit: false }, { text: "answer to Call kept", hit: true }]);
    assert.equal(asked, before + 1);
  } finally {
    await opened.close();
  }
});
