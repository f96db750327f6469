// Reads data/guard/moderation.txt, and packs it as src/guard/moderation/table.rs reads it.
import { Problem } from "../lib/run.mjs";

/** Classes that words have by their form: as in src/guard/moderation/table.rs. */
const OWN = ["NAMED", "BEGINS", "SHOUTED", "EXCLAIMED", "NUMBER", "AGE_MINOR", "STARRED"];
const [NAMED, BEGINS] = [0, 1];

/** What is told apart and weighed, in the order of src/guard/moderation/category.rs. */
export const CATEGORIES = ["hate", "hate/threatening", "harassment", "self-harm", "sexual", "sexual/minors", "violence", "violence/graphic"];

/** What only rules tell, behind those. */
const RULED = ["harassment/threatening"];

/** What there are weights for: whether anything is to be flagged, and each category. */
export const HEADS = ["any", ...CATEGORIES];

/** The hash of a word: FNV-1a, as in src/guard/moderation/words.rs. */
export const hash = (word) => Buffer.from(word).reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);

/** The hash of words one after the other. */
export const join = (first, second) => Math.imul(((first << 5) | (first >>> 27)) ^ second, 0x9e3779b1) >>> 0;

/** `kill/s/ed`: kill, kills, killed. */
const forms = (text) => {
  const [stem, ...ends] = text.split("/");
  return [stem, ...ends.map((end) => stem + end)];
};

/** The ways in which letters of a word are starred out; the first letter always stays. */
function* starred(word) {
  for (let from = 1; from < word.length; from += 1) {
    for (let to = from + 1; to <= word.length; to += 1) {
      // One letter and a star is anything.
      if (from + word.length - to > 1 || to === word.length) yield `${word.slice(0, from)}*${word.slice(to)}`;
    }
  }
}

