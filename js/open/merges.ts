/** Tables of tokens, to the merges that make them. Texts of tokens are byte strings: a character for each byte. */

/** A merge: when it is done, and the tokens it makes and is made of. */
export interface Merge {
  readonly rank: number;
  readonly token: string;
  readonly left: string;
  readonly right: string;
}

/**
 * The merge that makes a token: the last step of byte-pair encoding over the token's own bytes. Undefined if that does not end
 * with the token.
 *
 * No other merge ever makes it, whatever stands around it. As long as no merge crosses the token's ends, those inside are done in
 * the order in which they are done where nothing stands around it; and one that crosses them takes the token apart for good.
 */
export function mergeOf(token: string, rankOf: (left: string, right: string) => number | undefined): Merge | undefined {
  const parts = [...token];
  for (;;) {
    let rank = Infinity;
    let at = -1;
    for (let index = 0; index + 1 < parts.length; index += 1) {
      const found = rankOf(parts[index] as string, parts[index + 1] as string);
      if (found !== undefined && found < rank) [rank, at] = [found, index];
    }
    if (at === -1) return undefined;
    const [left, right] = [parts[at] as string, parts[at + 1] as string];
    if (parts.length === 2) return { rank, token, left, right };
    parts.splice(at, 2, left + right);
  }
}

/** Merges by their order, without those that need a token that none of them makes; and whether each comes after its parts. */
export function inOrder(merges: readonly Merge[]): { merges: Merge[]; ordered: boolean } {
  let kept = [...merges].sort((a, b) => a.rank - b.rank);
  for (;;) {
    const made = new Map(kept.map(({ token, rank }) => [token, rank]));
    const isMade = (part: string): boolean => part.length === 1 || made.has(part);
    const possible = kept.filter(({ left, right }) => isMade(left) && isMade(right));
    const isBefore = (part: string, rank: number): boolean => (made.get(part) ?? -1) < rank;
    const ordered = possible.every(({ left, right, rank }) => isBefore(left, rank) && isBefore(right, rank));
    if (possible.length === kept.length) return { merges: kept, ordered };
    kept = possible;
  }
}
