/** The SQL of cost records, in SQLite's dialect: for Durable Objects and for D1. All of it stands here. */

/** The schema that this release writes, and the newest it reads. */
export const SCHEMA = 1;

/** Rows that a statement answers with. */
export type Row = Record<string, unknown>;

/** A statement and its values. */
export type Statement = readonly [sql: string, ...values: (string | number | null)[]];

/** Creates what is not there. A later release adds steps; it never changes one. */
export const CREATE: readonly string[] = [
  "CREATE TABLE IF NOT EXISTS tollgate_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID",
  `CREATE TABLE IF NOT EXISTS tollgate_records (
    namespace TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, request TEXT NOT NULL, agent TEXT NOT NULL,
    revision INTEGER NOT NULL, day INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (namespace, id)) WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS tollgate_records_at ON tollgate_records (namespace, at, id)",
  "CREATE INDEX IF NOT EXISTS tollgate_records_request ON tollgate_records (namespace, request)",
  "CREATE INDEX IF NOT EXISTS tollgate_records_agent ON tollgate_records (namespace, agent, at, id)",
  // What the records of a UTC day add up to, where that was asked since the last write; the version rises with each write.
  `CREATE TABLE IF NOT EXISTS tollgate_record_days (
    namespace TEXT NOT NULL, day INTEGER NOT NULL, version INTEGER NOT NULL, text TEXT, PRIMARY KEY (namespace, day)) WITHOUT ROWID`,
  `INSERT OR IGNORE INTO tollgate_meta (name, value) VALUES ('records_schema', ${SCHEMA})`,
];

/** Which schema was written here. */
export const READ_SCHEMA: Statement = ["SELECT value FROM tollgate_meta WHERE name = 'records_schema'"];

/** A record as it is found by. */
export interface RecordRow {
  id: string;
  at: number;
  request: string;
  agent: string;
  revision: number;
  day: number;
  text: string;
}

/** Keeps a record, unless a higher revision is there, and says that its day, and the one it was of before, changed. */
export function store(namespace: string, row: RecordRow): Statement[] {
  const { id, at, request, agent, revision, day, text } = row;
  const changed = `INSERT INTO tollgate_record_days (namespace, day, version, text)`;
  const again = "ON CONFLICT (namespace, day) DO UPDATE SET version = version + 1, text = NULL";
  return [
    // A WHERE is needed here: SQLite would take ON for a join's.
    [`${changed} SELECT namespace, day, 1, NULL FROM tollgate_records WHERE namespace = ? AND id = ? ${again}`, namespace, id],
    [`${changed} VALUES (?, ?, 1, NULL) ${again}`, namespace, day],
    [
      `INSERT INTO tollgate_records (namespace, id, at, request, agent, revision, day, text) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (namespace, id) DO UPDATE SET at = excluded.at, request = excluded.request, agent = excluded.agent,
      revision = excluded.revision, day = excluded.day, text = excluded.text WHERE excluded.revision >= revision`,
      ...[namespace, id, at, request, agent, revision, day, text],
    ],
  ];
}

/** The record of an id. */
export const get = (namespace: string, id: string): Statement => ["SELECT text FROM tollgate_records WHERE namespace = ? AND id = ?", namespace, id];

/** Which records to read, by the plan of the core. */
export interface Plan {
  start?: number;
  end?: number;
  ids?: string[];
  requestIds?: string[];
  agentIds?: string[];
  backwards: boolean;
  sums: boolean;
}

/** Where a batch ended. */
export interface Place {
  at: number;
  id: string;
}

/** At most so many values are bound in one list: D1 takes a hundred for a statement. */
const MOST_NAMES = 50;

/** A batch of the records of a plan, in its order, behind a place. */
export function batch(namespace: string, plan: Plan, after: Place | undefined, limit: number): Statement {
  const where = ["namespace = ?"];
  const values: (string | number)[] = [namespace];
  for (const [names, column] of [[plan.ids, "id"], [plan.requestIds, "request"], [plan.agentIds, "agent"]] as const) {
    // What is not narrowed down here, the core narrows down.
    if (names === undefined || names.length > MOST_NAMES) continue;
    where.push(names.length === 1 ? `${column} = ?` : `${column} IN (${names.map(() => "?").join(", ")})`);
    values.push(...names);
    if (names.length === 0) where.push("0");
    break;
  }
  const and = (condition: string, ...bound: (string | number)[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (plan.start !== undefined) and("at >= ?", plan.start);
  if (plan.end !== undefined) and("at <= ?", plan.end);
  if (after !== undefined) and(`(at, id) ${plan.backwards ? "<" : ">"} (?, ?)`, after.at, after.id);
  const order = plan.backwards ? "at DESC, id DESC" : "at, id";
  return [`SELECT at, id, text FROM tollgate_records WHERE ${where.join(" AND ")} ORDER BY ${order} LIMIT ?`, ...values, limit];
}

/** What is known of the days of a range. */
export function days(namespace: string, plan: Plan): Statement {
  const day = (at: number | undefined, otherwise: number) => (at === undefined ? otherwise : Math.floor(at / 86_400_000));
  return [
    "SELECT day, version, text FROM tollgate_record_days WHERE namespace = ? AND day BETWEEN ? AND ? ORDER BY day",
    ...[namespace, day(plan.start, -1e9), day(plan.end, 1e9)],
  ];
}

/** Keeps what the records of a day add up to, if none was written since they were read. */
export const keepDay = (namespace: string, day: number, version: number, text: string): Statement => [
  "UPDATE tollgate_record_days SET text = ? WHERE namespace = ? AND day = ? AND version = ?",
  ...[text, namespace, day, version],
];

/** Deletes what is strictly older; the last statement's rows are what was deleted. */
export function deleteOlderThan(namespace: string, before: number): Statement[] {
  return [
    [
      `UPDATE tollgate_record_days SET version = version + 1, text = NULL WHERE namespace = ? AND day <= ?`,
      ...[namespace, Math.floor(before / 86_400_000)],
    ],
    ["DELETE FROM tollgate_records WHERE namespace = ? AND at < ? RETURNING 1 AS one", namespace, before],
  ];
}

/** Deletes every record of a namespace. */
export function clear(namespace: string): Statement[] {
  return [
    ["UPDATE tollgate_record_days SET version = version + 1, text = NULL WHERE namespace = ?", namespace],
    ["DELETE FROM tollgate_records WHERE namespace = ?", namespace],
  ];
}

/** How many records there are, and how many bytes their texts have. */
export const count = (namespace: string): Statement => [
  "SELECT COUNT(*) AS records, COALESCE(SUM(LENGTH(text)), 0) AS bytes FROM tollgate_records WHERE namespace = ?",
  namespace,
];
