// The packed form of a vocabulary, and of its ids; src/tokens/packed.rs reads them and says what is where.
import { GRAMMARS } from "./encodings.mjs";

/** FNV-1a over words of four bytes. It tells a damaged file from a whole one; it is no protection against a made one. */
function checksum(bytes) {
  const words = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  let sum = 0x811c9dc5 ^ bytes.length;
  for (let at = 0; at < words.length; at += 4) sum = Math.imul(sum ^ words.readUInt32LE(at), 0x01000193);
  return sum >>> 0;
}

function number(value) {
  const bytes = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  return Buffer.from(bytes);
}

const numbers = (values) => Buffer.concat(values.map(number));
const text = (value) => Buffer.concat([number(Buffer.byteLength(value)), Buffer.from(value)]);
const word = (value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const signed = (value) => (value < 0 ? -2 * value - 1 : 2 * value);
const differences = (values) => values.map((value, index) => value - (values[index - 1] ?? 0));
const sealed = (magic, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(magic), word(checksum(body)), body]);
};

/** The vocabulary: merges for counting, without the ids. */
export function packVocabulary({ note, grammar, encodings, groups }) {
  const rights = numbers(differences(groups.map(([right]) => right)).map(signed));
  const sizes = numbers(groups.map(([, lefts]) => lefts.length));
  const lefts = numbers(groups.flatMap(([, lefts]) => differences(lefts)));
  const merges = groups.reduce((sum, [, lefts]) => sum + lefts.length, 0);
  const names = encodings.map(({ name, special, reserved = [] }) => {
    const singles = Object.entries(special);
    return Buffer.concat([
      text(name),
      number(singles.length),
      ...singles.flatMap(([token, id]) => [text(token), number(id)]),
      number(reserved.length),
      ...reserved.flatMap((range) => range.map(number)),
    ]);
  });
  return sealed(
    "TGV1",
    text(note),
    number(GRAMMARS[grammar]),
    number(encodings.length),
    ...names,
    ...[merges, groups.length, rights.length, sizes.length].map(number),
    rights,
    sizes,
    lefts,
  );
}

/** The rank of each id of a packed vocabulary: all low bytes, then all middle ones, then the rest. */
export function packIds({ note, vocabulary, ranks }) {
  const plane = (shift) => Buffer.from(ranks.map((rank) => (rank >> shift) & 0xff));
  return sealed("TGI1", vocabulary.subarray(4, 8), text(note), number(ranks.length), plane(0), plane(8), plane(16));
}
