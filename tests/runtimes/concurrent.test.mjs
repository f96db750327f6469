// 200 guarded calls at once in one Worker isolate: none sees another's answer, none fails for another's sake, all are settled.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { ROOT } from "../../scripts/lib/run.mjs";
import { tool } from "../lib/tools.mjs";
import { openWorker } from "../lib/worker.mjs";

const CALLS = 200;

/** The provider: what it says names the call, and its stream comes in pieces with pauses between. */
async function provider(request) {
  const { Response } = await tool("miniflare");
  const { stream, messages } = await request.json();
  const [, n] = /Call (\d+)/.exec(messages[0].content);
  if (messages[0].content.includes("jane")) return new Response("unguarded", { status: 418 });
  const usage = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
  const base = { id: `c-${n}`, created: 1, model: "gpt-4o-mini" };
  if (!stream) {
    const message = { role: "assistant", content: `answer ${n}`, refusal: null };
    return new Response(JSON.stringify({ ...base, object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }], usage }), { headers: { "content-type": "application/json" } });
  }
  const chunk = (delta, finish_reason = null) => ({ ...base, object: "chat.completion.chunk", choices: [{ index: 0, delta, finish_reason }] });
  const events = [chunk({ role: "assistant", content: "answer" }), chunk({ content: ` ${n}` }), chunk({}, "stop"), { ...base, object: "chat.completion.chunk", choices: [], usage }].map((event) => `data: ${JSON.stringify(event)}\n\n`);
  events.push("data: [DONE]\n\n");
  const body = new ReadableStream({
    async pull(out) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      const next = events.shift();
      if (next === undefined) out.close();
      else out.enqueue(new TextEncoder().encode(next));
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

test(`${CALLS} guarded calls at once in one isolate, with KV, a Durable Object and waitUntil`, async () => {
  const logged = [];
  const opened = await openWorker(join(ROOT, "tests/runtimes/concurrent.worker.mjs"), {
    kvNamespaces: ["KV"],
    durableObjects: { BUDGETS: { className: "TollgateBudgets", useSQLite: true } },
    outboundService: provider,
    handleRuntimeStdio: (out, err) => {
      for (const stream of [out, err]) stream.on("data", (data) => logged.push(String(data)));
    },
  });
  try {
    const { worker } = opened;
    const url = (path, n) => `http://worker/${path}?n=${n}`;
    // Each kind in turn; every fifth reader of a stream leaves in the middle of it.
    const answers = await Promise.all(
      Array.from({ length: CALLS }, async (_, n) => {
        const kind = ["plain", "stream", "guarded"][n % 3];
        const response = await worker.dispatchFetch(url(kind, n));
        if (kind !== "plain" && n % 5 === 0) {
          const reader = response.body.getReader();
          const { value } = await reader.read();
          await reader.cancel();
          return { n, kind, status: response.status, text: new TextDecoder().decode(value), left: true };
        }
        return { n, kind, status: response.status, text: await response.text(), left: false };
      }),
    );
    for (const { n, kind, status, text, left } of answers) {
      assert.equal(status, 200, `call ${n}: ${text}`);
      const ids = [...text.matchAll(/"id":"c-(\d+)"/g)].map(([, id]) => Number(id));
      if (kind === "plain") assert.deepEqual(JSON.parse(text), { text: `answer ${n}`, agentId: `agent-${n}` });
      else assert.ok(ids.length > 0 && ids.every((id) => id === n), `call ${n} saw ${ids}`);
      if (kind !== "plain" && !left) assert.ok(text.includes(`" ${n}"`) && text.includes('"stop"'), text);
    }
    // What was left in the middle settles after its reader: waitUntil keeps the request alive for it.
    let status;
    for (let tries = 0; tries < 100; tries += 1) {
      status = await (await worker.dispatchFetch("http://worker/status")).json();
      if (status.settled === CALLS && status.heldUsd === "0") break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual([status.settled, status.heldUsd, status.records], [CALLS, "0", CALLS], JSON.stringify(status));
    assert.ok(Number(status.spentUsd) > 0);
    assert.doesNotMatch(logged.join(""), /different request|hung|Cannot perform I\/O/i);
  } finally {
    await opened.close();
  }
});
