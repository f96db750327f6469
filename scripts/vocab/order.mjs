// The order in which merges are stored.
//
// Which tokens a text splits into depends on a part of the order of the merges only. Let R be their ranks and R' an order
// in which
//
//   C1  a merge comes after the merges that make its parts, and
//   C2  for every token y, a merge that ends in y and a merge that starts with y are in the same order as in R.
//
// Then encoding by R' (lowest first, leftmost on ties) splits every text as encoding by R does; docs/tokens.md has the
// argument, src/tokens/packed.rs the test that compares the whole table. So merges can be sorted by what compresses.

/**
 * The merges in sweeps. A sweep goes over the right parts by ascending id, and takes for each all merges that nothing holds
 * back any more, as a group, by ascending left part: so the differences of neighbours are small. Gives
 * `{ groups, ranks }`: `[right, [left, ...]]` by new ids, and the rank of each new id. The bytes are the ids 0 to 255;
 * merges are numbered as they come.
 */
export function relax(tokens, merges) {
  const { next, missing } = constraints(merges);
  const count = merges.length;
  const ranks = [];
  const ids = new Map();
  const number = (rank) => {
    ids.set(rank, ranks.length);
    ranks.push(rank);
  };
  const bytes = new Array(256);
  tokens.forEach((token, rank) => {
    if (token.length === 1) bytes[token.charCodeAt(0)] = rank;
  });
  bytes.forEach(number);

  const free = new Map();
  // What waits for a node of the graph that is no merge goes through it.
  const release = (node) => {
    if (node >= count) return pass(node);
    const right = merges[node][2];
    if (!free.has(right)) free.set(right, []);
    free.get(right).push(node);
  };
  const pass = (node) => {
    for (const after of next[node]) if (--missing[after] === 0) release(after);
  };
  [...missing.keys()].filter((node) => node < count && missing[node] === 0).forEach(release);

  const groups = [];
  while (free.size > 0) {
    for (let right = 0; right < ranks.length; right += 1) {
      const nodes = free.get(ranks[right]);
      if (nodes === undefined) continue;
      free.delete(ranks[right]);
      const lefts = nodes.map((node) => [ids.get(merges[node][1]), node]).sort(([a], [b]) => a - b);
      groups.push([right, lefts.map(([left]) => left)]);
      for (const [, node] of lefts) number(merges[node][0]);
      for (const [, node] of lefts) pass(node);
    }
  }
  if (ranks.length !== count + 256) throw new Error(`cannot order merges: expected ${count}, found ${ranks.length - 256} without a cycle`);
  return { groups, ranks };
}

/**
 * What must come before what, as a graph: nodes below `merges.length` are merges. All members of one run of merges that
 * end in y precede all of the next run of merges that start with y; one node between the runs stands for all those pairs.
 */
function constraints(merges) {
  const next = merges.map(() => []);
  const missing = new Array(merges.length).fill(0);
  const edge = (before, after) => {
    next[before].push(after);
    missing[after] += 1;
  };
  const makes = new Map(merges.map(([token], index) => [token, index]));
  const uses = new Map();
  const use = (token, side, index) => {
    if (!uses.has(token)) uses.set(token, []);
    const runs = uses.get(token);
    // A token doubled is a run of its own: it both starts and ends with it.
    if (runs.length === 0 || runs.at(-1).side !== side || side === "both") runs.push({ side, members: [] });
    runs.at(-1).members.push(index);
  };
  merges.forEach(([, left, right], index) => {
    for (const part of new Set([left, right])) if (makes.has(part)) edge(makes.get(part), index);
    if (left === right) return use(left, "both", index);
    use(left, "start", index);
    use(right, "end", index);
  });
  for (const runs of uses.values()) {
    for (let place = 1; place < runs.length; place += 1) {
      const between = next.push([]) - 1;
      missing.push(0);
      for (const index of runs[place - 1].members) edge(index, between);
      for (const index of runs[place].members) edge(between, index);
    }
  }
  return { next, missing };
}
