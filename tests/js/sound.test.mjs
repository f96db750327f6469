// Speech, transcriptions, translations, moderations and changed images through the guarded fetch: guarded where there is text, billed
// by what the provider says or by what it bills, and what only passes passes as it came.
import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";

import OpenAI, { toFile } from "openai";
import { BudgetManager, InMemoryCostStorage, PriceBook, TollgateError, createGuardedFetch } from "tollgate";

import { startProvider } from "../../examples/local-provider/provider.mjs";
import { MAIL, events, json, pii, provider as scripted } from "./lib/wire.mjs";

const AUDIO = "https://api.openai.com/v1/audio";
const SPEECH = `${AUDIO}/speech`;
const HEARD = `${AUDIO}/transcriptions`;

/** Uncompressed sound: so many seconds of silence at 8,000 samples of 16 bits. */
function wave(seconds, { rate = 8000, format = 1 } = {}) {
  const data = rate * 2 * seconds;
  const head = new DataView(new ArrayBuffer(44));
  const tag = (at, text) => [...text].forEach((c, place) => head.setUint8(at + place, c.charCodeAt(0)));
  tag(0, "RIFF"), head.setUint32(4, 36 + data, true), tag(8, "WAVEfmt "), head.setUint32(16, 16, true);
  head.setUint16(20, format, true), head.setUint16(22, 1, true), head.setUint32(24, rate, true), head.setUint32(28, rate * 2, true);
  head.setUint16(32, 2, true), head.setUint16(34, 16, true), tag(36, "data"), head.setUint32(40, data, true);
  return new Blob([head, new Uint8Array(data)], { type: "audio/wav" });
}

const form = (fields) => {
  const made = new FormData();
  for (const [key, value] of Object.entries(fields)) {
    if (value instanceof Blob) made.append(key, value, "speech.wav");
    else made.append(key, value);
  }
  return made;
};

/** A guarded fetch with a budget that can refuse, and what it recorded. */
const watched = (config = {}, limit = 1000) => {
  const budgetManager = new BudgetManager(new InMemoryCostStorage());
  budgetManager.createBudget({ name: "all", limit, period: "total", action: "block" });
  const records = [];
  const guarded = createGuardedFetch({ budgetManager, onRecord: (record) => records.push(record), ...config });
  const spent = async () => (await budgetManager.getBudgetStatus(budgetManager.getAllBudgets()[0].id)).spentUsd;
  return { guarded, records, spent, budgetManager };
};

