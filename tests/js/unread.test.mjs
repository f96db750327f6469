// Requests of which not all can be read: refused where anything guards them, and passed as they came where nothing does.
import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { BudgetManager, InMemoryCostStorage, PriceBook, TollgateError, Vault, createGuardedFetch } from "tollgate";

import { CHAT, MAIL, json, pii } from "./lib/wire.mjs";

const EDITS = "https://api.openai.com/v1/images/edits";
const VARIATIONS = "https://api.openai.com/v1/images/variations";
const HEARD = "https://api.openai.com/v1/audio/transcriptions";
const MULTIPART = { "content-type": "multipart/form-data; boundary=x" };

const budgets = (config = {}) => {
  const budgetManager = new BudgetManager(new InMemoryCostStorage());
  budgetManager.createBudget({ name: "all", limit: 1000, period: "total", action: "block", ...config });
  return budgetManager;
};

/** What guards, each by itself. */
const GUARDS = {
  guardrails: () => ({ guardrailEngine: pii("block") }),
  "a budget that can refuse": () => ({ budgetManager: budgets() }),
  "a budget of the agent": () => ({ budgetManager: budgets({ scope: { type: "agent", id: "default" } }) }),
  "a budget of a model": () => ({ budgetManager: budgets({ scope: { type: "model", id: "gpt-image-1" } }) }),
  "a vault": () => ({ context: { vault: new Vault() } }),
};
/** What does not. */
const OPEN = {
  nothing: () => ({}),
  "a budget that tells only": () => ({ budgetManager: budgets({ action: "alert" }) }),
  "a budget of another agent": () => ({ budgetManager: budgets({ scope: { type: "agent", id: "other" } }) }),
  "a budget that is off": () => ({ budgetManager: budgets({ enabled: false }) }),
  "guardrails that are off": () => ({ guardrailEngine: pii("block"), enableGuardrails: false }),
};

/** Sends once; what came to the provider, read as it would read it. */
async function send(config, url, init) {
  const seen = [];
  const fetch = async (to, made) => {
    seen.push({ init: made, body: made.body });
    return json({ created: 1, data: [] });
  };
  const blocked = [];
  const response = await createGuardedFetch({ fetch, onBlocked: (error) => blocked.push(error.code), ...config })(url, { method: "POST", ...init });
  return { response, seen, blocked };
}

async function refuses(config, url, init, name) {
  const { response, seen, blocked } = await send(config, url, init());
  assert.deepEqual([response.status, seen.length, blocked], [400, 0, ["invalid_input"]], name);
  assert.equal(response.headers.get("x-should-retry"), "false");
  const body = await response.json();
  assert.equal(TollgateError.from(body).code, "invalid_input");
  assert.ok(!JSON.stringify(body).includes(MAIL));
}

