// Patterns of the application's own: what they match is what RegExp matches, in linear time.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigurationError, GuardrailEngine, JsonSchemaGuardrail, RegexGuardrail, ToolPolicyGuardrail, engineFromBundle } from "tollgate";

function engineOf(...guardrails) {
  const engine = new GuardrailEngine();
  guardrails.forEach((guardrail) => engine.registerGuardrail(guardrail));
  return engine;
}

/** What the guardrail finds, as [start, end]. */
function ours(pattern, text) {
  const { findings } = engineOf(new RegexGuardrail({ patterns: [pattern], action: "warn" })).scan(text);
  return findings.map(({ start, end }) => [start, end]);
}

/** What RegExp matches, or would where it may not match nothing: it has to go on behind the place where it began. */
function theirs(pattern, text) {
  const flags = `${pattern.flags.replace(/[gu]/g, "")}yu`;
  const found = [];
  let characters = 0;
  for (let at = 0; at < text.length; ) {
    const further = `(?<=(?<![^])[^]{${characters + 1},})`;
    const one = new RegExp(`(?:${pattern.source})${further}`, flags);
    one.lastIndex = at;
    const length = one.exec(text)?.[0].length ?? 0;
    if (length > 0) found.push([at, at + length]);
    const passed = text.slice(at, at + length) || String.fromCodePoint(text.codePointAt(at));
    at += passed.length;
    characters += [...passed].length;
  }
  return found;
}

