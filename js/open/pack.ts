/** The packed form of a vocabulary, and of its ids; src/tokens/packed.rs reads them and says what is where. */
import { GRAMMARS, type Grammar } from "./grammars.js";

/** FNV-1a over words of four bytes. It tells a damaged file from a whole one; it is no protection against a made one. */
function checksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = 0x811c9dc5 ^ bytes.length;
  const add = (word: number): void => {
    sum = Math.imul(sum ^ word, 0x01000193);
  };
  const words = bytes.length - (bytes.length % 4);
  for (let at = 0; at < words; at += 4) add(view.getUint32(at, true));
  if (words < bytes.length) add(bytes.subarray(words).reduceRight((word, byte) => (word << 8) | byte, 0));
  return sum >>> 0;
}

/** Bytes that are written one after the other. */
class Writer {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  get bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  byte(value: number): void {
    if (this.#length === this.#bytes.length) this.#grow(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  /** LEB128. */
  number(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    this.byte(rest);
  }

  signed(value: number): void {
    this.number(value < 0 ? -2 * value - 1 : 2 * value);
  }

  word(value: number): void {
    for (const shift of [0, 8, 16, 24]) this.byte((value >>> shift) & 0xff);
  }

  append(bytes: Uint8Array): void {
    if (this.#length + bytes.length > this.#bytes.length) this.#grow(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Their number, and the bytes. */
  counted(bytes: Uint8Array): void {
    this.number(bytes.length);
    this.append(bytes);
  }

  text(text: string): void {
    this.counted(new TextEncoder().encode(text));
  }

  #grow(by: number): void {
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#length + by));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }
}

function sealed(magic: string, body: Uint8Array): Uint8Array {
  const file = new Writer();
  file.append(new TextEncoder().encode(magic));
  file.word(checksum(body));
  file.append(body);
  return file.bytes;
}

/** Special tokens of a vocabulary, under the name of an encoding. */
export interface Encoding {
  readonly name: string;
  readonly special: Readonly<Record<string, number>>;
  /** Ranges of ids, first and last, whose names have the id inside. */
  readonly reserved?: readonly (readonly [number, number])[];
}

export interface ToPack {
  /** Where it comes from, and its licence. */
  readonly note: string;
  readonly grammar: Grammar;
  /** For `words`: how many of the first merges make no token, and the bytes that tokens have before spaces. */
  readonly words?: { readonly hidden: number; readonly joints: string } | undefined;
  /** Whether each merge comes after those that make its parts. */
  readonly ordered?: boolean;
  readonly encodings: readonly Encoding[];
  /** Merges of one right part that follow each other, with their left parts ascending; parts by their place in this order. */
  readonly groups: readonly (readonly [right: number, lefts: readonly number[]])[];
  /** Tokens that no merge makes, as byte strings: those that whole pieces are, and those that no text is split into. */
  readonly whole?: readonly string[];
  readonly others?: readonly string[];
}

export const bytesOf = (latin1: string): Uint8Array => Uint8Array.from(latin1, (character) => character.charCodeAt(0));

/** How many merges a group has at most. */
const MOST_IN_GROUP = 2 ** 14;

interface Arranged {
  /** How many merges each sweep has: a run of groups whose right parts do not fall. */
  readonly bySweep: readonly number[];
  /** By right part, the lowest first: its groups in their order. */
  readonly byRight: readonly (readonly [right: number, groups: readonly { readonly sweep: number; readonly members: readonly number[] }[]])[];
  readonly merges: number;
}

/** Groups by right part. Which sweep each belongs to is enough to number the merges as they were. */
function arrange(groups: ToPack["groups"]): Arranged {
  const bySweep: number[] = [];
  const found = new Map<number, { sweep: number; members: readonly number[] }[]>();
  let before = Infinity;
  let merges = 0;
  for (const [right, lefts] of groups) {
    if (right < before) bySweep.push(0);
    before = right;
    const of = found.get(right) ?? [];
    found.set(right, of);
    const sweep = bySweep.length - 1;
    for (let from = 0; from < lefts.length; from += MOST_IN_GROUP) of.push({ sweep, members: lefts.slice(from, from + MOST_IN_GROUP) });
    bySweep[sweep] = (bySweep[sweep] as number) + lefts.length;
    merges += lefts.length;
  }
  return { bySweep, byRight: [...found].sort(([a], [b]) => a - b), merges };
}

/** The vocabulary: merges for counting, without the ids. */
export function packVocabulary({ note, grammar, words, ordered = true, encodings, groups, whole = [], others = [] }: ToPack): Uint8Array {
  const { bySweep, byRight, merges } = arrange(groups);
  const [sweeps, rights, places, sizes, lefts] = Array.from({ length: 5 }, () => new Writer()) as [Writer, Writer, Writer, Writer, Writer];
  for (const size of bySweep) sweeps.number(size);
  let before = 0;
  for (const [right, of] of byRight) {
    rights.number(right - before);
    before = right;
    rights.number(of.length - 1);
    let sweepBefore = 0;
    for (const { sweep, members } of of) {
      places.number(sweep - sweepBefore);
      sweepBefore = sweep;
      sizes.number(members.length - 1);
      members.forEach((left, index) => lefts.number(left - (members[index - 1] ?? 0)));
    }
  }
  const body = new Writer();
  body.text(note);
  body.number(GRAMMARS[grammar] + (ordered ? 0 : 16));
  if (words !== undefined) {
    body.number(words.hidden);
    body.counted(bytesOf(words.joints));
  }
  body.number(encodings.length);
  for (const { name, special, reserved = [] } of encodings) {
    const singles = Object.entries(special);
    body.text(name);
    body.number(singles.length);
    for (const [token, id] of singles) {
      body.text(token);
      body.number(id);
    }
    body.number(reserved.length);
    for (const range of reserved) range.forEach((id) => body.number(id));
  }
  const columns = [sweeps, rights, places, sizes, lefts];
  const groupCount = byRight.reduce((sum, [, of]) => sum + of.length, 0);
  for (const value of [merges, byRight.length, groupCount, bySweep.length, ...columns.map(({ length }) => length)]) body.number(value);
  for (const column of columns) body.append(column.bytes);
  if (whole.length + others.length > 0) {
    body.number(whole.length);
    body.number(others.length);
    for (const token of [...whole, ...others]) body.counted(bytesOf(token));
  }
  return sealed("TGV2", body.bytes);
}

/** The provider's id of each token of a packed vocabulary: all low bytes, then all middle ones, then the rest. */
export function packIds({ note, vocabulary, ids }: { note: string; vocabulary: Uint8Array; ids: readonly number[] }): Uint8Array {
  const body = new Writer();
  // The sum of the vocabulary that they belong to.
  body.append(vocabulary.subarray(4, 8));
  body.text(note);
  body.number(ids.length);
  for (const shift of [0, 8, 16]) body.append(Uint8Array.from(ids, (id) => (id >> shift) & 0xff));
  return sealed("TGI1", body.bytes);
}
