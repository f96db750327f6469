// What every ledger does: sequences of operations, answered as the ledger in memory answers them. Runs in the ledger's own
// host; answers with what went otherwise, in a sound ledger nothing.
import { MemoryBudgetLedger, TollgateError } from "tollgate";

/** A generator of numbers below n: mulberry32. */
export function random(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}

export const budget = (more) => ({
  id: more.id ?? `${more.scope === undefined ? "all" : `${more.scope.type}:${more.scope.id}`}:${more.period ?? "total"}:${more.name}`,
  name: "pot",
  limit: Number(more.limitUsd),
  period: "total",
  alertThresholds: [50, 100],
  action: "block",
  enabled: true,
  timeZone: "UTC",
  weekStart: "monday",
  revision: 1,
  ...more,
});

/** A budget that does not count money. */
const counted = (unit, more) => {
  const { limitUsd, ...rest } = budget({ unit, action: "block", ...more, id: `all:${more.period}.${unit}:${more.name}` });
  return { ...rest, limit: more.limit };
};

const AGENT = { type: "agent", id: "a" };
const USER = { type: "user", id: "u:\u00e9 \"quoted\"" };
const BUDGETS = [
  budget({ name: "all", limitUsd: "10" }),
  budget({ name: "agent's", limitUsd: "3.5", scope: AGENT, period: "monthly" }),
  budget({ name: "user's", limitUsd: "2", scope: USER, action: "throttle", period: "weekly", timeZone: "Asia/Kathmandu" }),
  budget({ name: "told", limitUsd: "1", action: "alert" }),
  counted("tokens", { name: "tokens", limit: 900, softLimit: "500", period: "monthly" }),
  counted("requests", { name: "calls", limit: 9, action: "throttle", period: "weekly", rolling: true, scope: USER }),
  budget({ name: "rolls", limitUsd: "5", action: "throttle", period: "weekly", rolling: true, scope: AGENT }),
  budget({ name: "carries", limitUsd: "6", action: "block", period: "monthly", carryOver: "2" }),
];

/** Instants depend on when it is asked; everything else does not. */
const TIMES = new Set(["at", "createdAt", "updatedAt", "expiresAt", "timestamp", "lastUpdated", "retryAfterMs", "guarantee"]);
const timeless = (value) => JSON.parse(JSON.stringify(value ?? null, (key, item) => (TIMES.has(key) ? undefined : item)));

/** One operation, chosen at random: `[method, ...arguments]`. */
function operation(next, now, BUDGETS) {
  const pick = (...items) => items[next(items.length)];
  const id = `r${next(12)}`;
  const usd = pick("0", "0.1", "0.333333333333", "0.5", "1.25");
  const scopes = pick([], [AGENT], [USER], [AGENT, USER]);
  const tokens = pick(0, 1, 40, 160, undefined);
  switch (next(14)) {
    case 0:
      return ["put", [pick(...BUDGETS)], "attach"];
    case 1:
      return ["put", [{ ...pick(...BUDGETS), limitUsd: pick("1", "4", "20"), unknown: { kept: 1 } }], "update"];
    case 2:
      return pick(["remove", pick(...BUDGETS).id], ["list"], ["status"]);
    case 3:
      return ["status", [pick(...BUDGETS).id, "nobody's"]];
    case 4:
      return ["charge", id, usd, scopes, new Date(now - pick(0, 5_000)).toISOString(), pick(undefined, `r${next(12)}`), next(3), tokens];
    case 5:
      return ["release", id];
    case 6:
    case 7:
      return ["settle", id, usd, pick(undefined, undefined, "aborted"), tokens];
    case 8:
      return pick(["settle", id, "-1"], ["settle", id, "NaN"], ["reserve", { reservationId: id, usd, scopes: [{ type: "agent", id: "" }], leaseMs: 60_000 }], ["reserve", { reservationId: "", usd, scopes, leaseMs: 60_000 }]);
    case 10:
      return ["claim", `alert${next(3)}`, `instance${next(3)}`, pick(0, 3_600_000)];
    case 9: {
      const until = new Date(Math.floor(now / 3_600_000) * 3_600_000 + 7_200_000).toISOString();
      return ["adjust", pick(...BUDGETS, { id: "nobody's" }).id, pick({ id: `up${next(3)}`, amount: pick("1", "2") }, { id: `raise${next(3)}`, amount: "3", until, reason: "asked" })];
    }
    default:
      return ["reserve", { reservationId: id, usd, scopes, leaseMs: 3_600_000, tokens, requests: pick(undefined, undefined, 0) }];
  }
}

async function ask(ledger, [method, ...args]) {
  try {
    return timeless(await ledger[method](...args));
  } catch (error) {
    return TollgateError.isInstance(error) ? { code: error.code, message: error.message } : { code: String(error?.stack ?? error) };
  }
}