/** A generator of numbers (mulberry32): the same ones in every run. */
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("RegexGuardrail", () => {
  it("matches what RegExp matches", () => {
    const text = "Ann's order #4711-A of 2024-05-06 (ACME-004217, acme-12) costs 19.90 EUR.\nÉté à Zürich: straße 5; ΣΑΣ σας ſK 日本語 😀😁 \u00a0x\tend_of\r\nlast\u2028line";
    const patterns = [
      /ACME-\d+/i, /\b\d{4}-\d{2}-\d{2}\b/, /#(?<order>\d+)-[A-Z]/, /[^\s]+/, /\w+|\W/, /^.*$/m, /^.*$/, /.+/s, /.+/, /\bE\w*/, /(?:[a-z]+ ?)+/i,
      /[à-ž]/i, /straße/i, /σ/iu, /ς/iu, /[a-z]/iu, /[A-Z]+/iu, /K/iu, /\p{L}+/u, /\p{Lu}\p{Ll}*/u, /\P{L}/u, /\p{N}+/u, /[\p{L}\d]+/u, /\p{Script=Han}+/u, /\p{sc=Greek}+/u, /[^\p{L}]/u,
      /[\u{1F600}-\u{1F64F}]/u, /\ud83d\ude00/u, /\s/, /\S+/, /[\d.]+/, /\d+?/, /\d{2,}?/, /[^]/, /[]|a/, /a|/, /(|a)+/, /(a??)?/, /(a|b*)*c?/,
      /\Bs\b/, /[\b]|\cJ|\x41|\u0041|\0/, /[.*+?^$]/, /e{0,2}n?/, /(?:o|f){1,2}_/, /\//, /[-a]/, /[a-]/, /[\w\-]+/, /\r\n|\n/,
    ];
    for (const pattern of patterns) assert.deepEqual(ours(pattern, text), theirs(pattern, text), String(pattern));
  });

  it("matches what RegExp matches, whatever the pattern", () => {
    const next = random(7);
    const pick = (all) => all[Math.floor(next() * all.length)];
    const atom = () => pick(["a", "b", "c", ".", "[ab]", "[^a]", "[a-c]", "\\w", "\\d", "\\s", "é", "\\W", "[^]", "1"]);
    const greedy = ["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"];
    const repeat = () => pick([...greedy, "+?", "{1,2}?"]);
    const make = (depth) => {
      const roll = next();
      if (depth === 0 || roll < 0.35) return atom() + repeat();
      if (roll < 0.45) return pick(["^", "$", "\\b", "\\B"]);
      // What may be nothing and would rather be, again and again, is the one thing that ends elsewhere (see the docs).
      if (roll < 0.7) return `(?:${make(depth - 1)})${pick(greedy)}`;
      if (roll < 0.85) return `(${make(depth - 1)}|${pick(["", make(depth - 1)])})${pick(greedy)}`;
      return make(depth - 1) + make(depth - 1);
    };
    const any = (depth) => make(depth) + pick(["", `(?:${make(1)})${pick(["*?", "??", "{0,2}?"])}`]);
    for (let round = 0; round < 4_000; round += 1) {
      // With something to find: a pattern that matches nothing but places is refused.
      const pattern = new RegExp(`(?:${any(3)}${make(2)})|b1`, pick(["", "i", "m", "s", "im"]));
      const text = Array.from({ length: Math.floor(next() * 10) }, () => pick([..."aabbcABC1é \n😀"])).join("");
      assert.deepEqual(ours(pattern, text), theirs(pattern, text), `${pattern} in ${JSON.stringify(text)}`);
    }
  });

  it("takes every action, and says which pattern it was", () => {
    const patterns = [/\bACME-\d+/, { pattern: "project x", flags: "i" }, "[a-z]+@corp"];
    const text = "ACME-1 for Project X by ann@corp";
    const scan = (options) => engineOf(new RegexGuardrail({ patterns, ...options })).scan(text);
    assert.deepEqual(scan({}).findings.map(({ type, rule, score, category }) => [type, rule, score, category]), [
      ["pattern", "pattern-1", 50, "LLM02"], ["pattern", "pattern-2", 50, "LLM02"], ["pattern", "pattern-3", 50, "LLM02"],
    ]);
    assert.equal(scan({}).passed, false);
    assert.equal(scan({ action: "redact" }).text, "[REDACTED_PATTERN] for [REDACTED_PATTERN] by [REDACTED_PATTERN]");
    assert.equal(scan({ action: "mask", keepLast: 1, allow: ["ann@*"] }).text, "****-1 for ******* X by ann@corp");
    assert.match(scan({ action: "hash", hashKey: "0123456789abcdef" }).text, /^\[HASHED_PATTERN_[A-P]{16}\] for /);
    assert.equal(scan({ action: "warn", riskScores: { pattern: 80 } }).riskScore, 80);
    const guardrail = new RegexGuardrail({ patterns: ["a"] });
    guardrail.configure({ patterns: [/b/] });
    assert.equal(engineOf(guardrail).scan("a").passed, true);
    assert.equal(engineOf(guardrail).scan("b").passed, false);
  });

  it("holds in a stream what may still match", () => {
    const bounded = new RegexGuardrail({ patterns: [/\bacme-\d{1,6}\b/], action: "redact" });
    const open = new RegexGuardrail({ patterns: [/<secret>.*?<\/secret>/s], action: "redact" });
    assert.deepEqual([bounded.streaming, open.streaming], ["exact", "buffered"]);
    const stream = engineOf(bounded).stream();
    assert.deepEqual(["see ac", "me-12", "34 o", "r acm"].map((piece) => stream.push(piece)), ["see ", "", "[REDACTED_PATTERN] o", "r "]);
    assert.equal(stream.end(), "acm");
    const held = engineOf(open).stream();
    const text = "Some <secret>a\nb</secret> and <secret>no end";
    const out = Array.from(text, (character) => held.push(character)).join("");
    assert.equal(out, "Some [REDACTED_PATTERN] and ");
    assert.equal(out + held.end(), "Some [REDACTED_PATTERN] and <secret>no end");
  });

  it("refuses what can't be had in linear time, and what is wrong, with its place", () => {
    for (const [pattern, message, offset] of [
      [/(a)\1/, /cannot read pattern 1: expected no back-reference, .* at offset 3, found \\1/, 3],
      [/ab(?=c)/, /cannot read pattern 1: expected no look-around, .* at offset 2, found \(\?=/, 2],
      ["a(b", /expected a group that is closed at offset 1/, 1],
      [/(?:a{1000}){10}/, /expected a pattern that comes to at most 2048 steps/, 0],
      [/^/, /expected something that it matches, found a place alone/, undefined],
    ]) {
      assert.throws(
        () => new RegexGuardrail({ patterns: [pattern] }),
        (error) => error instanceof ConfigurationError && message.test(error.message) && error.context?.offset === offset,
        String(pattern),
      );
    }
    assert.throws(() => new RegexGuardrail({ patterns: [] }), /expected 1 to 32 patterns, found 0/);
    assert.throws(() => new RegexGuardrail({ patterns: [5] }), /expected each of patterns to be a text or a RegExp, found number/);
    assert.throws(() => new RegexGuardrail({ patterns: [/a/y] }), /expected flags out of dgimsu/);
    assert.throws(() => new RegexGuardrail({}), /expected patterns to be an array/);
  });

  it("takes as long as the text is, with patterns that take others forever", () => {
    const long = `${"a".repeat(20_000)}!`;
    for (const pattern of [/(a+)+$/, /(a|aa)+$/, /(.*a){12}/, /a.*b|a/, /(\w+\s?)*$/]) {
      const engine = engineOf(new RegexGuardrail({ patterns: [pattern], action: "warn" }));
      const started = performance.now();
      engine.scan(long);
      const took = performance.now() - started;
      assert.ok(took < 3_000, `${pattern} took ${took} ms`);
    }
  });
});

describe("patterns elsewhere", () => {
  it("are keywords of schemas", () => {
    const guardrail = new JsonSchemaGuardrail({
      schema: { properties: { id: { pattern: "^[A-Z]{2}-\\d+$" } }, patternProperties: { "^x-": { type: "string" } }, additionalProperties: false },
    });
    assert.deepEqual(guardrail.check('{"id":"AB-1","x-a":"1"}'), []);
    assert.deepEqual(guardrail.check('{"id":"AB-1;","x-a":1,"y":0}').map(({ path, keyword }) => [path, keyword]), [
      ["/id", "pattern"], ["/*", "type"], ["/*", "additionalProperties"],
    ]);
    assert.throws(() => new JsonSchemaGuardrail({ schema: { pattern: "(?!a)" } }), /cannot read the pattern at \/pattern: expected no look-around/);
  });

  it("are rules for arguments", () => {
    const guardrail = new ToolPolicyGuardrail({ tools: { run: { arguments: { command: { matches: "[a-z ]+", notMatches: "\\brm\\b" } } } } });
    const check = (command) => guardrail.check([{ name: "run", arguments: JSON.stringify({ command }) }]).map(({ rule }) => rule);
    assert.deepEqual([check("ls"), check("ls; rm"), check("rm x"), check(5)], [[], ["matches", "notMatches"], ["notMatches"], ["matches", "notMatches"]]);
  });

  it("come with bundles", () => {
    const engine = engineFromBundle({ version: 1, input: { guardrails: [{ name: "Secret Keys", config: { custom_regex: ["^internal-\\d+$", "tok_[a-z]+"] } }] } });
    assert.deepEqual(engine.getRegisteredGuardrails().map(({ name }) => name), ["Secret Keys", "Secret Keys (custom_regex)"]);
    assert.deepEqual(["see internal-12", "see internal-12x", "xtok_a", "plain"].map((text) => engine.scan(text).passed), [false, true, false, true]);
  });
});
