// What comes wrong: from providers, hosts and callers. Each has a test of its own; nothing of it loses money or an answer.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { gzipSync } from "node:zlib";

import OpenAI from "openai";
import { BudgetManager, GuardedAnthropic, GuardedAzureOpenAI, GuardedOpenAI, InMemoryCostStorage, TollgateError, createGuardedFetch } from "tollgate";

import { startProvider } from "../../examples/local-provider/provider.mjs";
import { CHAT, CHAT_EVENTS, MESSAGES, STREAMS, events, json, pieces, pii, post, provider } from "./lib/wire.mjs";

const request = { model: "gpt-5-mini", max_completion_tokens: 50, messages: [{ role: "user", content: "Hi" }] };
const answer = { id: "c", object: "chat.completion", created: 1, model: "gpt-5-mini", choices: [{ index: 0, message: { role: "assistant", content: "Hello", refusal: null }, finish_reason: "stop" }], usage: { prompt_tokens: 9, completion_tokens: 4, total_tokens: 13 } };
const KEY = "sk-key-that-must-not-show";

let server;
before(async () => (server = await startProvider()));
after(() => server.close());
beforeEach(() => server.reset());

/** A guarded fetch with a budget, and what it spent. */
const guarded = (fetch, config = {}) => {
  const budgetManager = new BudgetManager();
  const { id } = budgetManager.createBudget({ name: "team", limit: 1, period: "daily", action: "block" });
  const costStorage = new InMemoryCostStorage();
  const records = () => costStorage.getByDateRange(new Date(0), new Date("2100-01-01"));
  const made = createGuardedFetch({ ...(fetch && { fetch }), budgetManager, costStorage, ...config });
  return { fetch: made, records, status: () => budgetManager.getBudgetStatus(id) };
};
const sse = (text, size = 16) => new Response(pieces(text, size), { headers: { "content-type": "text/event-stream" } });
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("from a provider", () => {
  for (const [format, url, made, options, body] of STREAMS) {
    it(`malformed events end a stream of ${format}, and what came is charged`, async () => {
      const { text } = events(made("Hello", " world", " and more"), options);
      const at = text.indexOf("data:", text.indexOf(" world"));
      const { fetch, records, status } = guarded(async () => sse(`${text.slice(0, at)}data: {"oops\n\n${text.slice(at)}`));
      const got = await (await fetch(url, post(body))).text();
      assert.ok(text.startsWith(got) && got.includes("Hello") && !got.includes("oops"));
      await settled();
      const [record] = await records();
      assert.deepEqual([record.outcome, record.estimated], ["error", "aborted"]);
      assert.equal((await status()).spentUsd, record.usd);
    });

    it(`a truncated stream of ${format} is charged for what came`, async () => {
      const { text } = events(made("Hello", " world"), options);
      const { fetch, records, status } = guarded(async () => sse(text.slice(0, text.indexOf(" world") + 3)));
      const got = await (await fetch(url, post(body))).text();
      assert.ok(text.startsWith(got) && got.includes("Hello"));
      await settled();
      const [record] = await records();
      assert.deepEqual([record.outcome, record.estimated], ["error", "aborted"]);
      assert.deepEqual([(await status()).spentUsd, (await status()).heldUsd], [record.usd, "0"]);
    });
  }

  it("a stream under the wrong content type is read as the stream that was asked for", async () => {
    const { text } = events(CHAT_EVENTS("Hel", "lo"), { done: true });
    const fetch = async () => new Response(pieces(text, 9), { headers: { "content-type": "text/plain" } });
    const { fetch: send, records } = guarded(fetch);
    assert.ok((await (await send(CHAT, post({ ...request, stream: true }))).text()).includes("lo"));
    await settled();
    assert.equal((await records())[0].outcome, "ok");
  });

  it("a whole answer where a stream was asked for is passed on and charged", async () => {
    const { fetch, records } = guarded(async () => json(answer));
    assert.deepEqual(await (await fetch(CHAT, post({ ...request, stream: true }))).json(), answer);
    assert.equal((await records())[0].outcome, "ok");
    const client = new GuardedOpenAI({ apiKey: KEY, fetch: async () => json(answer), maxRetries: 0 });
    await assert.rejects(client.chat.completions.create({ ...request, stream: true }), { code: "invalid_response" });
  });

  it("an HTML page with an error status is an error of that status, and costs nothing", async () => {
    const page = () => new Response("<html>Bad gateway</html>", { status: 502, headers: { "content-type": "text/html" } });
    const { fetch, records, status } = guarded(async () => page());
    const response = await fetch(CHAT, post(request));
    assert.deepEqual([response.status, response.headers.get("content-type"), await response.text()], [502, "text/html", "<html>Bad gateway</html>"]);
    assert.deepEqual([(await records()).length, (await status()).spentUsd], [0, "0"]);
    const client = new GuardedOpenAI({ apiKey: KEY, fetch: async () => page(), maxRetries: 0 });
    await assert.rejects(client.chat.completions.create(request), { code: "server_error", status: 502 });
  });

  it("an HTML page with status 200 is charged at what was held, since somebody may have been billed", async () => {
    const { fetch, records, status } = guarded(async () => new Response("<html>Sign in</html>", { headers: { "content-type": "text/html" } }));
    const response = await fetch(CHAT, post(request));
    assert.equal(await response.text(), "<html>Sign in</html>");
    const [record] = await records();
    assert.deepEqual([record.outcome, record.estimated, (await status()).spentUsd], ["error", "no_usage", record.usd]);
  });

  it("a gzipped answer and a gzipped stream are unpacked by the host, and their head says so no more", async () => {
    const packed = (text, type) => server.url && new Response(gzipSync(text), { headers: { "content-type": type, "content-encoding": "gzip" } });
    // Over real HTTP, where the host unpacks.
    const { fetch, records } = guarded(undefined);
    const asked = (more) => post({ ...request, ...more }, { headers: { "content-type": "application/json", authorization: "Bearer sk-local", "x-simulator-encoding": "gzip" } });
    const plain = await fetch(`${server.url}/v1/chat/completions`, asked({}));
    assert.equal(plain.headers.get("content-encoding"), null);
    assert.equal((await plain.json()).object, "chat.completion");
    const text = await (await fetch(`${server.url}/v1/chat/completions`, asked({ stream: true }))).text();
    assert.ok(text.endsWith("data: [DONE]\n\n"));
    await settled();
    assert.deepEqual((await records()).map(({ outcome }) => outcome), ["ok", "ok"]);
    // A host that does not unpack gives bytes that nobody can read: that is charged, and no crash.
    const broken = guarded(async () => packed(JSON.stringify(answer), "application/json"));
    await (await broken.fetch(CHAT, post(request))).arrayBuffer();
    assert.equal((await broken.records())[0].estimated, "no_usage");
  });

  it("204 and an empty 200 are passed on", async () => {
    for (const status of [204, 200]) {
      const { fetch, records } = guarded(async () => new Response(null, { status }));
      const response = await fetch(CHAT, post(request));
      assert.deepEqual([response.status, await response.text()], [status, ""]);
      assert.equal((await records())[0].estimated, "no_usage");
    }
  });

  it("a redirect is the host's to follow, and one that it does not follow is passed on at no cost", async () => {
    const { fetch, records } = guarded(async () => new Response(null, { status: 307, headers: { location: "https://elsewhere.example" } }));
    const response = await fetch(CHAT, post(request, { redirect: "manual" }));
    assert.deepEqual([response.status, response.headers.get("location")], [307, "https://elsewhere.example"]);
    assert.equal((await records()).length, 0);
    const { asked, fetch: base } = provider(() => json(answer));
    await createGuardedFetch({ fetch: base })(CHAT, post(request, { redirect: "error" }));
    assert.equal(asked[0].init.redirect, "error");
  });

  it("a usage that cannot be is not believed, and said to be odd", async () => {
    for (const usage of [
      { prompt_tokens: -5, completion_tokens: 4, total_tokens: -1 },
      { prompt_tokens: "many", completion_tokens: 4 },
      { prompt_tokens: 9, completion_tokens: 1e300, total_tokens: 1e300 },
      { prompt_tokens: 5, completion_tokens: 4, total_tokens: 9, prompt_tokens_details: { cached_tokens: 50 } },
    ]) {
      const { fetch, records, status } = guarded(async () => json({ ...answer, usage }));
      assert.equal((await (await fetch(CHAT, post(request))).json()).choices[0].message.content, "Hello");
      const [record] = await records();
      const { inputTokens, outputTokens, cacheReadTokens = 0 } = record.actualTokens;
      assert.ok([inputTokens, outputTokens, cacheReadTokens].every((tokens) => Number.isInteger(tokens) && tokens >= 0 && tokens <= 2 ** 53), JSON.stringify(record.actualTokens));
      // What is not told is counted: no more than the request has bytes.
      assert.ok(inputTokens + cacheReadTokens <= JSON.stringify(request).length, JSON.stringify(record.actualTokens));
      assert.equal((await status()).spentUsd, record.usd);
    }
  });

  it("a usage above what was reserved is recorded in full, and flagged", async () => {
    const { fetch, records, status } = guarded(async () => json({ ...answer, usage: { prompt_tokens: 9, completion_tokens: 4_000_000, total_tokens: 4_000_009 } }));
    await fetch(CHAT, post(request));
    const [record] = await records();
    assert.ok(Number(record.overReservationUsd) > 7.9);
    assert.equal((await status()).isExceeded, true);
  });
});

