// A generator of its own (mulberry32), so that a run can be had again by its seed.

/** Random numbers: `next()` in 0..1, `int(least, most)`, `pick(list)`, `count()` (token counts of every size). */
export function generator(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const int = (least, most) => least + Math.floor(next() * (most - least + 1));
  return {
    next,
    int,
    pick: (list) => list[int(0, list.length - 1)],
    // As many small counts as large ones.
    count: (most = 120_000) => Math.floor(Math.exp(next() * Math.log(most + 1))),
    chance: (share) => next() < share,
  };
}
