/** Tokens: exact counts by a vocabulary, and what is known without one. */
import { Held, addBytes, addText, forgetRoom, run } from "./core.js";
import { ValidationError } from "./errors.js";
import { checkKeys } from "./options.js";
import { register } from "./registry.js";
import type { SpecialTokens, TokenCount, Tokenizer, TokenizerOptions } from "./types.js";
import type { Vocabulary, VocabularyIds } from "./vocabulary.js";
import type { Tokenizer as CoreTokenizer } from "./wasm/core.js";

/** The numbers of the core for what becomes of special tokens. */
const SPECIAL = { text: 0, refuse: 1, allow: 2 } as const;
const LISTED = 3;

/** How many characters the texts have at most whose counts are kept; up to twice as many for a while. */
const MOST_CHARACTERS = 1 << 20;

/**
 * Counts of whole texts. A conversation is counted again with every message that is added to it, and all but that one are known.
 * What was not asked for while as much again was counted is forgotten.
 */
class Counts {
  #recent = new Map<string, number>();
  #older = new Map<string, number>();
  #characters = 0;

  get(text: string): number | undefined {
    const count = this.#recent.get(text);
    if (count !== undefined) return count;
    const older = this.#older.get(text);
    if (older !== undefined) this.set(text, older);
    return older;
  }

  set(text: string, count: number): void {
    this.#characters += text.length;
    if (this.#characters > MOST_CHARACTERS) {
      [this.#older, this.#recent, this.#characters] = [this.#recent, new Map(), text.length];
    }
    if (text.length <= MOST_CHARACTERS) this.#recent.set(text, count);
  }
}

class VocabularyTokenizer implements Tokenizer {
  readonly name: string;
  readonly #core: Held<CoreTokenizer>;
  readonly #normalization: Vocabulary["normalization"];
  readonly #counts = new Counts();

