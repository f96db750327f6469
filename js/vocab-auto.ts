/**
 * Vocabularies by the name of a model, for hosts and bundlers where `import()` works.
 *
 * ```ts
 * import { loadVocabulary } from "tollgate/vocab/auto";
 * import { countTokens } from "tollgate";
 *
 * await loadVocabulary("gpt-5");
 * countTokens("How many tokens is this?", "gpt-5").exact; // true
 * ```
 *
 * A bundler makes a file of its own of each vocabulary. One that does not split would put all of them into the program: there
 * import the one you need.
 *
 * @module
 */
import { encodingsOf, registerVocabulary } from "./tokens.js";
import type { Vocabulary, VocabularyIds } from "./vocabulary.js";

type Module<T> = () => Promise<{ readonly default: T }>;

const VOCABULARIES: Record<string, readonly [Module<Vocabulary>, Module<VocabularyIds>]> = {
  o200k_base: [() => import("./vocab/o200k_base.js"), () => import("./vocab/o200k_base-ids.js")],
  o200k_harmony: [() => import("./vocab/o200k_harmony.js"), () => import("./vocab/o200k_harmony-ids.js")],
  cl100k_base: [() => import("./vocab/cl100k_base.js"), () => import("./vocab/cl100k_base-ids.js")],
  p50k_base: [() => import("./vocab/p50k_base.js"), () => import("./vocab/p50k_base-ids.js")],
  p50k_edit: [() => import("./vocab/p50k_edit.js"), () => import("./vocab/p50k_edit-ids.js")],
  r50k_base: [() => import("./vocab/r50k_base.js"), () => import("./vocab/r50k_base-ids.js")],
  qwen3: [() => import("./vocab/qwen3.js"), () => import("./vocab/qwen3-ids.js")],
  deepseek_v3: [() => import("./vocab/deepseek_v3.js"), () => import("./vocab/deepseek_v3-ids.js")],
  tekken: [() => import("./vocab/tekken.js"), () => import("./vocab/tekken-ids.js")],
};

/** The vocabularies that are registered or on their way, with their ids or without. */
const loaded = new Map<string, Promise<void>>();

/**
 * Loads and registers the vocabulary of a model, or of an encoding by its own name. Gives the name of the encoding, or
 * undefined for a model without a public one. A vocabulary is loaded once.
 *
 * With `ids`, tokenizers of it encode and decode.
 */
export async function loadVocabulary(model: string, { ids = false }: { ids?: boolean } = {}): Promise<string | undefined> {
  const name = Object.hasOwn(VOCABULARIES, model) ? model : encodingsOf(model)[0];
  const modules = name === undefined ? undefined : VOCABULARIES[name];
  if (name === undefined || modules === undefined) return undefined;
  const key = ids ? `${name}-ids` : name;
  let loading = loaded.get(key);
  if (loading === undefined) {
    loading = (async () => {
      const [{ default: vocabulary }, withIds] = await Promise.all([modules[0](), ids ? modules[1]() : undefined]);
      registerVocabulary(vocabulary, withIds?.default);
    })();
    loaded.set(key, loading);
    // A load that failed may be tried again.
    loading.catch(() => loaded.delete(key));
  }
  await loading;
  return name;
}
