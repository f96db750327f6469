/** How texts are read together that are one to their reader. */
import type { GuardText } from "./builtin.js";

/**
 * The texts as they may be read: each by itself; and where they are parts of a message, or messages of one role in a row, all of these
 * together, with line breaks between them, and without where parts meet. So nothing is hidden by being cut in two, and nothing is
 * put together that different ones have said.
 */
export function readingsOf(texts: GuardText[], places: number[]): string[] {
  const runs: GuardText[][] = [];
  for (const [index, place] of places.entries()) {
    const [text, before] = [texts[place]!, texts[place - 1]];
    const isOne = text.seam !== undefined && places[index - 1] === place - 1 && before?.role === text.role && before.stage === text.stage;
    if (isOne) runs.at(-1)!.push(text);
    else runs.push([text]);
  }
  const readings = runs.flatMap((run) => {
    const joined = (glued: boolean): string =>
      run.map(({ text, seam }, index) => (index === 0 || (glued && seam === "part") ? text : `\n${text}`)).join("");
    return [...run.map(({ text }) => text), joined(false), joined(true)];
  });
  return [...new Set(readings)].filter((reading) => reading !== "");
}
