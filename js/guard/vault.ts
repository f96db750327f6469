/** Values taken out of a conversation, and put back. */
import { Held, type Core } from "../core.js";
import { ValidationError } from "../errors.js";
import { checkKeys } from "../options.js";
import type { PIIType } from "./pii.js";
import { close, open } from "./vault-export.js";

/** The core's half of a vault. */
type CoreVault = InstanceType<Core["Vault"]>;

/** What {@link Vault} is made from. */
export interface VaultOptions {
  /**
   * What takes the place of a value: `tokenize` (if left out) a placeholder, `surrogate` a value of the same kind and form that is
   * nobody's, for models that stumble over placeholders.
   */
  action?: "tokenize" | "tokenise" | "surrogate";
  /** Personal data that is taken out; all types if left out. */
  detectTypes?: PIIType[];
  /** Whether keys, tokens and passwords are taken out; `true` if left out. */
  secrets?: boolean;
  /** Values that stay. Case does not matter; one may begin or end with `*`, which stands for anything. */
  allow?: string[];
  /** The key that surrogates are made with, at least 16 characters: the same value has the same one in every vault with this key. */
  hashKey?: string;
}

/** What a text became when values were put back in it. */
export interface VaultRestored {
  text: string;
  /** How many values were put back. */
  restored: number;
  /** Placeholders that stand for nothing in this vault: a model made them up, or they are another's. */
  notRestored: string[];
}

/** A text that comes in pieces, in which values are put back. Only what may still become a placeholder waits. */
export interface VaultRestoreStream {
  /** Takes a piece, gives what may leave. */
  push(text: string): string;
  /** No more comes: gives what was held. */
  end(): string;
  /** How many values were put back so far. */
  readonly restored: number;
  /** Placeholders so far that stand for nothing in this vault. */
  readonly notRestored: string[];
}

/** Half of a pair at the end of a text. */
const HIGH_SURROGATE = /[\uD800-\uDBFF]$/;

const cores = new WeakMap<object, Held<CoreVault>>();

/**
 * The core's half of a vault. What is no vault is refused.
 *
 * @internal
 */
export function coreOfVault(vault: unknown): Held<CoreVault> {
  const core = typeof vault === "object" && vault !== null ? cores.get(vault) : undefined;
  if (core === undefined) throw new ValidationError({ message: "cannot use a vault: expected vault to be a Vault, found another value" });
  return core;
}

/**
 * The values of one conversation, and the placeholders that stand for them while a model sees it. Make one for each conversation: what
 * one holds is unknown to all others.
 *
 * It lives in the memory of the WebAssembly module. Should the module ever trap, using a vault of before throws `instance_lost`.
 *
 * @example
 * const vault = new Vault();
 * const sent = vault.redact("Write to ann@example.com"); // "Write to [EMAIL_1_KQZT]"
 * vault.restore(sent); // "Write to ann@example.com"
 */
export class Vault {
  /** `data` is for {@link Vault.import}. */
  constructor(options: VaultOptions = {}, data?: string) {
    const guards = guardsOf(options);
    let text = data;
    const held = new Held<CoreVault>("stateful", (core) => {
      const first = text;
      text = undefined;
      return new core.Vault(guards, first);
    });
    cores.set(this, held);
    // Now, so that nothing is kept outside of the core, and what is wrong is told here.
    if (data !== undefined) held.use(() => undefined);
  }

  /** How many values it holds. */
  get size(): number {
    return coreOfVault(this).use((vault) => vault.size());
  }

  /** A text as it may be sent: personal data and secrets in it, and all values that the vault holds, have their placeholders. */
  redact(text: string): string {
    return coreOfVault(this).use((vault) => vault.redact(checked(text)));
  }

  /**
   * A text with the values in the places of their placeholders and stand-ins. A placeholder may be in letters of either case, without
   * brackets, or with other separators.
   */
  restore(text: string): string {
    return this.restoreWithReport(text).text;
  }

  /** As {@link Vault.restore}, and what came of it. */
  restoreWithReport(text: string): VaultRestored {
    return JSON.parse(coreOfVault(this).use((vault) => vault.restore(checked(text), false))) as VaultRestored;
  }

  /** Arguments of a tool, for it to run with. JSON stays JSON: each string in it is put right by itself. */
  restoreArguments(json: string): string {
    return (JSON.parse(coreOfVault(this).use((vault) => vault.restore(checked(json), true))) as VaultRestored).text;
  }

  /** For a text that comes in pieces: together they are what {@link Vault.restore} makes of the whole. */
  restoreStream(): VaultRestoreStream {
    const own = coreOfVault(this);
    const held = new Held("stateful", (core: Core) => own.use((vault) => new core.VaultRestore(vault)));
    held.use(() => undefined);
    // Half of a surrogate pair waits for the other half: alone it would cross as another character.
    let half = "";
    return {
      push: (text) => {
        const whole = half + checked(text);
        half = HIGH_SURROGATE.exec(whole)?.[0] ?? "";
        return held.use((stream) => stream.push(whole.slice(0, whole.length - half.length)));
      },
      end: () => {
        const last = half;
        half = "";
        return held.use((stream) => stream.push(last) + stream.end());
      },
      get restored() {
        return held.use((stream) => stream.restored());
      },
      get notRestored() {
        return held.use((stream) => stream.notRestored());
      },
    };
  }

  /**
   * Everything it holds, encrypted: a text for a storage of the application's own.
   *
   * @param key a passphrase, or a `CryptoKey` for AES-GCM that may encrypt
   */
  async export(key: CryptoKey | string): Promise<string> {
    return close(coreOfVault(this).use((vault) => vault.exportText()), key);
  }

  /**
   * The vault that was exported. With its `options` it goes on as it was.
   *
   * @throws {ValidationError} `vault_key` where the key is another one, or the export was changed
   */
  static async import(data: string, key: CryptoKey | string, options?: VaultOptions): Promise<Vault> {
    return new Vault(options, await open(data, key));
  }

  /** What a logger may see: how many values there are. */
  toJSON(): { vault: string; size: number } {
    return { vault: "Vault", size: this.size };
  }
}

function checked(text: unknown): string {
  if (typeof text === "string") return text;
  throw new ValidationError({ message: `cannot read a text: expected a string, found ${text === null ? "null" : typeof text}` });
}

const KEYS = ["action", "detectTypes", "secrets", "allow", "hashKey"];

function guardsOf(options: VaultOptions): object[] {
  checkKeys("the options of Vault", options, KEYS);
  const { action = "tokenize", detectTypes, secrets = true, allow, hashKey } = options;
  if (!["tokenize", "tokenise", "surrogate"].includes(action)) {
    throw new ValidationError({ message: "cannot read the options of Vault: expected action to be tokenize or surrogate, found another" });
  }
  const common = { action, ...(allow && { allow }), ...(hashKey !== undefined && { hashKey }) };
  const guards = [{ kind: "pii", options: { ...common, ...(detectTypes && { detectTypes }) } }];
  return secrets ? [...guards, { kind: "secrets", options: common }] : guards;
}
