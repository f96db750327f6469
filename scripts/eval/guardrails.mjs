// How many of a set's texts the guardrails find, and how many benign ones they take for something. Measures what is built.
//
//     npm run eval:guardrails -- <folder> [--show <set>]
//
// The folder holds sets as JSON Lines, gzipped or not: `text`, `label` (1: to be found, 0: benign), and where known `spans`,
// [[start, end, type]]. A set's name says what it is about: `secrets_*`, `pii_*`, else injection; `benign_*` is for all three.
// `--show` prints what was missed and what was found wrongly in a set.
//
// The n-grams for injection were fitted on some of these sets. Of those it also prints what is found where the texts that are
// measured were not fitted on (cross-validated), as data/guard/ngrams.txt has it from `npm run guard:fit`.
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { GuardrailEngine, PIIDetectionGuardrail, PromptInjectionGuardrail, SecretDetectionGuardrail } from "tollgate";
import { Problem, ROOT, main } from "../lib/run.mjs";

/** Types of other people's sets, by ours. */
const PII = {
  EMAIL_ADDRESS: "email",
  PHONE_NUMBER: "phone",
  US_SSN: "ssn",
  CREDIT_CARD: "creditCard",
  ABA_ROUTING_NUMBER: "usRoutingNumber",
  AU_ABN: "auAbn",
  AU_ACN: "auAcn",
  AU_MEDICARE: "auMedicare",
  AU_TFN: "auTfn",
  CA_SIN: "caSin",
  CRYPTO: "cryptoAddress",
  DE_HEALTH_INSURANCE: "deHealthInsurance",
  DE_ID_CARD: "deIdCard",
  DE_PASSPORT: "dePassport",
  DE_SOCIAL_SECURITY: "deSocialSecurity",
  DE_TAX_ID: "deTaxId",
  DE_TAX_NUMBER: "deTaxNumber",
  DE_VAT_ID: "deVatId",
  ES_NIE: "esNie",
  ES_NIF: "esNif",
  ES_PASSPORT: "esPassport",
  FI_PERSONAL_IDENTITY_CODE: "fiHetu",
  IBAN_CODE: "iban",
  IN_AADHAAR: "inAadhaar",
  IN_GSTIN: "inGstin",
  IN_PAN: "inPan",
  IN_PASSPORT: "inPassport",
  IN_VOTER: "inVoter",
  IP_ADDRESS: "ipAddress",
  IT_DRIVER_LICENSE: "itDriverLicense",
  IT_FISCAL_CODE: "itFiscalCode",
  IT_VAT_CODE: "itVat",
  KR_BRN: "krBrn",
  KR_DRIVER_LICENSE: "krDriverLicense",
  KR_FRN: "krFrn",
  KR_PASSPORT: "krPassport",
  KR_RRN: "krRrn",
  MAC_ADDRESS: "macAddress",
  NG_NIN: "ngNin",
  NG_VEHICLE_REGISTRATION: "ngPlate",
  PH_MOBILE_NUMBER: "phone",
  PH_TIN: "phTin",
  PL_PESEL: "plPesel",
  SE_ORGANISATIONSNUMMER: "seOrganisationsnummer",
  SE_PERSONNUMMER: "sePersonnummer",
  SG_NRIC_FIN: "sgNric",
  SG_UEN: "sgUen",
  TH_TNIN: "thNationalId",
  TR_LICENSE_PLATE: "trPlate",
  TR_NATIONAL_ID: "trNationalId",
  TR_PHONE_NUMBER: "phone",
  UK_DRIVING_LICENCE: "ukDrivingLicence",
  UK_NHS: "ukNhs",
  UK_NINO: "ukNino",
  UK_PASSPORT: "ukPassport",
  UK_POSTCODE: "ukPostcode",
  UK_VEHICLE_REGISTRATION: "ukVehicle",
  US_BANK_NUMBER: "usBankAccount",
  US_DRIVER_LICENSE: "usDriverLicense",
  US_ITIN: "usItin",
  US_MBI: "usMbi",
  US_NPI: "usNpi",
  US_PASSPORT: "usPassport",
  ZA_ID_NUMBER: "zaId",
};

