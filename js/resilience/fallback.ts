/** Who is asked where a model or a provider fails. */
import type { GuardedAnthropic } from "../client/anthropic.js";
import type { GuardedAzureOpenAI } from "../client/azure.js";
import type { GuardedOpenAI } from "../client/openai.js";
import type { Aim, Aiming } from "../client/target.js";
import type { TollgateError } from "../errors.js";
import type { RequestOptions } from "../types.js";
import { invalid, known, says } from "./check.js";

/** Another target for the same request: at least one of its fields. */
export interface FallbackTarget {
  /** The model asked for there; the same one if left out. */
  model?: string;
  /**
   * The client through whose URL, key, headers and limits it is asked; the same one if left out. Guardrails, budgets, prices and records stay
   * those of the client that was called. It must have what was called: `chat.completions`, `responses`, `embeddings`, or `messages`.
   */
  client?: GuardedOpenAI | GuardedAzureOpenAI | GuardedAnthropic;
  /** Which deployment, where the client is Azure's. */
  deployment?: string;
}

/** Options of a {@link FallbackChain}. */
export interface FallbackOptions {
  /**
   * Whether the next target is asked after an error. If left out, after what another may do better: 408, 409, 429, 5xx, failures of the network,
   * an answer that does not begin in time, a model that there is not, and refusals of one's own limits and breakers. Never asked of
   * what a guardrail has refused, of what its caller gave up, nor once a stream has begun. One that throws, or gives a promise, says no.
   */
  when?: (error: TollgateError) => boolean;
}

/** How a request goes on. @internal */
export interface Chain {
  /** The models that may yet be asked. */
  rest(): { model: string; provider: string }[];
  /** The next target, where there is one and the error is of a kind. `body` is the request as it was let pass. */
  next(error: TollgateError, body: () => string | undefined): Aim | undefined;
}

const CODES = new Set<string>(["rate_limit", "server_error", "conflict", "network", "timeout", "model_not_found", "circuit_open", "queue_full"]);

/**
 * Models and providers that are asked, in their order, where the one before has failed and its retries are used up.
 *
 * The most that the dearest of them can cost is reserved before anything is sent. Each try has its own reservation and, where it may have
 * been billed, its own record. The error of the last target is what the call ends with; `context.attempts` lists what became of the others.
 *
 * ```ts
 * const azure = new GuardedAzureOpenAI({ endpoint, apiKey: azureKey, deployments: { chat: "gpt-5" } });
 * const client = new GuardedOpenAI({
 *   apiKey,
 *   fallback: new FallbackChain([{ client: azure, deployment: "chat" }, { model: "gpt-5-mini" }]),
 * });
 * ```
 */
export class FallbackChain {
  readonly #targets: readonly FallbackTarget[];
  readonly #when: (error: TollgateError) => boolean;

  constructor(targets: readonly FallbackTarget[], options: FallbackOptions = {}) {
    known("the options of FallbackChain", options, ["when"]);
    if (!Array.isArray(targets) || targets.length === 0 || targets.length > 100) {
      throw invalid(`cannot make a FallbackChain: expected an array of 1 to 100 targets, found ${Array.isArray(targets) ? targets.length : typeof targets}`);
    }
    for (const target of targets) {
      known("a target of a FallbackChain", target, ["model", "client", "deployment"]);
      for (const name of ["model", "deployment"] as const) {
        const text: unknown = target[name];
        if (text != null && (typeof text !== "string" || text === "")) {
          throw invalid(`cannot make a FallbackChain: expected ${name} to be a non-empty text, found ${text === "" ? "an empty one" : typeof text}`);
        }
      }
      if (target.model == null && target.client == null && target.deployment == null) {
        throw invalid("cannot make a FallbackChain: expected a model, a client or a deployment in each target, found none");
      }
    }
    if (options.when != null && typeof options.when !== "function") throw invalid(`cannot read when: expected a function, found ${typeof options.when}`);
    this.#targets = targets.map((target) => ({ ...target }));
    this.#when = options.when ?? mayDoBetter;
  }

  /** For one request: `own` is where it was asked for. `others` is what other clients are told of it: none of its headers. @internal */
  begin(own: Aiming, format: string, body: object, others: RequestOptions): Chain {
    const aims = (given: object, from: number): (() => Aim)[] =>
      this.#targets.slice(from).map((target) => () => {
        const asked = bodyFor(target, given);
        return target.client == null ? own.aim(asked) : endpointOf(target.client, format).aim(asked, others);
      });
    let asked = 0;
    return {
      // What is no request is refused as such.
      rest: () => (typeof body !== "object" || body === null ? [] : aims(body, asked).map((aim) => modelOf(aim()))),
      next: (error, unplanned) => {
        if (asked >= this.#targets.length || error.code === "guardrail_blocked" || !says(() => this.#when(error))) return undefined;
        const text = unplanned();
        if (text === undefined) return undefined;
        const aim = aims(JSON.parse(text) as object, asked)[0]!();
        asked += 1;
        return aim;
      },
    };
  }
}

/** The request for a target: what it says instead of what was asked for first. */
function bodyFor({ model, deployment }: FallbackTarget, body: object): object {
  const { deployment: _, ...rest } = body as { deployment?: string };
  return { ...rest, ...(model !== undefined && { model }), ...(deployment !== undefined && { deployment }) };
}

function modelOf({ target, model }: Aim): { model: string; provider: string } {
  return { model: target.model ?? model ?? "", provider: target.provider };
}

/** What of another client is like what was called. */
function endpointOf(client: NonNullable<FallbackTarget["client"]>, format: string): Aiming {
  const { chat, responses, embeddings, messages } = client as unknown as Record<string, unknown> & { chat?: { completions?: unknown } };
  const found = { chat: chat?.completions, responses, embeddings, messages }[format] as Partial<Aiming> | undefined;
  if (typeof found?.aim === "function") return found as Aiming;
  throw invalid(`cannot fall back: expected a client that speaks the format ${format}, found one that does not`);
}

function mayDoBetter(error: TollgateError): boolean {
  return CODES.has(error.code) || error.context["status"] === 408;
}
