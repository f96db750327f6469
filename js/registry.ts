/** The vocabularies that the application registered, and the core's knowledge of them. */
import { currentGeneration, run } from "./core.js";

/** What counts for the models of an encoding. */
interface Registered {
  /** Has the core count by it. */
  register(): void;
}

/** By the name of the encoding. */
const registered = new Map<string, Registered>();

let told: number | undefined;

/** Registers a tokenizer for the models of its encoding, in place of one before. */
export function register(name: string, tokenizer: Registered): void {
  registered.set(name, tokenizer);
  told = undefined;
}

/**
 * Tells the core which vocabularies there are, before a call of it that counts. They are read when it first needs them, so
 * nothing is read that no model uses.
 */
export function offerVocabularies(): void {
  if (registered.size === 0 || told === currentGeneration()) return;
  run((core) => core.offerVocabularies([...registered.keys()], (name: string) => registered.get(name)?.register()));
  told = currentGeneration();
}
