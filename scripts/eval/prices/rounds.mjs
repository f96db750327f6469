// How many cases each dimension gets.

/** The share of the cases that a dimension has which only some models have. */
const SHARE = 1 / 18;

/**
 * The entries of a run of `count` cases, in turn: of each but the first a share, of the first what is left. Of 20,000 a
 * dimension has 1,111.
 */
export function rounds([first, ...others], count) {
  const each = Math.min(Math.ceil(count * SHARE), Math.floor(count / (others.length + 1)));
  const list = others.flatMap((entry) => Array(each).fill(entry));
  return [...Array(count - list.length).fill(first), ...list];
}