/** The same sequences to a ledger and to one in memory. `open(name)` gives an empty ledger, or again one of that name. */
export async function conformance(open, { seeds = 4, steps = 60, name = "c", money = false } = {}) {
  // A ledger that can't decide counts money, and nothing is added to its limits.
  const budgets = money ? BUDGETS.filter(({ unit }) => unit === undefined) : BUDGETS;
  const wrong = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const next = random(seed);
    const memory = new MemoryBudgetLedger();
    let ledger = await open(`${name}${seed}`);
    for (let step = 0; step < steps && wrong.length < 3; step += 1) {
      const asked = step === 0 ? ["put", budgets, "attach"] : operation(next, Date.now(), budgets);
      if (money && ["adjust", "claim"].includes(asked[0])) continue;
      // Whoever comes later finds what is there.
      if (next(8) === 0) ledger = await open(`${name}${seed}`);
      const [expected, found] = [await ask(memory, asked), await ask(ledger, asked)];
      if (JSON.stringify(expected) !== JSON.stringify(found)) wrong.push({ seed, step, asked, expected, found });
    }
    const [expected, found] = [await ask(memory, ["status"]), await ask(ledger, ["status"])];
    if (JSON.stringify(expected) !== JSON.stringify(found)) wrong.push({ seed, asked: "status", expected, found });
  }
  return wrong;
}

/** Picodollars of a decimal. */
export function pico(usd) {
  const [whole, part = ""] = usd.split(".");
  return BigInt(whole) * 10n ** 12n + BigInt(part.padEnd(12, "0"));
}

/**
 * Callers at once on a budget for some of them: each reserves, some of them twice, and then settles, releases, or is gone.
 * What the ledger stands at must be what became of those it allowed, and never more than the limit. Where leases end (`ends`), it is
 * waited for that, and what was held is spent.
 *
 * @returns what was allowed, what was asked, how the budget stands, and what went wrong
 */
export async function crowd(open, { callers, limitUsd = "10", seed = 1, leaseMs = 3_600_000, name = `crowd-${callers}-${seed}`, ends = false }) {
  const next = random(seed);
  const wrong = [];
  const ledger = await open(name);
  const scope = { type: "project", id: name };
  const [pot] = await ledger.put([budget({ name, limitUsd, scope })], "attach");
  const limit = pico(limitUsd);
  let [allowed, refused, most] = [0, 0, 0n];
  /** What must be spent, and what must be held, of what was allowed. */
  let [spent, held] = [0n, 0n];
  const plans = Array.from({ length: callers }, (_, index) => ({
    id: `${name}/${index}`,
    usd: `0.${1 + next(9)}`,
    twice: next(4) === 0,
    then: ["settle", "settle", "settle", "part", "release", "gone"][next(6)],
    again: next(3) === 0,
  }));
  const look = async () => {
    const [status] = await ledger.status([pot.id]);
    const now = pico(status.spentUsd) + pico(status.heldUsd);
    if (now > most) most = now;
    if (now > limit) wrong.push(`over: spent ${status.spentUsd} and held ${status.heldUsd} of ${limitUsd}`);
    return status;
  };
  await Promise.all(
    plans.map(async ({ id, usd, twice, then, again }, index) => {
      const reserve = () => ledger.reserve({ reservationId: id, usd, scopes: [scope], leaseMs });
      const [answer, same] = await Promise.all([reserve(), twice ? reserve() : undefined]);
      if (same?.allowed && !answer.allowed) answer.allowed = true;
      if (index % 10 === 0) await look();
      if (!answer.allowed) {
        refused += 1;
        if (answer.blockedBy?.id !== pot.id || answer.remaining === undefined) wrong.push(`a refusal without its reason: ${JSON.stringify(answer)}`);
        return;
      }
      allowed += 1;
      const cost = then === "part" ? "0.05" : usd;
      if (then === "gone") {
        held += pico(usd);
      } else if (then === "release") {
        await Promise.all([ledger.release(id), again ? ledger.release(id) : undefined]);
      } else {
        spent += pico(cost);
        const settled = await Promise.all([ledger.settle(id, cost), again ? ledger.settle(id, cost) : undefined]);
        for (const settlement of settled) {
          if (settlement !== undefined && (settlement.charged !== String(Number(cost)) || settlement.status === "unknown")) wrong.push(`settled otherwise: ${JSON.stringify(settlement)}`);
        }
      }
    }),
  );
  let status = await look();
  let sliced = status.slicedUsd !== undefined;
  if (ends) {
    [spent, held] = [spent + held, 0n];
    for (let waited = 0; status.heldUsd !== "0" && waited < 60; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      status = await look();
      sliced ||= status.slicedUsd !== undefined;
    }
  }
  if (pico(status.spentUsd) !== spent) wrong.push(`expected ${spent} pico-dollars to be spent, found ${status.spentUsd}`);
  if (pico(status.heldUsd) !== held) wrong.push(`expected ${held} pico-dollars to be held, found ${status.heldUsd}`);
  return { allowed, refused, spentUsd: status.spentUsd, heldUsd: status.heldUsd, mostUsd: Number(most) / 1e12, budgetId: pot.id, sliced, wrong };
}