const part = (head, value) => `--x\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;
/** A form whose names are in no quotes and whose end is missing: some read it, hosts do not. */
const BROKEN = part("name=model", "gpt-image-1") + part("name=prompt", `A card to ${MAIL}`);

describe("a form that the host can't read", () => {
  const ways = {
    text: () => ({ headers: MULTIPART, body: BROKEN }),
    bytes: () => ({ headers: MULTIPART, body: new TextEncoder().encode(BROKEN) }),
    blob: () => ({ headers: MULTIPART, body: new Blob([BROKEN]) }),
    stream: () => ({ headers: MULTIPART, body: new Blob([BROKEN]).stream(), duplex: "half" }),
  };
  for (const [guard, config] of Object.entries(GUARDS)) {
    it(`is refused by ${guard}`, async () => {
      for (const [name, init] of Object.entries(ways)) await refuses(config(), EDITS, init, name);
      const { response, seen } = await send(config(), new Request(EDITS, { method: "POST", headers: MULTIPART, body: BROKEN }));
      assert.deepEqual([response.status, seen.length], [400, 0]);
    });
  }
  for (const [guard, config] of Object.entries(OPEN)) {
    it(`passes as it came with ${guard}`, async () => {
      for (const [name, init] of Object.entries(ways)) {
        const { response, seen } = await send(config(), EDITS, init());
        assert.equal(response.status, 200, name);
        assert.equal(await new Response(seen[0].body).text(), BROKEN, name);
      }
    });
  }

  it("is refused where nobody knows which budgets there are", async () => {
    const ledger = { guarantee: "hard", list: () => Promise.reject(new Error("gone")), put: () => Promise.reject(new Error("gone")), remove: async () => false, status: async () => [] };
    const errors = [];
    const config = { budgetManager: new BudgetManager(undefined, { ledger }), onError: (error) => errors.push(error) };
    await refuses(config, EDITS, ways.text, "ledger");
    assert.ok(errors.length > 0);
  });
});

describe("a body goes by what it is", () => {
  const text = JSON.stringify({ model: "gpt-5-mini", prompt: `Write to ${MAIL}`, messages: [{ role: "user", content: `Write to ${MAIL}` }] });
  const encodings = { plain: new TextEncoder().encode(text), blank: new TextEncoder().encode(`\r\n\t ${text}`), marked: new TextEncoder().encode(`\ufeff${text}`) };
  for (const type of ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json", "text/plain"]) {
    it(`JSON that calls itself ${type} is guarded`, async () => {
      for (const url of [CHAT, EDITS]) {
        for (const [name, body] of Object.entries(encodings)) {
          for (const given of [body, body.buffer, new Blob([body])]) {
            const { response, seen } = await send(GUARDS.guardrails(), url, { headers: { "content-type": type }, body: given });
            assert.deepEqual([response.status, seen.length], [403, 0], `${name} ${url}`);
          }
        }
        // What nobody reads as such is refused, and not passed.
        const wide = new Uint8Array(new Uint16Array([...`\ufeff${text}`].map((c) => c.charCodeAt(0))).buffer);
        for (const body of [wide, wide.slice(2)]) assert.equal((await send(GUARDS.guardrails(), url, { headers: { "content-type": type }, body })).response.status, 400);
      }
    });
  }

  it("fields in a URL's writing are a form where one is expected, and pass anywhere else", async () => {
    const fields = new URLSearchParams({ model: "gpt-image-1", prompt: `A card to ${MAIL}` });
    const typed = { headers: { "content-type": "application/x-www-form-urlencoded" }, body: String(fields) };
    for (const init of [{ body: fields }, typed]) {
      assert.equal((await send(GUARDS.guardrails(), EDITS, init)).response.status, 403);
      const { seen } = await send({}, EDITS, init);
      assert.equal(seen[0].body, init.body);
      assert.equal((await send(GUARDS.guardrails(), CHAT, init)).seen[0].body, init.body);
    }
  });

  it("a form of another class is read, made anew by that class, and passes where nothing guards it", async () => {
    class OtherForm {
      #list = [];
      append(...field) {
        this.#list.push(field);
      }
      *entries() {
        for (const [key, value] of this.#list) yield [key, value];
      }
      get [Symbol.toStringTag]() {
        return "FormData";
      }
    }
    const form = new OtherForm();
    form.append("model", "gpt-image-1");
    form.append("prompt", `A card to ${MAIL}`);
    assert.equal((await send(GUARDS.guardrails(), EDITS, { body: form })).response.status, 403);
    assert.equal((await send({}, EDITS, { body: form })).seen[0].body, form);
    const [{ body }] = (await send({ guardrailEngine: pii() }, EDITS, { body: form })).seen;
    assert.ok(body instanceof OtherForm && body !== form);
    assert.deepEqual([...body.entries()].map(([key, value]) => [key, value.includes(MAIL)]), [["model", false], ["prompt", false]]);
    // One that tells nothing of what it holds is for the fetch that knows it.
    const closed = { pipe() {}, [Symbol.toStringTag]: "FormData" };
    await refuses(GUARDS.guardrails(), EDITS, () => ({ body: closed }), "closed");
    assert.equal((await send({}, EDITS, { body: closed })).seen[0].body, closed);
  });

  it("a flag of a form that is neither true nor false is refused where anything guards it", async () => {
    const form = (...flags) => {
      const made = new FormData();
      made.append("model", "gpt-4o-transcribe");
      made.append("file", new Blob([new Uint8Array(8)]), "a.mp3");
      for (const flag of flags) made.append("stream", flag);
      return made;
    };
    for (const flags of [["1"], ["True"], [""], ["yes"], ["true", "false"], [new Blob(["true"])]]) {
      await refuses(GUARDS.guardrails(), HEARD, () => ({ body: form(...flags) }), String(flags));
      assert.equal((await send({}, HEARD, { body: form(...flags) })).response.status, 200);
    }
    for (const flags of [[], ["false"]]) assert.equal((await send(GUARDS.guardrails(), HEARD, { body: form(...flags) })).seen.length, 1);
  });
});

describe("a body that comes in pieces", () => {
  const MIB = new Uint8Array(1024 * 1024).fill(0x20);
  const pieces = (count, seen = {}) => {
    let at = 0;
    return new ReadableStream({ pull: (out) => (at++ < count ? out.enqueue(MIB) : out.close()), cancel: () => void (seen.cancelled = true) }, { highWaterMark: 0 });
  };
  async function* generated(count) {
    for (let at = 0; at < count; at += 1) yield MIB;
  }

  it("is refused above what is kept in memory where anything guards it, and passes whole where nothing does", async () => {
    for (const url of [CHAT, EDITS]) {
      const seen = {};
      await refuses(GUARDS.guardrails(), url, () => ({ body: pieces(65, seen), duplex: "half" }), url);
      assert.equal(seen.cancelled, true);
    }
    await refuses(GUARDS.guardrails(), CHAT, () => ({ body: new Blob(Array(65).fill(MIB)) }), "blob");
    const length = async (body) => (await new Response(body).arrayBuffer()).byteLength;
    assert.equal(await length((await send({}, CHAT, { body: pieces(66), duplex: "half" })).seen[0].body), 66 * MIB.length);
    assert.equal(await length((await send({}, CHAT, { body: generated(66), duplex: "half" })).seen[0].body), 66 * MIB.length);
    const blob = new Blob(Array(65).fill(MIB));
    assert.equal((await send({}, CHAT, { body: blob })).seen[0].body, blob);
    const request = new Request(CHAT, { method: "POST", body: pieces(66), duplex: "half" });
    let sent;
    await createGuardedFetch({ fetch: async (to) => ((sent = to), json({})) })(request);
    assert.equal(sent, request);
    assert.equal(await length(request.body), 66 * MIB.length);
  });

  const never = (seen = {}) => new ReadableStream({ pull: () => new Promise(() => undefined), cancel: () => void (seen.cancelled = true) });
  async function* stuck() {
    await new Promise(() => undefined);
  }
  const ways = { stream: (seen) => [CHAT, { method: "POST", body: never(seen), duplex: "half" }], form: (seen) => [EDITS, { method: "POST", headers: MULTIPART, body: never(seen), duplex: "half" }], iterable: () => [CHAT, { method: "POST", body: stuck(), duplex: "half" }], request: (seen) => [new Request(CHAT, { method: "POST", body: never(seen), duplex: "half" }), {}] };
  const fetch = () => assert.fail("nothing was to be sent");

  for (const [name, made] of Object.entries(ways)) {
    it(`is given up by its caller while it is read: ${name}`, async () => {
      const reason = new Error("enough");
      for (const early of [true, false]) {
        const controller = new AbortController();
        const seen = {};
        const [input, init] = made(seen);
        if (early) controller.abort(reason);
        const sending = createGuardedFetch({ fetch })(input, { ...init, signal: controller.signal });
        queueMicrotask(() => controller.abort(reason));
        await assert.rejects(sending, (error) => error === reason);
        if (name === "stream" || name === "form") assert.equal(seen.cancelled, true);
      }
    });

    it(`is given up when the call's time is up: ${name}`, async () => {
      const [input, init] = made();
      await assert.rejects(createGuardedFetch({ fetch, timeout: 5 })(input, init), (error) => error.name === "TimeoutError");
    });
  }
});

describe("a variation of a picture", () => {
  const form = (fields) => {
    const made = new FormData();
    made.append("image", new Blob([new Uint8Array(10)]), "a.png");
    for (const [key, value] of Object.entries(fields)) made.append(key, value);
    return made;
  };

  it("has no prompt, and is bounded by its size and count", async () => {
    const one = { model: "gpt-image-1", n: "1", size: "1024x1024" };
    const bound = PriceBook.bundled().upperBound({ ...one, n: 1, prompt: "", image: {} });
    const config = { budgetManager: budgets({ limit: 1.5 * Number(bound.usd) }) };
    const { response, seen } = await send(config, VARIATIONS, { body: form(one) });
    assert.equal(response.status, 200);
    assert.deepEqual([...seen[0].body.keys()], ["image", "model", "n", "size"]);
    const refused = await send(config, VARIATIONS, { body: form({ ...one, n: "2" }) });
    assert.deepEqual([refused.response.status, refused.seen.length, refused.blocked], [402, 0, ["budget_exceeded"]]);
    // The model that there is where none is named.
    assert.equal(TollgateError.from(await (await send(config, VARIATIONS, { body: form({}) })).response.json()).context.model, "dall-e-2");
  });
});