/** By set, what the cross-validated weights find, in per cent: `[found, wrong]`. */
const CROSSED = Object.fromEntries(
  [...readFileSync(join(ROOT, "data/guard/ngrams.txt"), "utf8").matchAll(/^# (\w+): to find \d+: \S+ \S+ (\S+) \S+; benign \d+: \S+ \S+ (\S+)$/gm)].map(
    ([, set, found, wrong]) => [set, [found, wrong].map((part) => (part === "-" ? "-" : `${part} %`))],
  ),
);

const GUARDRAILS = { injection: PromptInjectionGuardrail, pii: PIIDetectionGuardrail, secrets: SecretDetectionGuardrail };

function engineOf(kind) {
  const engine = new GuardrailEngine();
  engine.registerGuardrail(new GUARDRAILS[kind]({ action: "warn" }));
  return engine;
}

function read(path) {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

/** The spans of a row that the PII guardrail is there for. */
const supported = (row) => (row.spans ?? []).filter(([, , type]) => type in PII);

/** Offsets of Python are characters, those of JavaScript UTF-16 units. */
const units = (text, at) => [...text].slice(0, at).join("").length;

const percent = (part, whole) => (whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)} %`);

const cell = (text, width) => String(text).padStart(width);

function measure(name, rows, kind, show) {
  const engine = engineOf(kind);
  const count = { found: 0, positive: 0, wrong: 0, benign: 0, characters: 0 };
  const tell = (what, text) => show && console.log(`    ${what}: ${JSON.stringify(text.slice(0, 200))}`);
  const started = performance.now();
  for (const row of rows) {
    count.characters += row.text.length;
    const { findings } = engine.scan(row.text);
    if (kind === "pii" && row.spans !== undefined && name.startsWith("pii")) {
      // By finding: each span that is ours to find; a finding that touches no span of any type is wrong.
      for (const [start, end, type] of supported(row)) {
        count.positive += 1;
        const [from, to] = [units(row.text, start), units(row.text, end)];
        const hit = findings.some((one) => one.type === PII[type] && one.start < to && one.end > from);
        count.found += hit ? 1 : 0;
        if (!hit) tell(`missed ${type}`, row.text);
      }
      count.benign += 1;
      const stray = findings.some((one) => !row.spans.some(([start, end]) => one.start < units(row.text, end) && one.end > units(row.text, start)));
      count.wrong += stray ? 1 : 0;
      if (stray) tell("found wrongly", row.text);
    } else if (row.label === 1 && !name.startsWith("benign")) {
      count.positive += 1;
      count.found += findings.length > 0 ? 1 : 0;
      if (findings.length === 0) tell("missed", row.text);
    } else {
      count.benign += 1;
      count.wrong += findings.length > 0 ? 1 : 0;
      if (findings.length > 0) tell(`found wrongly (${findings.map(({ rule }) => rule).join(", ")})`, row.text);
    }
  }
  const [crossed, crossedWrong] = (kind === "injection" && CROSSED[name]) || ["", ""];
  const speed = count.characters / 1000 / (performance.now() - started);
  console.log(
    `  ${name.padEnd(34)}${kind.padEnd(10)}${cell(count.positive, 8)}${cell(percent(count.found, count.positive), 10)}${cell(crossed, 9)}` +
      `${cell(count.benign, 8)}${cell(percent(count.wrong, count.benign), 10)}${cell(crossedWrong, 9)}${cell(speed.toFixed(1), 8)}`,
  );
}

await main(() => {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { show: { type: "string" } } });
  const [folder] = positionals;
  if (folder === undefined) throw new Problem("cannot measure: expected a folder of sets, found none; npm run eval:guardrails -- <folder>");
  const sets = readdirSync(folder).filter((file) => /\.jsonl(\.gz)?$/.test(file)).sort();
  if (sets.length === 0) throw new Problem("cannot measure: expected .jsonl or .jsonl.gz files in the folder, found none");
  console.log(`  ${"set".padEnd(34)}${"guard".padEnd(10)}${cell("to find", 8)}${cell("found", 10)}${cell("crossed", 9)}${cell("benign", 8)}${cell("wrong", 10)}${cell("crossed", 9)}${cell("MB/s", 8)}`);
  for (const file of sets) {
    const name = file.replace(/\.jsonl(\.gz)?$/, "");
    const rows = read(join(folder, file));
    const kinds = name.startsWith("benign") ? Object.keys(GUARDRAILS) : name.startsWith("pii") ? ["pii"] : name.startsWith("secrets") ? ["secrets"] : ["injection"];
    for (const kind of kinds) measure(name, rows, kind, values.show === name);
  }
});
