// The vocabularies as modules: data/vocab/<name>.bin in the form of text, so that they need no I/O where they are imported.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/run.mjs";
import { encode } from "../lib/bytes.mjs";
import { FAMILIES, SOURCE } from "./encodings.mjs";
import { SHIPPED } from "./open.mjs";

const NOTE = `from npm ${SOURCE.name} ${SOURCE.version} (${SOURCE.licence})`;

function textModule(head, bytes, what) {
  const { alphabet, order, text } = encode(bytes);
  const fields = { ...head, alphabet, order, text };
  const lines = Object.entries(fields).map(([key, value]) => `  ${key}: "${value}",\n`);
  return `// ${what} Made by scripts/build.mjs out of data/vocab.\nexport default {\n${lines.join("")}};\n`;
}

const types = (type, what) =>
  `import type { ${type} } from "../vocabulary.js";\n\n/** ${what} */\ndeclare const packed: ${type};\nexport default packed;\n`;

const packed = (name) => ["", "-ids"].map((ending) => readFileSync(join(ROOT, "data/vocab", `${name}${ending}.bin`)));

function* filesOf(name, vocabulary, ids, counts, encodes) {
  yield [`${name}.d.ts`, types("Vocabulary", counts)];
  yield [`${name}-ids.d.ts`, types("VocabularyIds", encodes)];
  yield [`${name}.bin`, vocabulary];
  yield [`${name}-ids.bin`, ids];
}

/** All files, `[name, content]`. */
export function* vocabularyModules() {
  for (const { name, licence, normalization, package: [registry, package_, version] } of SHIPPED) {
    const [vocabulary, ids] = packed(name);
    const note = `out of ${registry} ${package_} ${version} (the model's licence: ${licence})`;
    const [counts, encodes] = [`The vocabulary ${name}, ${note}.`, `The ids of the vocabulary ${name}, ${note}.`];
    yield* filesOf(name, vocabulary, ids, counts, encodes);
    yield [`${name}.js`, textModule({ name, ...(normalization === undefined ? {} : { normalization }) }, vocabulary, counts)];
    yield [`${name}-ids.js`, textModule({}, ids, encodes)];
  }
  for (const { encodings } of FAMILIES) {
    const [{ name: first }] = encodings;
    const [vocabulary, ids] = packed(first);
    for (const { name } of encodings) {
      const [counts, encodes] = [`The vocabulary ${name}, ${NOTE}.`, `The ids of the vocabulary ${name}, ${NOTE}.`];
      yield* filesOf(name, vocabulary, ids, counts, encodes);
      if (name === first) {
        yield [`${name}.js`, textModule({ name }, vocabulary, counts)];
        yield [`${name}-ids.js`, textModule({}, ids, encodes)];
      } else {
        // It splits as the first does; only the special tokens differ, and the core knows them by the name.
        yield [`${name}.js`, `// ${counts}\nimport base from "./${first}.js";\n\nexport default { ...base, name: "${name}" };\n`];
        yield [`${name}-ids.js`, `// ${encodes}\nexport { default } from "./${first}-ids.js";\n`];
      }
    }
  }
}