describe("from a host", () => {
  it("a fetch that never answers is given up when the time is up, and charged in full", async () => {
    const { fetch, records, status } = guarded(() => new Promise(() => undefined), { timeout: 30 });
    await assert.rejects(fetch(CHAT, post(request)), { name: "TimeoutError" });
    const [record] = await records();
    assert.deepEqual([record.estimated, (await status()).spentUsd, (await status()).heldUsd], ["unknown_outcome", record.usd, "0"]);
  });

  it("a stream that never goes on is given up when the time is up", async () => {
    const { text } = events(CHAT_EVENTS("Hel", "lo"), {});
    const hanging = () => new Response(new ReadableStream({ start: (out) => out.enqueue(new TextEncoder().encode(text.slice(0, text.indexOf("\n\n") + 2))) }), { headers: { "content-type": "text/event-stream" } });
    const { fetch, records } = guarded(async () => hanging(), { timeout: 30 });
    const response = await fetch(CHAT, post({ ...request, stream: true }));
    await assert.rejects(response.text());
    await settled();
    assert.equal((await records())[0].estimated, "aborted");
  });

  it("a fetch that gives no Response is a configuration that can't work", async () => {
    const client = new GuardedOpenAI({ apiKey: KEY, fetch: async () => "no response", maxRetries: 0 });
    await assert.rejects(client.chat.completions.create(request), { code: "invalid_config" });
  });

  it("keys in a browser are refused by every client that holds one, and shown by none", () => {
    globalThis.window = { document: {} };
    try {
      for (const make of [
        (more) => new GuardedOpenAI({ apiKey: KEY, ...more }),
        (more) => new GuardedAnthropic({ apiKey: KEY, ...more }),
        (more) => new GuardedAzureOpenAI({ apiKey: KEY, endpoint: "https://me.openai.azure.com", ...more }),
      ]) {
        assert.throws(() => make({}), (error) => error.code === "invalid_config" && !error.message.includes(KEY));
        const allowed = make({ dangerouslyAllowBrowser: true });
        assert.ok(!JSON.stringify(allowed).includes(KEY) && !JSON.stringify(allowed.getConfig()).includes(KEY));
      }
    } finally {
      delete globalThis.window;
    }
  });
});

