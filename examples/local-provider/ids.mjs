// @ts-check
/**
 * Ids that look random and are the same for the same seed, so that the same requests in the same order get the same bytes.
 *
 * @module
 */

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DIGITS = "0123456789";

/** Letters and digits. @param {string} seed @param {number} length */
export function token(seed, length) {
  return drawn(seed, length, LETTERS + DIGITS);
}

/** @param {string} seed @param {number} length */
export function hex(seed, length) {
  return drawn(seed, length, DIGITS + "abcdef");
}

/** Four characters of which are three bytes, as a signature is. @param {string} seed @param {number} length */
export function base64(seed, length) {
  return drawn(seed, length - (length % 4), `${LETTERS + DIGITS}+/`);
}

/**
 * A source of whole numbers of 32 bits, by xorshift.
 *
 * @param {string} seed
 * @returns {() => number}
 */
export function numbers(seed) {
  let state = 0x811c9dc5;
  for (const character of seed) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    // A seed that hashes to zero would stay there.
    state ||= 1;
    return state >>> 0;
  };
}

/** @param {string} seed @param {number} length @param {string} alphabet */
function drawn(seed, length, alphabet) {
  const next = numbers(seed);
  let text = "";
  for (let at = 0; at < length; at += 1) text += alphabet[next() % alphabet.length];
  return text;
}
