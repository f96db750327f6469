// Texts on their way into the core and back: however long they are, and wherever the first character stands that is not ASCII.
import assert from "node:assert/strict";
import { test } from "node:test";

import { GuardrailEngine, PIIDetectionGuardrail } from "tollgate";

const engine = new GuardrailEngine();
engine.registerGuardrail(new PIIDetectionGuardrail({ action: "redact" }));

const MAIL = "ann@example.com";

test("what is found is where it stands, whatever stands before it", () => {
  for (const character of ["é", "€", "\u{1f600}", "\ud800", "\udc00"]) {
    for (let length = 0; length < 80; length += 1) {
      for (const place of [0, 1, length >> 1, length - 1]) {
        if (place < 0 || place > length) continue;
        const before = `${"-".repeat(place)}${character}${"-".repeat(length - place)} `;
        const { findings, text } = engine.scan(before + MAIL);
        const of = `${JSON.stringify(character)} at ${place} of ${length}`;
        assert.equal(findings.length, 1, of);
        assert.equal((before + MAIL).slice(findings[0].start, findings[0].end), MAIL, of);
        assert.equal(text, `${before.toWellFormed?.() ?? before.replace(/[\ud800-\udfff](?![\udc00-\udfff])/u, "\ufffd")}[REDACTED_EMAIL]`, of);
      }
    }
  }
});

test("a text of three bytes a character crosses whole", () => {
  const text = `${"日本語".repeat(20_000)} ${MAIL}`;
  assert.equal(engine.scan(text).text, `${"日本語".repeat(20_000)} [REDACTED_EMAIL]`);
});

test("a text in which nothing is changed comes back as it was, halves of characters included", () => {
  for (const text of ["", "plain", "half \ud83d of one", "\udc00".repeat(50), "ü".repeat(100)]) {
    const { text: back, findings, passed } = engine.scan(text);
    assert.deepEqual([back, findings, passed], [text, [], true]);
  }
});