describe("from a caller", () => {
  it("both max_tokens and max_completion_tokens: the provider gets both, and the larger is reserved", async () => {
    const held = async (maxima) => {
      const { asked, fetch: base } = provider(() => json(answer));
      const budgetManager = new BudgetManager();
      budgetManager.createBudget({ name: "team", limit: 1, period: "daily", action: "block" });
      let amount;
      const { reserve } = budgetManager;
      budgetManager.reserve = (wanted) => ((amount = Number(wanted.amount)), reserve.call(budgetManager, wanted));
      const { max_completion_tokens: _, ...rest } = request;
      await createGuardedFetch({ fetch: base, budgetManager })(CHAT, post({ ...rest, ...maxima }));
      assert.deepEqual([asked[0].body.max_tokens, asked[0].body.max_completion_tokens], [maxima.max_tokens, maxima.max_completion_tokens]);
      return amount;
    };
    const both = await held({ max_tokens: 500, max_completion_tokens: 10 });
    assert.ok(both >= (await held({ max_tokens: 500 })) - 1e-4, `${both}`);
    assert.ok(both > (await held({ max_completion_tokens: 10 })));
  });

  it("unknown fields pass both ways, in their order and their spelling", async () => {
    const text = '{"model":"gpt-5-mini","max_completion_tokens":50,"x":1.0,"messages":[{"role":"user","content":"Hi","y":[1e2]}],"z":{"__proto__":1}}';
    let sent;
    const said = JSON.stringify({ ...answer, odd: { a: [] } }).replace('"odd"', '"odd":1.50,"odder"');
    const fetch = createGuardedFetch({ fetch: async (_url, init) => ((sent = init.body), new Response(said, { headers: { "content-type": "application/json" } })) });
    const response = await fetch(CHAT, { method: "POST", headers: { "content-type": "application/json" }, body: text });
    assert.equal(sent, text);
    assert.equal(await response.text(), said);
  });

  it("an unknown model is refused where a budget must hold, and shown unpriced elsewhere", async () => {
    const { fetch } = guarded(async () => json(answer));
    const refused = await fetch(CHAT, post({ ...request, model: "constructor" }));
    assert.equal(refused.status, 402);
    assert.equal(TollgateError.from({ error: (await refused.json()).error }).code, "unknown_model");
    const records = [];
    const open = createGuardedFetch({ fetch: async () => json({ ...answer, model: "constructor" }), onRecord: (record) => records.push(record) });
    assert.equal((await open(CHAT, post({ ...request, model: "constructor" }))).status, 200);
    assert.equal(records[0].priced, false);
  });

  it("a body as a stream, as bytes, and in a Request is read like text", async () => {
    const text = JSON.stringify(request);
    for (const init of [
      { body: new Blob([text]).stream(), duplex: "half" },
      { body: new TextEncoder().encode(text) },
      { body: new TextEncoder().encode(text).buffer },
    ]) {
      const { asked, fetch } = provider(() => json(answer));
      await createGuardedFetch({ fetch })(CHAT, { method: "POST", headers: { "content-type": "application/json" }, ...init });
      assert.deepEqual(asked[0].body, request);
    }
    const { asked, fetch } = provider(() => json(answer));
    await createGuardedFetch({ fetch })(new Request(CHAT, post(request)));
    assert.deepEqual(asked[0].body, request);
  });

  it("no kind of body goes round the guard: what is sent is what was guarded, whatever it calls itself", async () => {
    const text = JSON.stringify({ ...request, messages: [{ role: "user", content: "Write to jane.doe@example.com" }] });
    async function* pieces() {
      yield new TextEncoder().encode(text.slice(0, 20));
      yield new TextEncoder().encode(text.slice(20));
    }
    for (const [name, init] of Object.entries({
      blob: { body: new Blob([text], { type: "application/json" }) },
      iterable: { body: pieces(), duplex: "half" },
      string: { body: new String(text) },
      toString: { body: { toString: () => text } },
      octets: { body: text, headers: { "content-type": "application/octet-stream" } },
      form: { body: text, headers: { "content-type": "multipart/form-data; boundary=x" } },
      stream: { body: new Blob([text]).stream(), duplex: "half", headers: { "content-type": "application/octet-stream" } },
    })) {
      const { asked, fetch } = provider(() => json(answer));
      const response = await createGuardedFetch({ fetch, guardrailEngine: pii("block") })(CHAT, { method: "POST", ...init });
      assert.deepEqual([response.status, asked.length], [403, 0], name);
    }
    const { asked, fetch } = provider(() => json(answer));
    const guarded = createGuardedFetch({ fetch });
    await guarded(CHAT, { method: "POST", body: new Blob([text], { type: "application/json" }) });
    assert.deepEqual([asked[0].body, asked[0].headers.get("content-type")], [JSON.parse(text), "application/json"]);
    assert.equal((await guarded(CHAT, { method: "POST", body: new Blob([new Uint8Array([1, 2])]) })).status, 400);
    // A form is none of it, also one that can be read only once.
    const form = "--x\r\ncontent-disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n";
    await guarded(CHAT, { method: "POST", headers: { "content-type": "multipart/form-data; boundary=x" }, body: new Blob([form]).stream(), duplex: "half" });
    assert.equal(new TextDecoder().decode(asked[1].body), form);
    assert.equal(asked.length, 2);
  });

  it("forms and sound pass untouched: transcriptions, translations, speech", async () => {
    const seen = [];
    const base = async (url, init) => {
      seen.push([String(url), init?.body]);
      return String(url).endsWith("/speech") ? new Response(new Uint8Array([0xff, 0xfb, 0x90]), { headers: { "content-type": "audio/mpeg" } }) : json({ text: "Hello" });
    };
    const client = new OpenAI({ apiKey: KEY, fetch: createGuardedFetch({ fetch: base }), maxRetries: 0 });
    const file = new File([new Uint8Array([1, 2, 3])], "a.wav", { type: "audio/wav" });
    assert.equal((await client.audio.transcriptions.create({ file, model: "gpt-4o-transcribe" })).text, "Hello");
    assert.equal((await client.audio.translations.create({ file, model: "whisper-1" })).text, "Hello");
    const speech = await client.audio.speech.create({ model: "gpt-4o-mini-tts", voice: "alloy", input: "Hello" });
    assert.deepEqual(new Uint8Array(await speech.arrayBuffer()), new Uint8Array([0xff, 0xfb, 0x90]));
    const forms = seen.map(([, body]) => body).filter((body) => body instanceof FormData);
    assert.deepEqual(forms.map((form) => form.get("file").size), [3, 3]);
  });

  it("files, batches, count_tokens and lists of models pass untouched, and cost nothing", async () => {
    const records = [];
    const { asked, fetch: base } = provider(() => json({ ok: true }));
    const fetch = createGuardedFetch({ fetch: base, onRecord: (record) => records.push(record) });
    const urls = ["https://api.openai.com/v1/batches", "https://api.openai.com/v1/files", `${MESSAGES}/count_tokens`, `${MESSAGES}/batches`, "https://api.openai.com/v1/models"];
    for (const url of urls) {
      const body = post({ input: "x", custom: 1 });
      assert.deepEqual(await (await fetch(url, body)).json(), { ok: true });
      assert.equal(asked.at(-1).init, body);
    }
    assert.equal(records.length, 0);
  });

  it("what is no JSON is refused before anything is sent", async () => {
    for (const body of ["", "null", "[]", '"text"', "{", '{"model":1}', '{"model":"gpt-5-mini","messages":"Hi"}']) {
      const { asked, fetch } = provider(() => json(answer));
      const response = await createGuardedFetch({ fetch, budgetManager: new BudgetManager() })(CHAT, { method: "POST", headers: { "content-type": "application/json" }, body });
      if (response.status === 200) assert.equal(asked[0].init.body, body, "sent as it is");
      else assert.deepEqual([response.status, asked.length], [400, 0], body);
    }
  });
});
