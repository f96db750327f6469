/** Files of ranked tokens: `.tiktoken`, and Mistral's tekken. */
import { type Content, type OpenVocabulary, invalid, open } from "./build.js";
import { type Grammar, grammarOf } from "./grammars.js";
import { type Merge, mergeOf } from "./merges.js";

/** The text of a file. */
export const textOf = (source: string | Uint8Array): string => (typeof source === "string" ? source : new TextDecoder("utf-8", { fatal: true }).decode(source));

function bytesOfBase64(base64: string, what: string): string {
  try {
    return atob(base64);
  } catch {
    throw invalid(`${what}: expected base64, found ${JSON.stringify(base64.slice(0, 40))}`);
  }
}

/** The merges of ranked tokens: two tokens merge if together they are one, and that with the lowest rank first. */
function mergesOfRanks(ranks: ReadonlyMap<string, number>): Merge[] {
  const merges: Merge[] = [];
  const rankOf = (left: string, right: string): number | undefined => ranks.get(left + right);
  for (const token of ranks.keys()) {
    const merge = token.length > 1 ? mergeOf(token, rankOf) : undefined;
    if (merge !== undefined) merges.push(merge);
  }
  return merges;
}

/** How the texts of a `.tiktoken` file are cut, and its special tokens: the file does not say. */
export interface TiktokenOptions {
  /** A name for the encoding. */
  name: string;
  /** The regular expression that cuts texts into pieces, or the name of an encoding that has the same. */
  pattern: string;
  /** Special tokens and their ids. */
  special?: Readonly<Record<string, number>>;
}

/**
 * Reads a `.tiktoken` file: a token in base64 and its rank on each line.
 *
 * ```ts
 * const { vocabulary, ids } = readTiktoken(text, { name: "mine", pattern: "cl100k", special: { "<|endoftext|>": 100257 } });
 * const tokenizer = createTokenizer(vocabulary, ids);
 * ```
 *
 * @throws ValidationError for what is none, and for an expression that the core has no scanner for
 */
export function readTiktoken(source: string | Uint8Array, { name, pattern, special = {} }: TiktokenOptions): OpenVocabulary {
  const grammar = known(grammarOf([pattern]), name, pattern);
  const ids = new Map<string, number>();
  textOf(source)
    .split("\n")
    .forEach((line, index) => {
      if (line === "") return;
      const [, token, rank] = /^(\S+) (\d+)\r?$/.exec(line) ?? [];
      if (token === undefined) throw invalid(`${name}: expected a token in base64 and its rank in line ${index + 1}, found something else`);
      ids.set(bytesOfBase64(token, name), Number(rank));
    });
  return open({ name, note: `${name}: from a .tiktoken file`, grammar, ids, merges: mergesOfRanks(ids), wholePieces: true, special });
}

interface Tekken {
  config: { pattern: string; default_vocab_size: number; default_num_special_tokens: number };
  vocab: { rank: number; token_bytes: string }[];
  special_tokens?: { rank: number; token_str: string }[];
}

/**
 * Reads Mistral's `tekken.json`.
 *
 * @throws ValidationError for what is none, and for an expression that the core has no scanner for
 */
export function readTekken(source: string | Uint8Array, { name }: { name: string }): OpenVocabulary {
  return open(tekken(source, name));
}

/** What a `tekken.json` says. */
export function tekken(source: string | Uint8Array, name: string): Content {
  const { config, vocab, special_tokens = [] } = JSON.parse(textOf(source)) as Partial<Tekken>;
  if (config === undefined || !Array.isArray(vocab)) throw invalid(`${name}: expected config and vocab of a tekken.json, found others`);
  const grammar = known(grammarOf([config.pattern]), name, config.pattern);
  // Special tokens come first; of the ranked ones as many are used as are left.
  const count = config.default_vocab_size - config.default_num_special_tokens;
  const ranks = new Map<string, number>();
  for (const { rank, token_bytes } of vocab) if (rank < count) ranks.set(bytesOfBase64(token_bytes, name), rank);
  const ids = new Map([...ranks].map(([token, rank]) => [token, rank + config.default_num_special_tokens]));
  const special = Object.fromEntries(special_tokens.map(({ rank, token_str }) => [token_str, rank]));
  return { name, note: `${name}: from a tekken.json`, grammar, ids, merges: mergesOfRanks(ranks), wholePieces: true, special };
}

export function known(grammar: Grammar | undefined, name: string, pattern: string): Grammar {
  if (grammar !== undefined) return grammar;
  throw invalid(`${name}: expected one of the known expressions that cut texts into pieces, found ${JSON.stringify(pattern)}`);
}
