/** Begins a guarded call: what was configured, for whom it is, and the request, as one thing to drive. */
import { Held } from "../core.js";
import { coreOfVault } from "../guard/vault.js";
import { generateId } from "../id.js";
import { offerVocabularies } from "../registry.js";
import type { Chain } from "../resilience/fallback.js";
import type { RetryConfig } from "../resilience/retry-config.js";
import { PriceBook } from "../price.js";
import { toJson } from "../store/json.js";
import { coreOfTracker, type CostTracker } from "../tracker.js";
import type { CallContext, RequestOptions } from "../types.js";
import { settingsOf, type GuardedConfig } from "./config.js";
import { Deadline } from "./deadline.js";
import { RunningCall } from "./drive.js";
import { Audience, observe, placeOf, type Listeners } from "./events.js";
import type { CoreCall } from "./host.js";
import type { Aim, Target } from "./target.js";

/** What of a call its client says. */
export interface Beginning {
  shared: { readonly config: GuardedConfig & { maxRetries?: number; retry?: RetryConfig }; readonly tracker: CostTracker };
  /** Where the request goes first. */
  aim: Aim;
  context: CallContext;
  options: RequestOptions;
  /** Where it goes after that. */
  chain?: Chain | undefined;
  /** Whether the answer's bytes are wanted, as a `fetch` gives them. */
  raw?: boolean;
  /** Where it began before, its time. */
  deadline?: Deadline;
  /** Who listens beside those that are configured. */
  listeners?: Listeners;
}

/** A call that has not begun to do anything. */
export function beginCall({ shared, aim, context, options, chain, raw = false, deadline, listeners }: Beginning): RunningCall {
  const { config, tracker } = shared;
  const requestId = context.requestId || generateId();
  // A caller may give one id to several calls: their reservations must not be one.
  const reservationId = !context.requestId ? requestId : `${requestId}#${generateId()}`;
  const agentId = context.agentId || config.agentId || "default";
  const own = settingsOf(config, options);
  const settings = tracker.getConfig();
  const engine = config.enableGuardrails === false ? undefined : config.guardrailEngine;
  const budgets = settings.enableBudgets === false ? undefined : config.budgetManager;
  const storage = settings.persistRecords === false ? undefined : config.costStorage;
  const costs = config.enableCostTracking !== false && settings.enabled !== false;
  const audience = new Audience(config, listeners);
  const metadataOf = ({ metadata }: Target): Record<string, unknown> | undefined => (metadata ?? context.metadata) && { ...metadata, ...context.metadata };
  const wireOf = ({ target }: Aim): string =>
    toJson(
      {
        requestId,
        reservationId,
        agentId,
        format: target.format,
        model: target.model,
        mapped: target.mapped,
        stream: target.stream,
        provider: target.provider,
        region: context.region ?? config.region,
        guard: engine !== undefined,
        costs,
        budgets: budgets !== undefined,
        records: storage !== undefined || budgets !== undefined || audience.has("onRecord") || config.telemetry != null,
        raw,
        allowUnbounded: config.allowUnbounded,
        outputBound: own.outputBound,
        retry: config.retry,
        fallbacks: chain?.rest(),
        scopes: context.scopes ?? [],
        metadata: metadataOf(target),
      },
      "the context of a call",
    );
  const contextOf = ({ target, model }: Aim): Record<string, unknown> => {
    const metadata = metadataOf(target);
    return { requestId, agentId, ...(model !== undefined && { model }), provider: target.provider, ...(metadata && { metadata }) };
  };
  const wire = wireOf(aim);
  offerVocabularies();
  const core = new Held<CoreCall>("stateful", (glue) =>
    coreOfTracker(tracker).use((prices) => new glue.Call(prices, wire, own.defaultMaxOutput, own.maxRetries, own.timeoutMs, aim.text)),
  );
  // Made now, so that a request that can't be read is refused before a timer runs.
  const vault = context.vault ?? undefined;
  // What a vault takes out must not be kept, and its placeholders mean nothing to others.
  const isCached = vault === undefined && context.cache !== "skip";
  const cache = isCached ? (config.cache ?? undefined)?.seat(context.cache === "refresh", { ...context, agentId }) : undefined;
  core.use((call) => {
    if (vault !== undefined) coreOfVault(vault).use((own) => call.useVault(own));
  });
  const { target, model } = aim;
  const identity = { requestId, agentId, provider: target.provider, ...(model !== undefined && { model }) };
  return new RunningCall(core, {
    identity,
    audience,
    observed: config.telemetry && observe(config.telemetry, { ...identity, format: target.format, url: placeOf(target.url), body: () => aim.text }),
    requestId,
    agentId,
    aim,
    engine,
    budgets,
    quiet: settings.enableAlerts === false,
    storage,
    context: contextOf,
    deadline: deadline ?? new Deadline(own.timeoutMs, options.signal),
    timeoutMs: own.timeoutMs,
    waitUntil: context.waitUntil,
    connectTimeoutMs: own.connectTimeoutMs,
    chain,
    wire: wireOf,
    bound: costs ? ({ target, model, text }) => boundOf(tracker, target, model, text) : undefined,
    cache,
    leaseMs: own.timeoutMs + 1_000,
    vaulted: vault !== undefined,
  });
}

/** The most that a request can cost. */
function boundOf(tracker: CostTracker, { provider }: Target, model: string | undefined, text: string): string | undefined {
  const book = tracker.getConfig().priceBook ?? PriceBook.bundled();
  const request = { ...(JSON.parse(text) as object), ...(model !== undefined && { model }) };
  const bound = book.upperBound(request, { provider });
  return bound.priced ? bound.usd : undefined;
}
