/** Hugging Face's `tokenizer.json`: byte-pair encodings of bytes, and of characters as SentencePiece makes them. */
import { type Content, type OpenVocabulary, invalid, open } from "./build.js";
import { charactersOf } from "./characters.js";
import { GPT2, grammarOf } from "./grammars.js";
import { type Merge, mergeOf } from "./merges.js";
import { known, textOf } from "./tiktoken.js";

interface Step {
  type: string;
  [key: string]: unknown;
}

interface File {
  added_tokens?: { id: number; content: string; single_word?: boolean; lstrip?: boolean; rstrip?: boolean }[];
  normalizer?: Step | null;
  pre_tokenizer?: Step | null;
  model: {
    type?: string;
    dropout?: number | null;
    continuing_subword_prefix?: string | null;
    end_of_word_suffix?: string | null;
    byte_fallback?: boolean;
    ignore_merges?: boolean;
    vocab: Record<string, number>;
    merges: (string | [string, string])[];
  };
}

/** Steps, those of a sequence one by one. */
const steps = (step: Step | null | undefined, of: string): Step[] =>
  step === null || step === undefined ? [] : step.type === "Sequence" ? (step[of] as Step[]).flatMap((inner) => steps(inner, of)) : [step];

/** Every byte as a printable character: GPT-2's alphabet. */
const BYTES: ReadonlyMap<string, string> = (() => {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let others = 256;
  return new Map(
    Array.from({ length: 256 }, (_, byte) => [String.fromCodePoint(printable(byte) ? byte : others++), String.fromCharCode(byte)] as const),
  );
})();

/**
 * Reads a `tokenizer.json` of Hugging Face: byte-level byte-pair encodings, cut into pieces as by GPT-2, GPT-4 and Llama 3, GPT-4o,
 * Qwen, DeepSeek or Mistral's tekken; and SentencePiece's with a token for every byte that put nothing before a text (Gemma). Takes a
 * second or some; keep what comes out ({@link OpenVocabulary.vocabulary}).
 *
 * ```ts
 * const { vocabulary, ids } = readTokenizerJson(await readFile("tokenizer.json"), { name: "llama3" });
 * createTokenizer(vocabulary, ids).encode("Hello");
 * ```
 *
 * Its added tokens are special tokens here, whether the file calls them special or not.
 *
 * @throws ValidationError for another kind of file, with what was found
 */
export function readTokenizerJson(source: string | Uint8Array, { name }: { name: string }): OpenVocabulary {
  return open(tokenizerJson(source, name));
}

/** What a `tokenizer.json` says. */
export function tokenizerJson(source: string | Uint8Array, name: string): Content {
  const { added_tokens = [], normalizer, pre_tokenizer, model } = JSON.parse(textOf(source)) as File;
  const refused = (expected: string, found: unknown): Error => invalid(`${name}: expected ${expected}, found ${JSON.stringify(found) ?? "none"}`);
  if (typeof model !== "object" || model === null || (model.type ?? "BPE") !== "BPE" || !Array.isArray(model.merges)) {
    throw refused("a model of type BPE", model?.type);
  }
  for (const key of ["dropout", "continuing_subword_prefix", "end_of_word_suffix"] as const) {
    if (model[key]) throw refused(`a model without ${key}`, model[key]);
  }
  const added = new Set(added_tokens.map(({ content }) => content));
  const special: Record<string, number> = {};
  for (const { id, content, single_word, lstrip, rstrip } of added_tokens) {
    if (single_word === true || lstrip === true || rstrip === true) throw refused("added tokens that take no spaces with them", content);
    special[content] = id;
  }
  const wholePieces = model.ignore_merges === true;
  const note = `${name}: from a tokenizer.json`;
  if (model.byte_fallback === true) {
    checkSpaces(steps(normalizer, "normalizers"), steps(pre_tokenizer, "pretokenizers"), refused);
    if (wholePieces) throw refused("merges for all tokens of a model with byte_fallback", "ignore_merges");
    const { ids, pairs, hidden, joints } = charactersOf(model.vocab, pairsOf(model.merges), added, refused);
    return { name, note, grammar: "words", normalization: "spaces", words: { hidden, joints }, ids, merges: mergesOfPairs(pairs, ids, false), wholePieces, special };
  }
  const normalizers = steps(normalizer, "normalizers").map(({ type }) => type);
  if (normalizers.some((type) => type !== "NFC")) throw refused("no normalizer, or NFC", normalizers);
  const grammar = known(...pieces(pre_tokenizer, name, refused));

  // All texts as bytes, once for each of the pieces that merges are made of.
  const decoded = new Map<string, string>();
  const decode = (token: string): string => {
    let bytes = decoded.get(token);
    if (bytes === undefined) {
      bytes = "";
      for (const character of token) {
        const byte = BYTES.get(character);
        if (byte === undefined) throw refused("tokens in the alphabet of bytes", token);
        bytes += byte;
      }
      decoded.set(token, bytes);
    }
    return bytes;
  };
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(model.vocab)) if (!added.has(token)) ids.set(decode(token), id);
  const pairs = pairsOf(model.merges).map(([left, right]): [string, string] => [decode(left), decode(right)]);
  const merges = mergesOfPairs(pairs, ids, wholePieces);
  const normalization = normalizers.length > 0 ? "NFC" : undefined;
  return { name, note, grammar, normalization, ids, merges, wholePieces, special };
}

