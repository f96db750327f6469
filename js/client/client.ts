/** What is the same for the guarded clients of all providers. */
import type { CallContext } from "../types.js";
import { Shared, checkContext, mergeContexts, type GuardedClientConfig } from "./config.js";
import type { View } from "./endpoint.js";

/** What one kind of client is, beside what it can be asked for. */
export interface Kind<C extends GuardedClientConfig, Secret extends keyof C, Self> {
  /** Refuses a configuration that can't work. */
  check: (config: C) => C;
  /** What of it is shown to nobody. */
  secrets: readonly Secret[];
  /** Another of the kind, over what this one shares. */
  make: (config: C, view: View<C>) => Self;
  /** What a logger may see. */
  shown: (config: C) => object;
}

/** What a client shares with its views: all of it has a key in it somewhere. */
export function viewOf<C extends GuardedClientConfig, Secret extends keyof C, Self>({ check }: Kind<C, Secret, Self>, config: C): View<C> {
  return { shared: new Shared(check, config), context: {} };
}

/** A guarded client: its configuration, and its views. */
export abstract class GuardedClient<C extends GuardedClientConfig, Secret extends keyof C, Self, Shown extends object> {
  readonly #kind: Kind<C, Secret, Self>;
  readonly #view: View<C>;

  /** @internal */
  protected constructor(kind: Kind<C, Secret, Self>, view: View<C>) {
    this.#kind = kind;
    this.#view = view;
  }

  /** The same client, spending on somebody's account: it shares everything, and is cheap enough for each request. */
  with(context: CallContext): Self {
    checkContext(context);
    const { shared, context: own } = this.#view;
    return this.#kind.make(shared.config, { shared, context: mergeContexts(own, context) });
  }

  /** How it is configured, without keys and tokens. */
  getConfig(): Omit<C, Secret> {
    return this.#view.shared.without(...this.#kind.secrets);
  }

  /** Changes the configuration, for this client and all its views. */
  updateConfig(partial: Partial<C>): void {
    this.#view.shared.update(partial);
  }

  /** What a logger may see: never a key. */
  toJSON(): Shown {
    return this.#kind.shown(this.#view.shared.config) as Shown;
  }
}
