/** Cost records out and in again: CSV, JSON and JSON Lines, piece by piece. */
import { run } from "../core.js";
import { ValidationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { CostFilter, CostRecord, CostStorage } from "../types.js";
import { CSV_HEAD, CsvReader, csvOf, recordOfCsv } from "./csv.js";
import { toJson, toQuestion } from "./json.js";

/** How records are written down. */
export type RecordFormat = "csv" | "json" | "jsonl";

/** Options of {@link exportRecords}: which records, and how. */
export interface ExportOptions extends CostFilter {
  /** `jsonl` if left out: one record a line. */
  format?: RecordFormat;
}

/** Options of {@link importRecords}. */
export interface ImportOptions {
  /** `jsonl` if left out. */
  format?: RecordFormat;
  /** What to do with a line that is no record: end with an error that names its line and column, or go on and count it. Default `stop`. */
  onError?: "stop" | "skip";
}

/** What came of an import. */
export interface ImportReport {
  /** Records that were handed to the storage. */
  records: number;
  /** With `onError: "skip"`: what was no record, at most the first hundred. */
  errors: { line: number; column: number; message: string }[];
  /** How many those are in all. */
  skipped: number;
}

const PAGE = 500;
const FORMATS = ["csv", "json", "jsonl"];

/**
 * The records of a storage as pieces of text, in the order of their timestamps: for a file or the body of an answer. What
 * is imported again is equal to what was exported.
 *
 * @example
 * for await (const piece of exportRecords(storage, { format: "csv", start: "2026-11-01" })) file.write(piece);
 */
export async function* exportRecords(storage: CostStorage, options: ExportOptions = {}): AsyncGenerator<string, void, undefined> {
  const { format = "jsonl", ...filter } = options;
  checkFormat(format);
  if (format === "csv") yield CSV_HEAD;
  let first = true;
  for await (const records of pages(storage, filter)) {
    if (format === "csv") yield records.map(csvOf).join("");
    else if (format === "jsonl") yield records.map((record) => `${JSON.stringify(record)}\n`).join("");
    else if (records.length > 0) yield `${first ? "[\n" : ",\n"}${records.map((record) => JSON.stringify(record)).join(",\n")}`;
    if (records.length > 0) first = false;
  }
  if (format === "json") yield first ? "[]\n" : "\n]\n";
}

/** The records of a filter, page by page; of a storage that has no `query`, in one. */
async function* pages(storage: CostStorage, filter: CostFilter): AsyncGenerator<CostRecord[], void, undefined> {
  if (storage.query === undefined) {
    const { start, end, ...rest } = filter;
    if (Object.values(rest).some((value) => value !== undefined)) {
      throw new ValidationError({ message: "cannot export: expected a storage with query for a filter other than start and end, found one without" });
    }
    // Checked by the core, as it is elsewhere.
    toQuestion(filter);
    yield await storage.getByDateRange(start ?? -8.64e15, end ?? 8.64e15);
    return;
  }
  let cursor: string | undefined;
  do {
    const page = await storage.query({ ...filter, limit: PAGE }, cursor);
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/**
 * Stores the records of a text that arrives in pieces, strings or bytes of UTF-8. A record whose id is there already
 * overwrites it, as `store` does, so an import may be repeated.
 *
 * @throws ValidationError for what is no record, with its line and column in the message and in `context`
 */
export async function importRecords(
  storage: CostStorage,
  source: string | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>,
  options: ImportOptions = {},
): Promise<ImportReport> {
  checkKeys("the options of importRecords", options, ["format", "onError"]);
  const { format = "jsonl", onError = "stop" } = options;
  checkFormat(format);
  const report: ImportReport = { records: 0, errors: [], skipped: 0 };
  const fail = (line: number, column: number, cause: unknown): void => {
    const what = cause instanceof Error ? cause.message : String(cause);
    if (onError !== "skip") {
      throw new ValidationError({
        code: cause instanceof ValidationError ? cause.code : "invalid_input",
        message: `line ${line}, column ${column}: ${what}`,
        context: { line, column },
        cause,
      });
    }
    report.skipped += 1;
    if (report.errors.length < 100) report.errors.push({ line, column, message: what });
  };
  const keep = async (record: () => CostRecord, line: number, column: number | ((error: unknown) => number)): Promise<void> => {
    let read: CostRecord;
    try {
      read = record();
      // Read by the core first, so that what the host refuses is told from what is no record.
      const text = toJson(read, "record");
      run((core) => core.rowOfRecord(text));
    } catch (error) {
      // A later release wrote it: nothing of it may be left out in silence.
      if ((error as { code?: string }).code === "storage_version_newer") throw error;
      return fail(line, typeof column === "number" ? column : column(error), error);
    }
    await storage.store(read);
    report.records += 1;
  };
  if (format === "csv") {
    const reader = new CsvReader();
    let head: string[] | undefined;
    const take = async (rows: ReturnType<CsvReader["push"]>): Promise<void> => {
      for (const { cells, line, columns } of rows) {
        if (head === undefined) {
          head = cells;
          const missing = ["id", "model", "timestamp"].find((name) => !cells.includes(name));
          if (missing !== undefined) throw new ValidationError({ message: `line ${line}, column 1: cannot read CSV: expected a column ${missing}, found none`, context: { line, column: 1 } });
        } else if (cells.length !== head.length) {
          fail(line, columns.at(-1) ?? 1, new ValidationError({ message: `cannot read CSV: expected ${head.length} cells, found ${cells.length}` }));
        } else {
          const names = head;
          await keep(() => recordOfCsv(names, cells), line, (error) => columns[(error as { cell?: number }).cell ?? 0] ?? 1);
        }
      }
    };
    for await (const piece of pieces(source)) await take(reader.push(piece));
    await take(reader.end());
    return report;
  }
  const reader = format === "jsonl" ? lines() : items();
  for await (const piece of pieces(source)) {
    for (const { text, line, column } of reader.push(piece)) await keep(() => parsed(text), line, column);
  }
  for (const { text, line, column } of reader.end()) await keep(() => parsed(text), line, column);
  return report;
}

function checkFormat(format: string): void {
  if (!FORMATS.includes(format)) {
    throw new ValidationError({ message: `cannot read format: expected one of ${FORMATS.join(", ")}, found another value` });
  }
}

function parsed(text: string): CostRecord {
  try {
    return JSON.parse(text) as CostRecord;
  } catch {
    // The host's own message quotes the text, which may be private.
    throw new ValidationError({ message: `cannot read record: expected JSON, found ${text.length} characters that are none` });
  }
}

async function* pieces(source: string | AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>): AsyncGenerator<string, void, undefined> {
  if (typeof source === "string") return yield source;
  const decoder = new TextDecoder();
  for await (const piece of source) yield typeof piece === "string" ? piece : decoder.decode(piece, { stream: true });
  yield decoder.decode();
}

/** A text on its own, and where it begins, from 1. */
interface Piece {
  text: string;
  line: number;
  column: number;
}

interface Reader {
  push(text: string): Piece[];
  end(): Piece[];
}

/** Lines that are not empty. */
function lines(): Reader {
  let [rest, line] = ["", 1];
  const cut = (text: string, last: boolean): Piece[] => {
    const parts = text.split("\n");
    rest = last ? "" : (parts.pop() ?? "");
    return parts.map((part) => ({ text: part.replace(/^\uFEFF/, ""), line: line++, column: 1 })).filter(({ text }) => text.trim() !== "");
  };
  return { push: (text) => cut(rest + text, false), end: () => cut(rest, true) };
}

/** The items of a JSON array, as texts: found by their brackets, read by JSON.parse. */
function items(): Reader {
  let [depth, quoted, escaped, text, started, ended] = [0, false, false, "", false, false];
  let [line, column, at] = [1, 0, { line: 1, column: 1 }];
  const found: Piece[] = [];
  const none = (what: string): never => {
    throw new ValidationError({ message: `line ${line}, column ${column}: cannot read JSON: expected ${what}`, context: { line, column } });
  };
  const close = () => {
    if (text.trim() !== "") found.push({ text, ...at });
    text = "";
  };
  return {
    push(piece) {
      for (const character of piece) {
        column += 1;
        if (character === "\n") [line, column] = [line + 1, 0];
        if (!started) {
          if (character === "[") started = true;
          else if (character.trim() !== "" && character !== "\uFEFF") none("an array of records, found something else");
          continue;
        }
        if (ended) {
          if (character.trim() !== "") none("nothing behind the array, found something");
          continue;
        }
        if (!quoted && depth === 0 && (character === "," || character === "]")) {
          close();
          ended = character === "]";
          continue;
        }
        if (text === "") {
          if (character.trim() === "") continue;
          at = { line, column };
        }
        text += character;
        if (quoted) {
          if (escaped) escaped = false;
          else if (character === "\\") escaped = true;
          else if (character === '"') quoted = false;
        } else if (character === '"') quoted = true;
        else if (character === "{" || character === "[") depth += 1;
        else if (character === "}" || character === "]") depth -= 1;
      }
      return found.splice(0);
    },
    end() {
      if (!ended) none("the end of the array, found the end of the text");
      return found.splice(0);
    },
  };
}
