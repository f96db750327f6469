/** Bytes inside a JavaScript file, as scripts/lib/bytes.mjs writes them: one character for a common byte, two for a rare one. */
export interface Encoded {
  /** How many bytes there are. */
  readonly length: number;
  /** The characters; all but the last two stand for a byte each, those two open a pair. */
  readonly alphabet: string;
  /** The bytes in the order of their codes, in hexadecimal. */
  readonly order: string;
  /** The content. */
  readonly text: string;
}

/** The bytes. */
export function decode({ length, alphabet, order, text }: Encoded): Uint8Array<ArrayBuffer> {
  const byte = Uint8Array.from({ length: 256 }, (_, code) => Number.parseInt(order.slice(2 * code, 2 * code + 2), 16));
  const place = new Uint8Array(128);
  for (let index = 0; index < alphabet.length; index += 1) place[alphabet.charCodeAt(index)] = index;
  const singles = alphabet.length - 2;
  const bytes = new Uint8Array(length);
  for (let from = 0, to = 0; to < length; to += 1) {
    let code = place[text.charCodeAt(from++)]!;
    if (code >= singles) code = singles + (code - singles) * alphabet.length + place[text.charCodeAt(from++)]!;
    bytes[to] = byte[code]!;
  }
  return bytes;
}
