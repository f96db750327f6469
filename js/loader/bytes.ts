/** Bytes inside a JavaScript file, as scripts/lib/bytes.mjs writes them: one character for a common byte, two for a rare one. */
export interface Encoded {
  /** How many bytes there are. */
  readonly length: number;
  /** The characters in the order of their codes; all but the last two stand for a byte each, those two open a pair. */
  readonly alphabet: string;
  /** The bytes in the order of their codes, in hexadecimal. */
  readonly order: string;
  /** The content. */
  readonly text: string;
  /** decode.wat, assembled, in base64. */
  readonly decoder: string;
}

/** Where the text stands in the decoder's memory: behind its three tables. */
const TEXT = 384;
const PAGE = 65_536;

/** The bytes. A view of memory that nobody else has. */
export function decode({ length, alphabet, order, text, decoder }: Encoded): Uint8Array<ArrayBuffer> {
  const program = Uint8Array.from(atob(decoder), (character) => character.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(program));
  const { memory, decode } = exports as { memory: WebAssembly.Memory; decode(from: number, to: number, end: number): void };
  memory.grow(Math.ceil(text.length / PAGE));
  const bytes = new Uint8Array(memory.buffer as ArrayBuffer);
  const singles = alphabet.length - 2;
  for (let code = 0; code < 256; code += 1) {
    // Which table, and which character in it.
    const beyond = code - singles;
    const table = beyond < 0 ? 0 : 1 + Math.floor(beyond / alphabet.length);
    const place = beyond < 0 ? code : beyond % alphabet.length;
    bytes[128 * table + alphabet.charCodeAt(place)] = Number.parseInt(order.slice(2 * code, 2 * code + 2), 16);
  }
  new TextEncoder().encodeInto(text, bytes.subarray(TEXT));
  if (length > 0) decode(TEXT, TEXT, TEXT + length);
  return bytes.subarray(TEXT, TEXT + length);
}