describe("with the official SDK, over the local provider", () => {
  let local;
  before(async () => (local = await startProvider()));
  after(() => local.close());
  beforeEach(() => local.reset());
  const sdk = (fetch) => new OpenAI({ apiKey: "sk-local", baseURL: `${local.url}/v1`, maxRetries: 0, ...(fetch && { fetch }) });

  it("gives the same as without it, and records what each cost", async () => {
    const calls = {
      speech: async (client) => [...new Uint8Array(await (await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Good morning, harbour." })).arrayBuffer())],
      transcription: (client) => client.audio.transcriptions.create({ model: "whisper-1", file: wave(3) instanceof File ? wave(3) : new File([wave(3)], "a.wav") }),
      tokens: async (client) => client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await toFile(wave(2), "a.wav"), prompt: "harbour words" }),
      text: async (client) => client.audio.transcriptions.create({ model: "whisper-1", file: await toFile(wave(2), "a.wav"), response_format: "text" }),
      stream: async (client) => {
        const said = [];
        for await (const event of await client.audio.transcriptions.create({ model: "gpt-4o-transcribe", file: await toFile(wave(2), "a.wav"), stream: true })) said.push(event);
        return said;
      },
      moderation: (client) => client.moderations.create({ model: "omni-moderation-latest", input: "[flag violence 0.91] hello" }),
    };
    const { guarded, records, spent, budgetManager } = watched();
    let sum = 0;
    for (const [name, call] of Object.entries(calls)) {
      const bare = await call(sdk());
      const found = await call(sdk(guarded));
      // Ids count on.
      const plain = (value) => JSON.parse(JSON.stringify(value, (key, value) => (key === "id" ? undefined : value)));
      assert.deepEqual(plain(found), plain(bare), name);
      const record = records.at(-1);
      assert.ok(record.priced, `${name} ${JSON.stringify(record)}`);
      sum += Math.round(Number(record.usd) * 1e12);
    }
    assert.deepEqual(
      records.map(({ usd, estimated, actualTokens: { characters, audioDuration } }) => ({ usd, ...(estimated && { estimated }), ...(characters && { characters }), ...(audioDuration && { audioDuration }) })),
      [
        { usd: "0.00033", characters: 22 },
        // 48,044 bytes are four seconds to the provider, and three to their header.
        { usd: "0.0004", audioDuration: 4 },
        { usd: records[2].usd },
        // Said as text, it tells no usage: what its header says is charged.
        { usd: records[3].usd, audioDuration: records[3].actualTokens.audioDuration },
        { usd: records[4].usd },
        { usd: "0", estimated: "no_usage" },
      ],
    );
    assert.equal(records[3].actualTokens.audioDuration.toFixed(2), "2.00");
    assert.equal(Math.round(Number(await spent()) * 1e12), sum);
    assert.equal((await budgetManager.getBudgetStatus(budgetManager.getAllBudgets()[0].id)).heldUsd, "0");
  });
});

describe("speech", () => {
  const sound = new Uint8Array(20_000).map((_, at) => at * 7);
  const spoken = () => new Response(new Blob([sound]).stream(), { headers: { "content-type": "audio/mpeg" } });
  const ask = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

  it("is guarded where it is text, and its sound passes byte by byte", async () => {
    const { asked, fetch } = scripted(spoken);
    const { guarded, records } = watched({ fetch, guardrailEngine: pii() });
    const response = await guarded(SPEECH, ask({ model: "tts-1", voice: "alloy", input: `Write to ${MAIL}` }));
    assert.equal(response.headers.get("content-type"), "audio/mpeg");
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), sound);
    assert.equal(asked[0].body.input, "Write to [REDACTED_EMAIL]");
    assert.equal(records[0].actualTokens.characters, "Write to [REDACTED_EMAIL]".length);
    const refusing = watched({ fetch, guardrailEngine: pii("block") });
    assert.equal((await refusing.guarded(SPEECH, ask({ model: "tts-1", voice: "alloy", input: MAIL }))).status, 403);
    assert.deepEqual([asked.length, refusing.records.length], [1, 0]);
  });

  it("is charged by its characters, whole also where nobody listens to its end", async () => {
    const { fetch } = scripted(spoken);
    const { guarded, records, spent } = watched({ fetch });
    const response = await guarded(SPEECH, ask({ model: "tts-1", voice: "alloy", input: "é".repeat(100) }));
    await response.body.cancel();
    for (let turn = 0; records.length === 0 && turn < 1000; turn += 1) await new Promise(setImmediate);
    assert.deepEqual(records.map(({ usd, outcome, estimated }) => [usd, outcome, estimated]), [["0.0015", "aborted", "aborted"]]);
    assert.equal(await spent(), "0.0015");
  });

  it("is told in events, and billed by their usage", async () => {
    const stream = events([{ type: "speech.audio.delta", audio: "AAAA" }, { type: "speech.audio.done", usage: { input_tokens: 10, output_tokens: 100, total_tokens: 110 } }], { size: 9 });
    const { guarded, records } = watched({ fetch: scripted(stream.response).fetch, allowUnbounded: true, guardrailEngine: pii() });
    assert.equal(await (await guarded(SPEECH, ask({ model: "gpt-4o-mini-tts", voice: "alloy", input: "hi", stream_format: "sse" }))).text(), stream.text);
    assert.deepEqual(records.map(({ usd, estimated, outcome }) => [usd, estimated, outcome]), [["0.001206", undefined, "ok"]]);
  });

  it("that nothing bounds is refused where a budget can refuse, unless that is allowed", async () => {
    const { asked, fetch } = scripted(spoken);
    const request = ask({ model: "gpt-4o-mini-tts", voice: "alloy", input: "Good morning, harbour." });
    const refused = await watched({ fetch }).guarded(SPEECH, request);
    assert.deepEqual([refused.status, TollgateError.from(await refused.json()).code, asked.length], [402, "unbounded", 0]);
    const { guarded, records } = watched({ fetch, allowUnbounded: true });
    await (await guarded(SPEECH, request)).arrayBuffer();
    // What it is expected to be: nobody says.
    assert.deepEqual(records.map(({ estimated, priced, usd }) => [estimated, priced, Number(usd) > 0]), [["no_usage", true, true]]);
  });
});