  constructor(vocabulary: Vocabulary, ids?: VocabularyIds) {
    const name = vocabulary?.name;
    if (typeof name !== "string" || !isPacked(vocabulary) || (ids !== undefined && ids !== null && !isPacked(ids))) {
      throw invalid("create a tokenizer: expected a vocabulary, and ids or none, found something else");
    }
    this.name = name;
    this.#normalization = vocabulary.normalization;
    this.#core = new Held("rebuildable", (core) => {
      const { alphabet = "", order = "" } = vocabulary as { alphabet?: string; order?: string };
      const length = add(vocabulary, 0);
      const idsLength = ids === undefined || ids === null ? 0 : add(ids, length);
      const idsOrder = ids !== undefined && ids !== null && "order" in ids ? ids.order : "";
      const tokenizer = new core.Tokenizer(name, alphabet, length, order, idsLength, idsOrder);
      forgetRoom();
      return tokenizer;
    });
  }

  /** @internal */
  register(): void {
    this.#core.use((core) => core.register(this.name));
  }

  count(text: string, options?: TokenizerOptions): number {
    if (options !== undefined) return this.countUpTo(text, Infinity, options);
    return this.#core.use((core) => core.count(addText(this.#read(text), 0)));
  }

  countAll(texts: readonly string[]): number[] {
    const counts = texts.map((text) => this.#counts.get(checked(text)));
    const unknown = texts.flatMap((_, index) => (counts[index] === undefined ? [index] : []));
    if (unknown.length > 0) {
      const found = this.#core.use((core) => {
        const lengths = new Uint32Array(unknown.length);
        let end = 0;
        unknown.forEach((index, place) => (end += lengths[place] = addText(this.#read(texts[index]), end)));
        return core.countAll(lengths);
      });
      unknown.forEach((index, place) => this.#counts.set(texts[index] as string, (counts[index] = found[place] as number)));
    }
    return counts as number[];
  }

  countUpTo(text: string, limit: number, options?: TokenizerOptions): number {
    const [special, names] = read(options);
    const most = checkedLimit(limit);
    return this.#core.use((core) => core.countUpTo(addText(this.#read(text), 0), most, special, names));
  }

  split(text: string, options?: TokenizerOptions): string[] {
    const [special, names] = read(options);
    const whole = this.#read(text);
    const lengths = this.#core.use((core) => core.split(addText(whole, 0), special, names));
    let from = 0;
    return Array.from(lengths, (length) => whole.slice(from, (from += length)));
  }

  truncate(text: string, limit: number, options?: TokenizerOptions): string {
    const [special, names] = read(options);
    const most = checkedLimit(limit);
    const whole = this.#read(text);
    return whole.slice(0, this.#core.use((core) => core.truncate(addText(whole, 0), most, special, names)));
  }

  encode(text: string, options?: TokenizerOptions): Uint32Array {
    const [special, names] = read(options);
    return this.#core.use((core) => core.encode(addText(this.#read(text), 0), special, names));
  }

  decode(tokens: Uint32Array | readonly number[]): string {
    return this.#core.use((core) => core.decode(tokens instanceof Uint32Array ? tokens : Uint32Array.from(tokens, checkedToken)));
  }

  /** The text as the vocabulary takes it. */
  #read(text: unknown): string {
    const whole = checked(text);
    if (this.#normalization === undefined) return whole;
    return this.#normalization === "spaces" ? whole.replaceAll("\u2581", " ") : whole.normalize(this.#normalization);
  }
}

function isPacked(value: object): boolean {
  if ("bytes" in value) return value.bytes instanceof Uint8Array;
  const { alphabet, order, text } = value as Record<string, unknown>;
  return [alphabet, order, text].every((part) => typeof part === "string");
}

function add(packed: VocabularyIds, at: number): number {
  return "bytes" in packed ? addBytes(packed.bytes, at) : addText(packed.text, at);
}

const invalid = (what: string): ValidationError => new ValidationError({ code: "invalid_input", message: `cannot ${what}` });

function checked(text: unknown): string {
  if (typeof text === "string") return text;
  throw invalid("read text: expected a string, found something else");
}

function checkedLimit(limit: unknown): number {
  if (typeof limit === "number" && limit >= 0) return Math.floor(limit);
  throw invalid("count up to a limit: expected a number from 0 on, found something else");
}

function checkedToken(token: unknown, index: number): number {
  if (typeof token === "number" && token >= 0 && token < 2 ** 32 && Number.isInteger(token)) return token;
  throw invalid(`decode: expected whole numbers, found something else at index ${index}`);
}

function read(options: TokenizerOptions | null | undefined): [special: number, names: string[]] {
  if (options === undefined || options === null) return [SPECIAL.text, []];
  checkKeys("the options of a tokenizer", options, ["special"]);
  const special: SpecialTokens = options.special ?? "text";
  if (Array.isArray(special) && special.every((name) => typeof name === "string")) return [LISTED, special];
  if (typeof special === "string" && Object.hasOwn(SPECIAL, special)) return [SPECIAL[special as keyof typeof SPECIAL], []];
  throw invalid('read the options of a tokenizer: expected special to be "text", "refuse", "allow" or a list of special tokens');
}

/**
 * A tokenizer over a vocabulary. With the ids it also encodes and decodes.
 *
 * Nothing is read before its first use.
 *
 * ```ts
 * import o200k from "tollgate/vocab/o200k_base";
 *
 * const tokenizer = createTokenizer(o200k);
 * tokenizer.count("How many tokens is this?"); // 6
 * ```
 *
 * @throws ValidationError at its first use, for a vocabulary that is damaged or cut off, with the place
 */
export function createTokenizer(vocabulary: Vocabulary, ids?: VocabularyIds): Tokenizer {
  return new VocabularyTokenizer(vocabulary, ids);
}

/** By the name of the encoding. */
const registered = new Map<string, Tokenizer>();

/** How a model's texts are counted: by a vocabulary, or by the weights of its family. */
type Way = { tokenizer: Tokenizer } | { tokenizer?: undefined; family: number; method: string };

/** What was found for the last models asked for: names are looked up by rules, and a program counts for few models. */
const known = new Map<string, Way>();
const MOST_KNOWN = 256;

function wayOf(model: string): Way {
  let way = known.get(model);
  if (way !== undefined) return way;
  const name = encodingsOf(model).find((encoding) => registered.has(encoding));
  const tokenizer = name === undefined ? undefined : registered.get(name);
  if (tokenizer !== undefined) {
    way = { tokenizer };
  } else {
    const [family, method] = run((core) => core.familyOf(model)) as [string, string];
    way = { family: Number(family), method };
  }
  if (known.size === MOST_KNOWN) known.clear();
  known.set(model, way);
  return way;
}

/**
 * Counts the texts of this vocabulary's models exactly from now on: {@link countTokens}. A vocabulary registered again
 * replaces the one before.
 */
export function registerVocabulary(vocabulary: Vocabulary, ids?: VocabularyIds): void {
  const tokenizer = new VocabularyTokenizer(vocabulary, ids);
  registered.set(tokenizer.name, tokenizer);
  register(tokenizer.name, tokenizer);
  known.clear();
}

/** The names of the encodings that count a model's texts, its own first; none for a model that is not known to have one. */
export function encodingsOf(model: string): string[] {
  return run((core) => core.encodingsOf(checked(model)));
}

/**
 * How many tokens a text has for a model.
 *
 * Exact once the model's vocabulary is registered. Without it the answer is an estimate by the model's family, calibrated by
 * script and kind of text, with `exact: false`: `tokens` is the likely count, `low` and `high` are what it is seldom below or
 * above. Reckon with `high` where money is at stake; it is never more than a token for each byte.
 *
 * ```ts
 * import o200k from "tollgate/vocab/o200k_base";
 *
 * countTokens("How many tokens is this?", "gpt-5"); // { tokens: 6, exact: false, low: 4, high: 8, method: "estimate:o200k" }
 * registerVocabulary(o200k);
 * countTokens("How many tokens is this?", "gpt-5"); // { tokens: 6, exact: true, low: 6, high: 6, method: "o200k_base" }
 * ```
 */
export function countTokens(text: string, model: string): TokenCount {
  const way = wayOf(model);
  if (way.tokenizer !== undefined) {
    const tokens = way.tokenizer.count(text);
    return { tokens, exact: true, low: tokens, high: tokens, method: way.tokenizer.name };
  }
  const [tokens = 0, low = 0, high = 0] = run((core) => core.estimateTokens(addText(checked(text), 0), way.family));
  return { tokens, exact: false, low, high, method: way.method };
}
