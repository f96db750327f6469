/** Cost records as CSV (RFC 4180): columns that a spreadsheet can sum, and one with what they don't say. */
import { ValidationError } from "../errors.js";
import type { CostRecord } from "../types.js";

const TEXTS = ["id", "requestId", "agentId", "model", "provider", "timestamp", "usd", "costSource", "outcome", "estimated", "serviceTier", "reservationId"] as const;
const COUNTS = ["inputTokens", "outputTokens", "totalTokens"] as const;
const OTHERS = ["priced", "streamed", "revision", "attempt", "latencyMs", "timeToFirstTokenMs"] as const;
/** Fields of a record that are no columns of their own, as JSON. */
const REST = "rest";
const COLUMNS: readonly string[] = [...TEXTS, ...COUNTS, ...OTHERS, REST];

/** The first line. */
export const CSV_HEAD = `${COLUMNS.join(",")}\r\n`;

/**
 * A cell. A spreadsheet takes what begins with these characters for a formula, and runs it: such a cell begins with an
 * apostrophe, which it shows as text, and which is taken off again when it is read. So it is with one that begins with one.
 */
function cell(text: string): string {
  const safe = /^['=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A record as a line. */
export function csvOf(record: CostRecord): string {
  const { actualTokens, ...rest } = record as unknown as Record<string, unknown> & { actualTokens: Record<string, unknown> };
  const tokens = { ...actualTokens };
  const cells: string[] = [];
  const take = (from: Record<string, unknown>, keys: readonly string[], kind: string) => {
    for (const key of keys) {
      const value = from[key];
      // An empty text and none are told apart: what is empty stays in the last column.
      const fits = Object.hasOwn(from, key) && value !== "" && (kind === "string" ? typeof value === kind : typeof value !== "object");
      cells.push(fits ? cell(String(value)) : "");
      if (fits) delete from[key];
    }
  };
  take(rest, TEXTS, "string");
  take(tokens, COUNTS, "number");
  take(rest, OTHERS, "other");
  // Derived from the exact amounts, and made again when the record is read.
  delete rest["actualCost"];
  if (rest["schema"] === 1) delete rest["schema"];
  const left = Object.keys(tokens).length > 0 ? { ...rest, actualTokens: tokens } : rest;
  cells.push(cell(JSON.stringify(left)));
  return `${cells.join(",")}\r\n`;
}

/** The record of a line; an error says in `cell` which of its cells it is about. Columns that nobody knows are `metadata`. */
export function recordOfCsv(names: readonly string[], cells: readonly string[]): CostRecord {
  const record: Record<string, unknown> = {};
  const [tokens, metadata]: [Record<string, unknown>, Record<string, unknown>] = [{}, {}];
  let rest: Record<string, unknown> = {};
  const refuse = (at: number, message: string): never => {
    throw Object.assign(new ValidationError({ message: `cannot read CSV: ${message}` }), { cell: at });
  };
  names.forEach((name, at) => {
    const raw = cells[at] ?? "";
    if (raw === "") return;
    const text = raw.startsWith("'") ? raw.slice(1) : raw;
    const number = () => (text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : refuse(at, `expected ${name} to be a number, found another text`));
    if (name === REST) {
      try {
        rest = JSON.parse(text) as Record<string, unknown>;
      } catch {
        refuse(at, "expected rest to be JSON, found another text");
      }
    } else if ((TEXTS as readonly string[]).includes(name)) record[name] = text;
    else if ((COUNTS as readonly string[]).includes(name)) tokens[name] = number();
    else if (name === "priced" || name === "streamed") record[name] = text === "true" ? true : text === "false" ? false : refuse(at, `expected ${name} to be true or false, found another text`);
    else if ((OTHERS as readonly string[]).includes(name) || name === "actualCost") record[name] = number();
    else Object.defineProperty(metadata, name, { value: text, enumerable: true, configurable: true, writable: true });
  });
  const { actualTokens, ...fields } = rest;
  return {
    ...record,
    actualTokens: { ...tokens, ...(actualTokens as object | undefined) },
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
    ...fields,
  } as unknown as CostRecord;
}

/** A line, and where it and its cells begin, from 1. */
export interface CsvRow {
  cells: string[];
  line: number;
  columns: number[];
}

/** Reads CSV piece by piece: commas or, where the first line has them, semicolons or tabs; cells in quotes may hold line breaks. */
export class CsvReader {
  #line = 1;
  #column = 1;
  #row: CsvRow = { cells: [], line: 1, columns: [] };
  #cell = "";
  #begun = 1;
  /** Inside of quotes; behind a quote inside of them, which ends them or is the first of two. */
  #state: "plain" | "quoted" | "quote" = "plain";
  #separator: string | undefined;
  #wasReturn = false;

  push(text: string): CsvRow[] {
    const rows: CsvRow[] = [];
    if (this.#separator === undefined && text !== "") {
      const head = /^\uFEFF?[^\r\n]*/.exec(text)?.[0] ?? "";
      this.#separator = [",", ";", "\t"].find((separator) => head.includes(separator)) ?? ",";
    }
    for (const character of text) {
      const wasReturn = this.#wasReturn;
      this.#wasReturn = false;
      if (this.#state === "quoted") {
        if (character === '"') this.#state = "quote";
        else this.#cell += character;
      } else if (this.#state === "quote" && character === '"') {
        this.#cell += character;
        this.#state = "quoted";
      } else if (character === '"' && this.#cell === "" && this.#state === "plain") {
        this.#state = "quoted";
      } else if (character === this.#separator) {
        this.#endCell();
      } else if (character === "\n" && wasReturn) {
        // The second half of a line's end.
        this.#row.line = this.#line + 1;
      } else if (character === "\n" || character === "\r") {
        this.#endRow(rows);
        this.#wasReturn = character === "\r";
      } else if (character !== "\uFEFF" || this.#line > 1 || this.#column > 1) {
        this.#cell += character;
        this.#state = "plain";
      }
      if (character === "\n") [this.#line, this.#column] = [this.#line + 1, 1];
      else this.#column += 1;
      if (this.#cell === "" && this.#state === "plain") this.#begun = this.#column;
      if (this.#row.cells.length === 0 && this.#cell === "" && this.#state === "plain") this.#row.line = this.#line;
    }
    return rows;
  }

  end(): CsvRow[] {
    const rows: CsvRow[] = [];
    if (this.#state === "quoted") {
      const [line, column] = [this.#line, this.#column];
      throw new ValidationError({ message: `line ${line}, column ${column}: cannot read CSV: expected a closing quote, found the end`, context: { line, column } });
    }
    this.#endRow(rows);
    return rows;
  }

  #endCell(): void {
    this.#row.cells.push(this.#cell);
    this.#row.columns.push(this.#begun);
    this.#cell = "";
    this.#state = "plain";
  }

  #endRow(rows: CsvRow[]): void {
    const empty = this.#row.cells.length === 0 && this.#cell === "" && this.#state === "plain";
    this.#endCell();
    // A line of nothing is none.
    if (!empty) rows.push(this.#row);
    this.#row = { cells: [], line: this.#line, columns: [] };
  }
}