describe("transcriptions", () => {
  it("are guarded in both directions, in every shape", async () => {
    const said = `I am ${MAIL}, hello`;
    const shapes = {
      json: [() => json({ text: said }), (text) => JSON.parse(text).text],
      verbose: [() => json({ text: said, duration: 3, segments: [{ id: 0, text: said }], words: [{ word: MAIL }] }), (text) => { assert.deepEqual([JSON.parse(text).segments, JSON.parse(text).words], [null, null]); return JSON.parse(text).text; }],
      text: [() => new Response(`${said}\n`, { headers: { "content-type": "text/plain; charset=utf-8" } }), (text) => text.trimEnd()],
      stream: [events([{ type: "transcript.text.delta", delta: "I am jane" }, { type: "transcript.text.delta", delta: ".doe@example.com, hello" }, { type: "transcript.text.done", text: said, usage: { type: "tokens", input_tokens: 5, output_tokens: 5, total_tokens: 10 } }], { done: true }).response, (text) => JSON.parse(text.split("\n").filter((line) => line.startsWith("data: {")).at(-1).slice(6)).text],
    };
    for (const [name, [answer, textOf]] of Object.entries(shapes)) {
      const { asked, fetch } = scripted(answer);
      const { guarded, records } = watched({ fetch, guardrailEngine: pii() });
      const given = form({ model: "gpt-4o-transcribe", file: wave(1), prompt: `names: ${MAIL}`, "timestamp_granularities[]": "word", ...(name === "stream" && { stream: "true" }) });
      const text = await (await guarded(HEARD, { method: "POST", body: given })).text();
      assert.ok(!text.includes("jane"), `${name} ${text}`);
      assert.equal(textOf(text), "I am [REDACTED_EMAIL], hello", name);
      const sent = asked[0].body;
      assert.equal(sent.get("prompt"), "names: [REDACTED_EMAIL]");
      assert.deepEqual([sent.get("file").size, sent.get("file").name, sent.get("timestamp_granularities[]"), sent.get("model")], [wave(1).size, "speech.wav", "word", "gpt-4o-transcribe"]);
      // The host writes it, with the mark between the fields.
      assert.equal(asked[0].headers.get("content-type"), null);
      assert.equal(records.length, 1, name);
    }
  });

  it("reserve what uncompressed sound can cost, and are refused by the second where nobody knows how many there are", async () => {
    const { asked, fetch } = scripted(() => json({ text: "hi", usage: { type: "duration", seconds: 60 } }));
    const { guarded, records } = watched({ fetch }, 0.007);
    const minute = await guarded(HEARD, { method: "POST", body: form({ model: "whisper-1", file: wave(60) }) });
    assert.equal(minute.status, 200);
    assert.deepEqual(records.map(({ usd, overReservationUsd }) => [usd, overReservationUsd]), [["0.006", undefined]]);
    assert.equal((await guarded(HEARD, { method: "POST", body: form({ model: "whisper-1", file: wave(60) }) })).status, 402);
    // A header that claims another codec, or none, tells nothing.
    for (const file of [wave(1, { format: 85 }), new Blob([new Uint8Array(5000)])]) {
      const refused = await watched({ fetch }).guarded(HEARD, { method: "POST", body: form({ model: "whisper-1", file }) });
      assert.deepEqual([refused.status, TollgateError.from(await refused.json()).code], [402, "unbounded"]);
    }
    assert.equal(asked.length, 1);
    const allowed = watched({ fetch, allowUnbounded: true });
    assert.equal((await allowed.guarded(HEARD, { method: "POST", body: form({ model: "whisper-1", file: new Blob([new Uint8Array(5000)]) }) })).status, 200);
    assert.equal(allowed.records[0].usd, "0.006");
  });

  it("are as long as their header says, and as nobody knows where it can be read in two ways", async () => {
    const bytes = (text) => new TextEncoder().encode(text);
    const chunk = (name, body, { pad = 0, size = body.length } = {}) => {
      const length = new DataView(new ArrayBuffer(4));
      length.setUint32(0, size, true);
      return new Blob([bytes(name), length, body, new Uint8Array(body.length & 1).fill(pad)]);
    };
    const fmt = (rate, format = 1, length = 16) => {
      const view = new DataView(new ArrayBuffer(40));
      for (const [at, value] of [[0, format], [2, 1], [12, 2], [14, 16], [24, 1]]) view.setUint16(at, value, true);
      view.setUint32(4, rate, true), view.setUint32(8, rate * 2, true);
      return new Uint8Array(view.buffer, 0, length);
    };
    const riff = (...chunks) => new Blob([chunk("RIFF", new Uint8Array(0)), "WAVE", ...chunks]);
    const data = chunk("data", new Uint8Array(16_000 * 60));
    const honest = chunk("fmt ", fmt(8000));
    // Without the byte that follows an odd chunk, "fmt " would begin there, at a rate at which the sound is over at once.
    const hidden = [chunk("JUNK", new Uint8Array(1), { pad: 0x66 }), new Blob([bytes("mt "), new Uint8Array([16, 0, 0, 0]), fmt(4_000_000_000), new Uint8Array(0x0100_0000 - 15)])];
    const reserved = async (file) => {
      const { guarded, records } = watched({ fetch: scripted(() => new Response("hi", { headers: { "content-type": "text/plain" } })).fetch });
      const response = await guarded(HEARD, { method: "POST", body: form({ model: "whisper-1", response_format: "text", file }) });
      return response.status === 200 ? Math.ceil(Number(records[0].usd) * 10_000) : TollgateError.from(await response.json()).code;
    };
    for (const [name, file, expected] of [
      ["as most have it", riff(honest, data), 61],
      ["an odd chunk before it", riff(chunk("LIST", new Uint8Array(5)), honest, data), 61],
      ["long chunks around it", riff(chunk("bext", new Uint8Array(9000)), honest, chunk("LIST", new Uint8Array(6001)), data), 61],
      ["recorded on the fly", riff(honest, chunk("data", new Uint8Array(16_000 * 60), { size: 0xffff_ffff })), 61],
      ["an extended header", riff(chunk("fmt ", fmt(8000, 0xfffe, 40)), data), 61],
      ["hidden behind an odd chunk", riff(...hidden, honest, data), 1109],
      ["two headers", riff(chunk("fmt ", fmt(4_000_000_000)), honest, data), "unbounded"],
      ["a header after its sound", riff(data, honest), "unbounded"],
      ["a short header", riff(chunk("fmt ", fmt(8000, 1, 14)), data), "unbounded"],
      ["an extended header that ends early", riff(chunk("fmt ", fmt(8000, 0xfffe, 16)), data), "unbounded"],
      ["a chunk that is longer than the file", riff(chunk("JUNK", new Uint8Array(4), { size: 0x7fff_ffff }), honest, data), "unbounded"],
      ["no sound", riff(honest), "unbounded"],
      ["chunks without end", riff(...Array(100).fill(chunk("JUNK", new Uint8Array(0))), honest, data), "unbounded"],
    ]) {
      assert.equal(await reserved(file), expected, name);
    }
  });

  it("a form is sent as it came, also where it could be read only once, and is changed only where a guardrail changes it", async () => {
    const { asked, fetch } = scripted(() => json({ text: "hi", usage: { type: "duration", seconds: 1 } }));
    const guarded = createGuardedFetch({ fetch, guardrailEngine: pii() });
    const given = form({ model: "whisper-1", file: wave(1), prompt: "harbour" });
    await guarded(HEARD, { method: "POST", body: given });
    assert.equal(asked[0].body, given);
    const encoded = new Response(given);
    const type = encoded.headers.get("content-type");
    const bytes = new Uint8Array(await encoded.arrayBuffer());
    await guarded(HEARD, { method: "POST", headers: { "content-type": type }, body: new Blob([bytes]).stream(), duplex: "half" });
    assert.deepEqual(new Uint8Array(asked[1].body), bytes);
    assert.equal(asked[1].headers.get("content-type"), type);
    const request = new Request(HEARD, { method: "POST", body: form({ model: "whisper-1", file: wave(1), prompt: MAIL }) });
    await guarded(request);
    assert.equal(asked[2].body.get("prompt"), "[REDACTED_EMAIL]");
    // Names of fields that mean something elsewhere are only names.
    await guarded(HEARD, { method: "POST", body: form({ model: "whisper-1", file: wave(1), __proto__: "x", constructor: "y", prompt: MAIL }) });
    assert.equal(asked[3].body.get("constructor"), "y");
  });
});

