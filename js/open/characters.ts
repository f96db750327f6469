/** Models whose merges begin with characters, and with bytes where a character is no token: SentencePiece's. */

/** What such a model says, in byte strings, as if its merges began with bytes. */
export interface Characters {
  readonly ids: ReadonlyMap<string, number>;
  /** In the order of their ranks. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Beginnings of characters, which are no tokens: a character that goes on otherwise falls back to its bytes. */
  readonly hidden: ReadonlySet<string>;
  /** The bytes that tokens have before spaces; beginnings of tokens apart. */
  readonly joints: string;
}

const SPACE = "\u2581";
const utf8 = new TextEncoder();

/** The bytes of a text, U+2581 as the space that it stands for. */
const bytesOf = (text: string): string => String.fromCharCode(...utf8.encode(text.replaceAll(SPACE, " ")));

/**
 * Characters as merges of their bytes, before all others: no two of them share a byte, so they are always done, and what follows is as
 * if it began with characters.
 */
export function charactersOf(
  vocab: Readonly<Record<string, number>>,
  merges: readonly (readonly [string, string])[],
  added: ReadonlySet<string>,
  refused: (expected: string, found: unknown) => Error,
): Characters {
  const ids = new Map<string, number>();
  for (let byte = 0; byte < 256; byte += 1) {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    const id = Object.hasOwn(vocab, token) ? vocab[token] : undefined;
    if (id === undefined) throw refused("a token for every byte of a model with byte_fallback", `none for ${token}`);
    ids.set(String.fromCharCode(byte), id);
  }
  const isByte = /^<0x[0-9A-F]{2}>$/;
  const [beginnings, characters] = [new Map<string, readonly [string, string]>(), new Map<string, readonly [string, string]>()];
  const joints = new Set<string>();
  // Some files list tokens that merges make among the added ones, too: runs of line breaks.
  const made = new Set(merges.map(([left, right]) => left + right));
  for (const [token, id] of Object.entries(vocab)) {
    if (isByte.test(token) || (added.has(token) && !isCharacter(token) && !made.has(token))) continue;
    const bytes = bytesOf(token);
    ids.set(bytes, id);
    for (const [, before] of bytes.matchAll(/([^ ]) /g)) joints.add(before as string);
    if (!isCharacter(token)) continue;
    for (let length = 2; length <= bytes.length; length += 1) {
      const part = bytes.slice(0, length);
      (length === bytes.length ? characters : beginnings).set(part, [bytes.slice(0, length - 1), bytes.charAt(length - 1)]);
    }
  }
  const pairs = merges.map(([left, right]) => [bytesOf(left), bytesOf(right)] as const);
  for (const hidden of beginnings.keys()) ids.set(hidden, 0);
  const byLength = [...beginnings.entries()].sort(([a], [b]) => a.length - b.length).map(([, pair]) => pair);
  return { ids, pairs: [...byLength, ...characters.values(), ...pairs], hidden: new Set(beginnings.keys()), joints: [...joints].join("") };
}

const isCharacter = (token: string): boolean => [...token].length === 1;
