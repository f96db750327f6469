// What the price books of the working tree change over those of a commit, as Markdown: `npm run prices:changes -- HEAD`.
//
// What counts as a change is `PriceBook.update`'s: this hands it the one book as a table to be put over the other, and prints
// its report. An update takes nothing away, so what is said no more is looked for beside it, and so are limits and names.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT, Problem, main } from "../lib/run.mjs";
import { differences } from "./differences.mjs";

/** More lines than this are counted and not printed. */
const MOST = 200;

const list = (lines, count) => [...lines.slice(0, MOST), ...(count > MOST ? [`- and ${count - Math.min(lines.length, MOST)} more`] : [])];

/** The report of one book over another, as Markdown. */
export async function changes(PriceBook, name, before, after) {
  const book = PriceBook.fromJSON(before);
  const report = await book.update(name, { fetch: async () => new Response(after), dryRun: true, maxLost: 1, maxPriceRatio: Infinity });
  if (report.refusal !== undefined) throw new Problem(`cannot compare ${name}: ${report.refusal.detail}`);
  // As an update with the usual limits would judge it.
  const { refusal } = await book.update(name, { fetch: async () => new Response(after), dryRun: true });
  const { counts } = report;
  const others = differences(book.toJSON(), PriceBook.fromJSON(after).toJSON());
  const lines = [`## ${name}`, "", `${counts.changes} rates changed, ${counts.added} models added, ${counts.lost} gone; ${others.length} other differences.`];
  if (refusal !== undefined) lines.push("", `**Look twice**: ${refusal.detail}.`);
  if (counts.changes > 0) {
    lines.push("", "| model | rate | was | is | since |", "|---|---|---|---|---|");
    lines.push(...list(report.changes.map((one) => `| ${one.provider}/${one.model} | ${one.rate} | ${one.from ?? ""} | ${one.to} | ${one.since ?? ""} |`), counts.changes));
  }
  if (others.length > 0) {
    lines.push("", "### Said no more, limits and names", "", "| model | what | was | is |", "|---|---|---|---|");
    lines.push(...list(others.map(({ model, what, was, is }) => `| ${model} | ${what} | ${was ?? ""} | ${is ?? ""} |`), others.length));
  }
  for (const [title, names, count] of [["Added", report.added, counts.added], ["Gone", report.lost, counts.lost]]) {
    if (count > 0) lines.push("", `### ${title}`, "", ...list(names.map((one) => `- ${one}`), count));
  }
  return lines.join("\n");
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(async () => {
    const commit = process.argv[2] ?? "HEAD";
    const built = join(ROOT, "dist/index.js");
    if (!existsSync(built)) throw new Problem("cannot compare prices: expected the built package, found none; `npm run build` makes it");
    const { PriceBook } = await import(pathToFileURL(built).href);
    for (const name of ["main", "full"]) {
      const path = `data/prices/${name}.json`;
      const before = execFileSync("git", ["show", `${commit}:${path}`], { cwd: ROOT, encoding: "utf8", maxBuffer: 1 << 26 });
      console.log(`${await changes(PriceBook, path, before, readFileSync(join(ROOT, path), "utf8"))}\n`);
    }
  });
}