const pairsOf = (merges: File["model"]["merges"]): (readonly [string, string])[] =>
  merges.map((merge): readonly [string, string] => {
    if (typeof merge !== "string") return merge;
    const [left = "", right = ""] = merge.split(" ");
    return [left, right];
  });

/** Of a model of characters: spaces become U+2581, nothing is put before a text, and nothing cuts it. */
function checkSpaces(normalizers: readonly Step[], splits: readonly Step[], refused: (expected: string, found: unknown) => Error): void {
  const isSpace = ({ pattern }: Step): boolean => (pattern as { String?: string } | undefined)?.String === " ";
  const replaces = (step: Step): boolean => step.type === "Replace" && isSpace(step) && step["content"] === "\u2581";
  const metaspace = (step: Step): boolean =>
    step.type === "Metaspace" && (step["replacement"] ?? "\u2581") === "\u2581" && step["prepend_scheme"] === "never" && step["split"] === false;
  const [first, ...others] = [...normalizers, ...splits];
  // Where a normalizer has replaced all spaces, a split at them cuts nothing.
  const after = (step: Step): boolean => step.type === "Split" && isSpace(step) && normalizers.length === 1;
  if (first === undefined || !(replaces(first) || metaspace(first)) || !others.every(after)) {
    throw refused("a model with byte_fallback to replace spaces by U+2581 and do nothing else before it merges", [...normalizers, ...splits]);
  }
}

function pieces(step: Step | null | undefined, name: string, refused: (expected: string, found: unknown) => Error): Parameters<typeof known> {
  const all = steps(step, "pretokenizers");
  const last = all.at(-1);
  if (last?.type !== "ByteLevel" || last["add_prefix_space"] === true) throw refused("a pre-tokenizer that ends with ByteLevel, without a prefix", step);
  const patterns = all.slice(0, -1).map((split) => {
    const expression = (split["pattern"] as { Regex?: string } | undefined)?.Regex;
    const cuts = (split["behavior"] === "Isolated" && split["invert"] !== true) || (split["behavior"] === "Removed" && split["invert"] === true);
    if (split.type !== "Split" || expression === undefined || !cuts) throw refused("pre-tokenizers that split by an expression", split);
    return expression;
  });
  // Without an expression of its own ByteLevel has GPT-2's; after others it would cut once more.
  if (last["use_regex"] !== false) patterns.push(GPT2);
  return [grammarOf(patterns), name, patterns.join("\n")];
}

/** The merges that make tokens, out of all pairs that the file lists in their order. */
function mergesOfPairs(pairs: readonly (readonly [string, string])[], ids: ReadonlyMap<string, number>, wholePieces: boolean): Merge[] {
  const ranks = new Map<string, Map<string, number>>();
  const made = new Map<string, Merge | undefined>();
  pairs.forEach(([left, right], rank) => {
    const token = left + right;
    if (!ids.has(token)) return;
    let rights = ranks.get(left);
    if (rights === undefined) ranks.set(left, (rights = new Map()));
    if (!rights.has(right)) rights.set(right, rank);
    // Which of several pairs makes a token is found out below.
    made.set(token, made.has(token) ? undefined : { rank, token, left, right });
  });
  const rankOf = (left: string, right: string): number | undefined => ranks.get(left)?.get(right);
  const merges: Merge[] = [];
  for (const [token, only] of made) {
    const merge = only !== undefined && !wholePieces ? only : mergeOf(token, rankOf);
    if (merge !== undefined) merges.push(merge);
  }
  return merges;
}
