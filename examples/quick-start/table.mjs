// @ts-check
/**
 * Tables for a terminal, or wherever lines of text are shown.
 *
 * @module
 */

/**
 * @param {string} title
 * @param {(string | number)[][]} rows the first is the heading
 * @returns {string}
 */
export function table(title, rows) {
  const cells = rows.map((row) => row.map(String));
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => [...(row[column] ?? "")].length)));
  const line = (/** @type {string[]} */ row) => `  ${row.map((cell, column) => cell + " ".repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length))).join("   ")}`.trimEnd();
  const [heading = [], ...body] = cells;
  return [`\n${title}`, line(heading), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}