/** The lexicon: words with their classes, parts of words, phrases and rules. */
export function read(text) {
  const classes = new Map(OWN.map((name, at) => [name, at]));
  const aliases = new Map();
  const words = new Map();
  const parts = [];
  const rules = [];
  const needs = new Map();
  let longest = 1;
  const bitsOf = (name) => {
    if (aliases.has(name)) return aliases.get(name);
    if (!classes.has(name)) throw new Problem(`cannot read the lexicon: expected a class, found ${name}`);
    return 1n << BigInt(classes.get(name));
  };
  const add = (word, bits) => {
    const all = word.replaceAll(/['.]/g, "").split(/[- ]+/);
    longest = Math.max(longest, all.length);
    if (all.length > 1) words.set(hash(all[0]), (words.get(hash(all[0])) ?? 0n) | (1n << BigInt(BEGINS)));
    const name = all.map(hash).reduce(join);
    words.set(name, (words.get(name) ?? 0n) | bits);
    return name;
  };
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const line of lines) {
    const [, kind, rest] = /^(\w+):? (.*)$/.exec(line) ?? [];
    if (kind === "class") {
      const [, name, list] = /^(\w+): (.*)$/.exec(rest);
      if (!classes.has(name)) classes.set(name, classes.size);
      if (classes.size > 128) throw new Problem("cannot pack: expected at most 128 classes");
      const bits = bitsOf(name);
      for (const one of list.split(" ")) {
        if (one.endsWith("^") || one.startsWith("^")) {
          const part = one.replace("^", "");
          parts.push([one.startsWith("^") ? 1 : 0, part.length, hash(part), bits]);
          continue;
        }
        for (const form of forms(one.replace("~", ""))) {
          add(form, bits);
          if (one.startsWith("~")) for (const other of starred(form)) add(other, bits);
        }
      }
    } else if (kind === "alias") {
      const [, name, list] = /^(\w+): (.*)$/.exec(rest);
      aliases.set(name, list.split(" ").map(bitsOf).reduce((a, b) => a | b));
    } else if (kind === "needs") {
      const [, head, list] = /^(\S+): (.*)$/.exec(rest);
      needs.set(head, list.split(" ").map(bitsOf).reduce((a, b) => a | b));
    } else if (kind === "idiom") {
      add(rest, 0n);
    } else if (kind === "rule") {
      const [, name, pattern, category, score] = /^([\w-]+): (.*?)(?: -> (\S+) (\S+))?$/.exec(rest) ?? [];
      const all = [...CATEGORIES, ...RULED];
      if (category !== undefined && !all.includes(category)) throw new Problem(`cannot read the lexicon: expected a category, found ${category}`);
      let unless = 0n;
      let gap = 1;
      let ends = 0;
      const items = [];
      for (const piece of pattern.split(" ")) {
        if (piece.startsWith("!")) unless |= bitsOf(piece.slice(1));
        else if (piece === "," || piece === "$") ends = piece === "," ? 1 : 2;
        else if (piece.startsWith("<")) gap = Number(piece.slice(1));
        else {
          const item = { tags: 0n, words: [], gap };
          for (const one of piece.split("|")) {
            if (/^[A-Z_]+$/.test(one)) item.tags |= bitsOf(one);
            else item.words.push(add(one, 1n << BigInt(NAMED)));
          }
          items.push(item);
          gap = 1;
        }
      }
      rules.push({ name, unless, items, ends, category: category === undefined ? 0 : all.indexOf(category), score: Math.round(100 * (score ?? 0)) });
    } else throw new Problem(`cannot read the lexicon: expected class, alias, idiom, rule or needs, found ${line}`);
  }
  const missing = HEADS.find((head) => !needs.has(head));
  if (missing !== undefined) throw new Problem(`cannot read the lexicon: expected what ${missing} needs, found nothing`);
  return { classes: [...classes.keys()], words, parts, rules, longest, needs: HEADS.map((head) => needs.get(head)) };
}

/** The names of what is weighed, as src/guard/moderation/features.rs has it. */
export function featuresOf({ classes, rules }) {
  const of = (what, names, how) => names.map((name) => `${what} ${name} ${how}`);
  const named = rules.map(({ name }) => name);
  return [
    ...of("class", classes, "there"),
    ...of("class", classes, "often"),
    ...of("class", classes, "dense"),
    ...of("rule", named, "there"),
    ...of("rule", named, "often"),
    "text long",
  ];
}

/** The weights as bytes: what no line is about weighs nothing. */
export function packWeights(text, lexicon) {
  const lines = new Map(
    text
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"))
      .map((line) => line.split(": "))
      .map(([name, list]) => [name, list.split(" ")]),
  );
  const numbers = (name) => lines.get(name).map(Number);
  if (lines.get("heads").join() !== HEADS.join()) throw new Problem("cannot pack: expected weights for the categories there are; `npm run moderation:fit` makes them");
  const names = featuresOf(lexicon);
  const stray = [...lines.keys()].find((name) => !["heads", "constants", "scales", ...names].includes(name));
  if (stray !== undefined) throw new Problem(`cannot pack: expected weights of this lexicon, found ${stray}; \`npm run moderation:fit\` makes them`);
  const [constants, scales] = [numbers("constants"), numbers("scales")];
  const none = HEADS.map(() => 0);
  return Buffer.concat([
    Buffer.from(Float32Array.from(constants.flatMap((constant, at) => [constant, scales[at]])).buffer),
    Buffer.from(Int8Array.from(names.flatMap((name) => (lines.has(name) ? numbers(name) : none))).buffer),
  ]);
}

const number = (bytes) => (value) => {
  const out = Buffer.alloc(bytes);
  for (let at = 0, left = BigInt(value); at < bytes; at += 1, left >>= 8n) out[at] = Number(left & 255n);
  return out;
};
const [u8, u16, u32, u128] = [1, 2, 4, 16].map(number);

/** The packed lexicon; without weights it is good for fitting them. */
export function pack(lexicon, weights = Buffer.alloc(8 * HEADS.length)) {
  return Buffer.concat([packWords(lexicon), weights]);
}

function packWords({ classes, words, parts, rules, longest, needs }) {
  const sets = [...new Set([...words.values(), ...parts.map(([, , , bits]) => bits)])].sort((a, b) => (a < b ? -1 : 1));
  const place = new Map(sets.map((bits, at) => [bits, at]));
  const sorted = [...words].sort(([a], [b]) => a - b);
  return Buffer.concat([
    Buffer.from("TGM1"),
    u8(classes.length),
    u8(longest - 1),
    u16(sets.length),
    ...sets.map(u128),
    u16(sorted.length),
    ...sorted.flatMap(([name, bits]) => [u32(name), u16(place.get(bits))]),
    u16(parts.length),
    ...parts.flatMap(([ends, length, name, bits]) => [u8(ends), u8(length), u32(name), u16(place.get(bits))]),
    u16(rules.length),
    ...rules.flatMap(({ unless, items, ends, category, score }) => [
      u128(unless),
      u8(category),
      u8(score),
      u8((ends << 6) | items.length),
      ...items.flatMap(({ tags, gap, words }) => [u128(tags), u8(gap), u8(words.length), ...words.map(u32)]),
    ]),
    ...needs.map(u128),
  ]);
}
