// Texts that counts are compared on: named cases, hard ones, random ones. Without lone surrogates in `NAMED` and `HARD`,
// which Rust reads too.

/** Cases of the grammars, and of what they are often got wrong at. */
export const NAMED = [
  "",
  "a",
  " ",
  "\n",
  "Hello, world!",
  "How many tokens is this?",
  "it's IT'S it'S 'tis don't we'll WE'LL they'RE o'clock 'sAnd",
  "'\u017f it'\u017f IT'\u017f",
  "camelCaseHTTPServer iPhone McDonald's XMLHttpRequest snake_case SCREAMING_CASE",
  "1 12 123 1234 1234567890 3.14159 1,000,000 \u0663\u0664\u0665\u0666 \u2167\u2168 \u00bd\u00b2",
  "  leading, trailing  ",
  "a\n\n\nb\r\n\r\nc \n d\t\n\te",
  "   \n   \n   ",
  "if (x) {\n    return y;\n}\n",
  "// comment\n/* block */\n///\n",
  "\u00a0nbsp\u00a0\u00a0two \u2003em\u2003\u3000ideographic\u0085next\ufeffbom\u200bzero",
  "e\u0301 \u0301a \u0301\u0301 A\u0301B a\u0301b",
  "\u4e2dA\u6587b \u4e2d\u6587 ABC\u4e2d",
  "\u01c5 \u02b0a \u1d2c A\u02b0",
  "Stra\u00dfe \u0130stanbul \u212a \u017fs",
  "\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u{1f1e9}\u{1f1ea}\u{1f44d}\u{1f3fd}",
  "\u0e44\u0e17\u0e22 \u0939\u093f\u0928\u094d\u0926\u0940 \u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea \ud55c\uad6d\uc5b4 \u65e5\u672c\u8a9e",
  "\u{10ffff}\u{e0100}\u{e01ef}\u{1d400}\u{20000}",
  "\0\x01\x7f",
  "<|endoftext|> <|im_start|>",
  "{\"a\":[1,2.5e-3,null,true],\"b\":{\"c\":\"\\u00e9\"}}",
  "https://example.org/a/b?c=d&e=%20f#g",
  "ZXhhbXBsZSBvZiBiYXNlNjQgdGV4dCB0aGF0IGlzIGxvbmdlciB0aGFuIG9uZSBsaW5l",
  "----====____****",
  "....\n\n....\r\n/\n/",
];

/** Texts that are slow to count, of a length. */
export const HARD = [
  ["one letter", (length) => "a".repeat(length)],
  ["one capital", (length) => "A".repeat(length)],
  ["spaces", (length) => " ".repeat(length)],
  ["line breaks", (length) => "\n".repeat(length)],
  ["one digit", (length) => "7".repeat(length)],
  ["a joined emoji", (length) => "\u{1f468}\u200d".repeat(length / 10)],
  ["base64", (length) => base64(length)],
  ["no spaces between letters", (length) => "\u0e01\u0e32\u0e23".repeat(length / 10)],
  ["capitals with marks", (length) => "A\u0301B".repeat(length / 5)],
  ["letters without case, then capitals", (length) => "\u4e2d".repeat(length / 10) + "A".repeat(length / 10)],
  ["alternating case", (length) => "aB".repeat(length / 2)],
  ["symbols", (length) => "=-".repeat(length / 2)],
];

/** A generator of its own, so that a failure can be had again. */
function random(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function base64(length) {
  const next = random(64);
  return Array.from({ length }, () => "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[next(64)]).join("");
}

/** What the grammars tell apart, and what stands on their edges. */
const PARTS =
  " |  |\n|\r|\r\n|\t|a|B|the|The|THE|is|\u00e9|\u00c9|\u00df|\u0130|\u212a|\u017f|\u4e2d|\u6587|\u0301|\u0308|'|'s|'S|'re|'LL|\u2019s|1|9|2024|\u0663|\u2167|\u00bd|/|//|.|,|-|_|(|)|{|}|\"|=|<|>|#|$|%|\u00a0|\u2003|\u3000|\u0085|\u2028|\ufeff|\u200b|\u200d|\u{1f600}|\u{1f468}\u200d\u{1f469}|\u{1f1e9}\u{1f1ea}|\u01c5|\u02b0|\u0e44|\u0e01|\u0e33|\u0627|\u0644|\u0660|\u0434|\u0414|\u0939|\u093f|\u094d|\ud55c|\u3042|\u30a2|\0|\ufffd|\u{10ffff}|\u{e0100}|\u{20000}|\ud800|\udc00|_id|ing|tion".split(
    "|",
  );

/** Random texts: of parts that the grammars tell apart, of any code points, of bytes' worth of ASCII. */
export function* randomTexts(count, seed) {
  const next = random(seed);
  for (let index = 0; index < count; index += 1) {
    const length = 1 + next(24);
    let text = "";
    for (let place = 0; place < length; place += 1) {
      const kind = index % 4;
      if (kind < 2) text += PARTS[next(PARTS.length)];
      else if (kind === 2) text += String.fromCodePoint(next(next(2) === 0 ? 0x3000 : 0x110000));
      else text += String.fromCharCode(32 + next(95));
    }
    yield text;
  }
}
