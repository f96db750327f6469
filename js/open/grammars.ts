/** The ways of cutting a text into pieces that the core knows, by the regular expressions that stand for them. */

/** By the number in a packed vocabulary: src/tokens/packed.rs. */
export const GRAMMARS = { r50k: 0, cl100k: 1, o200k: 2, qwen: 3, tekken: 4, deepseek: 5, words: 6 } as const;

export type Grammar = keyof typeof GRAMMARS;

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const SPACES = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const cl100k = (number: string): string =>
  `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${number}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|${SPACES}`;
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const o200k = (contraction: string, number: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${contraction}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${contraction}|${number}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;

/** GPT-2's, which Hugging Face's `ByteLevel` has built in. */
export const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/** Expressions that follow each other stand on lines of their own. */
const PATTERNS: ReadonlyMap<string, Grammar> = new Map([
  [GPT2, "r50k"],
  ["'(?:[sdmt]|ll|ve|re)| ?\\p{L}++| ?\\p{N}++| ?[^\\s\\p{L}\\p{N}]++|\\s++$|\\s+(?!\\S)|\\s", "r50k"],
  [cl100k("\\p{N}{1,3}"), "cl100k"],
  ["'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}++|\\p{N}{1,3}+| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*+|\\s++$|\\s*[\\r\\n]|\\s+(?!\\S)|\\s", "cl100k"],
  [o200k(`${CONTRACTIONS}?`, "\\p{N}{1,3}"), "o200k"],
  [cl100k("\\p{N}"), "qwen"],
  [o200k("", "\\p{N}"), "tekken"],
  [
    [
      "\\p{N}{1,3}",
      "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
      "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    ].join("\n"),
    "deepseek",
  ],
]);

/** The grammar that some expressions stand for, one after the other, or that a name names. */
export function grammarOf(patterns: readonly string[]): Grammar | undefined {
  const [only] = patterns;
  if (patterns.length === 1 && only !== undefined && Object.hasOwn(GRAMMARS, only)) return only as Grammar;
  // Some files have the line breaks themselves where others have escapes.
  const written = patterns.map((pattern) => pattern.replaceAll("\r", "\\r").replaceAll("\n", "\\n"));
  return PATTERNS.get(written.join("\n"));
}
