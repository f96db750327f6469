// Ranks of tokens, to the merges that make them.

/**
 * The merges in the order of their ranks, each `[token, left, right]`, all three by rank.
 *
 * A token's merge is the last step of byte-pair encoding over its own bytes with the tokens ranked below it. There is one
 * for every token of more than a byte, or the table is refused: then merges alone say all that the ranks say.
 */
export function mergesOf(tokens) {
  const ranks = new Map();
  tokens.forEach((token, rank) => ranks.set(token, rank));
  const merges = [];
  tokens.forEach((token, rank) => {
    if (token.length === 1) return;
    const parts = [...token];
    for (;;) {
      let [best, at] = [rank, -1];
      for (let index = 0; index + 1 < parts.length; index += 1) {
        const found = ranks.get(parts[index] + parts[index + 1]);
        if (found !== undefined && found < best) [best, at] = [found, index];
      }
      if (at === -1) break;
      parts.splice(at, 2, parts[at] + parts[at + 1]);
    }
    if (parts.length !== 2) throw new Error(`cannot read ranks: expected token ${rank} to be made of two others, found ${parts.length}`);
    merges.push([rank, ranks.get(parts[0]), ranks.get(parts[1])]);
  });
  return merges;
}
