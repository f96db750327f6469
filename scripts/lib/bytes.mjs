// Bytes as a JavaScript string, for what ships inside the package's own files. js/loader/bytes.ts reads it.
//
// A byte is one character, or two where it is rare; so compression still sees the bytes one by one. Base64 cuts them every
// six bits and hides their repetitions: a module in base64 is a third larger after gzip, this is half a percent.

/** Printable ASCII, but for what a string, a template or a script element might end with, or escape. */
const ALPHABET = Array.from({ length: 95 }, (_, index) => String.fromCharCode(32 + index))
  .filter((character) => !"\"'`\\$<&>".includes(character))
  .join("");

/** Of the alphabet, how many stand for a byte each. The others, `}` and `~`, open a pair. */
const SINGLES = ALPHABET.length - 2;

/** `{ alphabet, order, text }`: the characters, the bytes in the order of the codes as hexadecimal, and the content. */
export function encode(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte] += 1;
  const order = counts.map((_, byte) => byte).sort((a, b) => counts[b] - counts[a] || a - b);
  const codes = new Array(256);
  order.forEach((byte, index) => {
    const beyond = index - SINGLES;
    codes[byte] =
      beyond < 0 ? ALPHABET[index] : ALPHABET[SINGLES + Math.floor(beyond / ALPHABET.length)] + ALPHABET[beyond % ALPHABET.length];
  });
  const text = Array.from(bytes, (byte) => codes[byte]).join("");
  return { alphabet: ALPHABET, order: Buffer.from(order).toString("hex"), text };
}

/** The module that exports it; `decoder` is js/loader/decode.wat, assembled. */
export function encodedModule(bytes, decoder) {
  const { alphabet, order, text } = encode(bytes);
  const parts = { alphabet, order, decoder: Buffer.from(decoder).toString("base64"), text };
  const lines = Object.entries(parts).map(([name, value]) => `export const ${name} =\n  "${value}";\n`);
  return `export const length = ${bytes.length};\n${lines.join("")}`;
}

/** Its types; `what` says what the bytes are. */
export function encodedTypes(what) {
  const parts = ["alphabet", "order", "decoder", "text"].map((name) => `export declare const ${name}: string;\n`);
  return `/** ${what}, as text: scripts/lib/bytes.mjs. */\nexport declare const length: number;\n${parts.join("")}`;
}
