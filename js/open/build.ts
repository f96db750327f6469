/** From tokens and merges, whatever file they come from, to a vocabulary and its ids. */
import { ValidationError } from "../errors.js";
import type { Vocabulary, VocabularyIds } from "../vocabulary.js";
import type { Grammar } from "./grammars.js";
import { type Merge, inOrder } from "./merges.js";
import { packIds, packVocabulary } from "./pack.js";

/** A vocabulary of another's file, ready for `createTokenizer` and `registerVocabulary`. */
export interface OpenVocabulary {
  /** Its `bytes` may be kept: reading them is many times faster than reading the file again. */
  readonly vocabulary: Vocabulary & { readonly bytes: Uint8Array };
  readonly ids: VocabularyIds & { readonly bytes: Uint8Array };
}

/** What a file says. Texts of tokens are byte strings. */
export interface Content {
  readonly name: string;
  readonly note: string;
  readonly grammar: Grammar;
  readonly normalization?: Vocabulary["normalization"] | undefined;
  /** Of `words`: what no token is, but a beginning of a character; and the bytes that tokens have before spaces. */
  readonly words?: { readonly hidden: ReadonlySet<string>; readonly joints: string } | undefined;
  /** The ids of all tokens but the special ones. */
  readonly ids: ReadonlyMap<string, number>;
  readonly merges: readonly Merge[];
  /** Whether a piece that is a token by itself is that token, even where no merge makes it. */
  readonly wholePieces: boolean;
  readonly special: Readonly<Record<string, number>>;
}

/** Ids and ranks have 18 bits. */
const MOST_TOKENS = 2 ** 18;

export const invalid = (what: string): ValidationError => new ValidationError({ code: "invalid_input", message: `cannot read ${what}` });

/** Packs it, by the ranks of its merges. */
export function open(content: Content): OpenVocabulary {
  const { name, note, grammar, normalization, words, ids, wholePieces, special } = content;
  const { merges, ordered } = inOrder(content.merges);
  const places = new Map<string, number>();
  const idsOfPlaces: number[] = [];
  const place = (token: string): void => {
    const id = words?.hidden.has(token) === true ? 0 : ids.get(token);
    if (id === undefined) throw invalid(`${name}: expected a token for every byte, found none for ${token.charCodeAt(0)}`);
    places.set(token, places.size);
    idsOfPlaces.push(id);
  };
  for (let byte = 0; byte < 256; byte += 1) place(String.fromCharCode(byte));
  for (const { token } of merges) place(token);
  const rest = [...ids.keys()].filter((token) => !places.has(token));
  // By bytes, as the core looks them up.
  if (wholePieces) rest.sort((a, b) => (a < b ? -1 : 1));
  rest.forEach(place);
  if (places.size > MOST_TOKENS) throw invalid(`${name}: expected at most ${MOST_TOKENS} tokens, found ${places.size}`);

  const groups: [right: number, lefts: number[]][] = [];
  for (const { left, right } of merges) {
    const [leftPlace, rightPlace] = [places.get(left) as number, places.get(right) as number];
    const last = groups.at(-1);
    if (last !== undefined && last[0] === rightPlace && (last[1].at(-1) as number) <= leftPlace) last[1].push(leftPlace);
    else groups.push([rightPlace, [leftPlace]]);
  }
  const [whole, others] = wholePieces ? [rest, []] : [[], rest];
  const bytes = packVocabulary({ note, grammar, words: words && { hidden: words.hidden.size, joints: words.joints }, ordered, encodings: [{ name, special }], groups, whole, others });
  const vocabulary = { name, bytes, ...(normalization === undefined ? {} : { normalization }) };
  return { vocabulary, ids: { bytes: packIds({ note, vocabulary: bytes, ids: idsOfPlaces }) } };
}
