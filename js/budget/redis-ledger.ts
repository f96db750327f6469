import { StorageError } from "../errors.js";
import { checkKeys } from "../options.js";
import { RowsLedger, type Changes, type Row, type RowStore, type Snapshot } from "./rows-ledger.js";

/** What a {@link RedisBudgetLedger} is made from. */
export interface RedisBudgetLedgerOptions {
  /** Of a REST interface as Upstash's: commands are posted as JSON arrays. */
  url: string;
  /** Sent as a bearer token. */
  token: string;
  /** The global one if left out. */
  fetch?: typeof fetch;
  /** Keeps several ledgers of one database apart. `default` if left out. */
  namespace?: string;
}

/**
 * Everything that is asked of Redis is one script, so that each is one step: keys are the hot rows, the others, when these are
 * due, and the version. A script takes its parts as arguments, and decides nothing but whether the version is still the
 * one that was read.
 */
const SCRIPT = `
local hot, cold, due, version = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local at = redis.call('GET', version) or '0'
if ARGV[1] == 'read' then
  local time = redis.call('TIME')
  local rows = {}
  if ARGV[2] ~= at then rows = redis.call('HGETALL', hot) end
  for i = 3, #ARGV do
    local value = redis.call('HGET', cold, ARGV[i])
    if value then
      rows[#rows + 1] = ARGV[i]
      rows[#rows + 1] = value
    end
  end
  return { at, time[1], time[2], rows }
end
if ARGV[1] == 'due' or ARGV[1] == 'cold' then
  local keys
  if ARGV[1] == 'due' then keys = redis.call('ZRANGEBYSCORE', due, '-inf', ARGV[2], 'LIMIT', 0, ARGV[3])
  else
    keys = {}
    for _, key in ipairs(redis.call('HKEYS', cold)) do if key > ARGV[2] then keys[#keys + 1] = key end end
    table.sort(keys)
  end
  local rows = {}
  for i = 1, math.min(#keys, tonumber(ARGV[3])) do
    rows[#rows + 1] = keys[i]
    rows[#rows + 1] = redis.call('HGET', cold, keys[i])
  end
  return rows
end
if ARGV[2] ~= at then return 0 end
for i = 3, #ARGV, 4 do
  local key, value = ARGV[i], ARGV[i + 3]
  redis.call('HDEL', hot, key)
  redis.call('HDEL', cold, key)
  redis.call('ZREM', due, key)
  if value ~= '' then
    if ARGV[i + 1] == '1' then redis.call('HSET', hot, key, value)
    else
      redis.call('HSET', cold, key, value)
      redis.call('ZADD', due, ARGV[i + 2], key)
    end
  end
end
redis.call('INCR', version)
return 1
`;

/**
 * Budgets in Redis, over fetch: Upstash's REST interface, or any that takes commands as it does. What was decided is
 * written by one script, which does so only if nobody has written since. Two round trips for each message, and more where
 * many write at once; a lease that ends is found with the next call.
 *
 * Guarantee: `hard`, as hard as the database keeps what it has acknowledged: with a replica that takes over before it has seen
 * a write, or without an append-only file, that write may be lost. The clock is the database's.
 *
 * @example
 * const ledger = new RedisBudgetLedger({ url: env.UPSTASH_REDIS_REST_URL, token: env.UPSTASH_REDIS_REST_TOKEN });
 */
export class RedisBudgetLedger extends RowsLedger {
  readonly guarantee = "hard";

  constructor(options: RedisBudgetLedgerOptions) {
    checkKeys("the options of RedisBudgetLedger", options, ["url", "token", "fetch", "namespace"]);
    super(new RedisRows(options), true);
  }
}

class RedisRows implements RowStore {
  readonly #options: RedisBudgetLedgerOptions;
  readonly #keys: string[];

  constructor(options: RedisBudgetLedgerOptions) {
    this.#options = options;
    // One hash tag, so that a cluster keeps them in one place.
    this.#keys = ["hot", "cold", "due", "version"].map((part) => `tollgate:1:{${options.namespace ?? "default"}}:${part}`);
  }

  async read(known: number | undefined, keys: string[]): Promise<Snapshot> {
    const [at, seconds, micro, rows] = (await this.#run("read", known === undefined ? "" : String(known), ...keys)) as [string, string, string, string[]];
    const version = Number(at);
    return { version, now: Number(seconds) * 1_000 + Math.floor(Number(micro) / 1_000), rows: pairs(rows), whole: version !== known };
  }

  async readCold(after: string, most: number): Promise<Row[]> {
    return pairs((await this.#run("cold", after, String(most))) as string[]);
  }

  async readDue(due: number, most: number): Promise<Row[]> {
    return pairs((await this.#run("due", String(due), String(most))) as string[]);
  }

  async commit(version: number, changes: Changes): Promise<boolean> {
    return Number(await this.#run("commit", String(version), ...changes)) === 1;
  }

  async #run(...args: string[]): Promise<unknown> {
    const { url, token, fetch = globalThis.fetch } = this.#options;
    const response = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(["EVAL", SCRIPT, String(this.#keys.length), ...this.#keys, ...args]),
    });
    const answer = (await response.json()) as { result?: unknown; error?: string };
    if (response.ok && answer.error === undefined) return answer.result;
    // A server that is busy or away may be asked again; one that refuses will refuse.
    const refused = response.status >= 400 && response.status < 500 && response.status !== 429;
    if (!refused) throw new Error(`the database answered ${response.status}`);
    throw new StorageError({ code: "storage_unavailable", message: `cannot reach the ledger: expected the database to run a script, found status ${response.status}` });
  }
}

function pairs(flat: string[]): Row[] {
  const rows: Row[] = [];
  for (let at = 0; at < flat.length; at += 2) rows.push([flat[at] as string, flat[at + 1] as string]);
  return rows;
}