describe("moderations", () => {
  it("are guarded, recorded and free, also where a budget has nothing left", async () => {
    const { asked, fetch } = scripted(() => json({ id: "modr-1", model: "omni-moderation-latest", results: [] }));
    const { guarded, records } = watched({ fetch, guardrailEngine: pii() }, 0);
    for (const input of [MAIL, [MAIL], [{ type: "text", text: MAIL }]]) {
      const response = await guarded("https://api.openai.com/v1/moderations", { method: "POST", body: JSON.stringify({ input }) });
      assert.equal(response.status, 200);
      assert.ok(!JSON.stringify(asked.at(-1).body).includes(MAIL));
    }
    assert.deepEqual(records.map(({ usd, priced, model }) => [usd, priced, model]), Array(3).fill(["0", true, "omni-moderation-latest"]));
  });
});

describe("images that are changed", () => {
  it("are guarded and reserved as those that are made", async () => {
    const { asked, fetch } = scripted(() => json({ created: 1, data: [{ b64_json: "AA" }], usage: { input_tokens: 50, input_tokens_details: { text_tokens: 10, image_tokens: 40 }, output_tokens: 272, total_tokens: 322 } }));
    const { guarded, records } = watched({ fetch, guardrailEngine: pii() });
    const body = form({ model: "gpt-image-1", "image[]": wave(1), prompt: `a letter to ${MAIL}`, n: "1" });
    body.append("image[]", wave(1), "b.png");
    assert.equal((await guarded("https://api.openai.com/v1/images/edits", { method: "POST", body })).status, 200);
    assert.equal(asked[0].body.get("prompt"), "a letter to [REDACTED_EMAIL]");
    assert.equal(asked[0].body.getAll("image[]").length, 2);
    const bound = PriceBook.bundled().upperBound({ model: "gpt-image-1", prompt: "a", image: [1, 2], n: 1 });
    assert.ok(records[0].priced && Number(records[0].usd) < Number(bound.usd), JSON.stringify(records[0]));
  });
});
