/** Begins a guarded call: what was configured, for whom it is, and the request, as one thing to drive. */
import { Held } from "../core.js";
import { coreOfVault } from "../guard/vault.js";
import { generateId } from "../id.js";
import { offerVocabularies } from "../registry.js";
import { toJson } from "../store/json.js";
import { coreOfTracker, type CostTracker } from "../tracker.js";
import type { CallContext, RequestOptions } from "../types.js";
import { settingsOf, type GuardedConfig } from "./config.js";
import { Deadline, RunningCall, type CoreCall } from "./drive.js";
import { Audience, observe, placeOf, type Listeners } from "./events.js";
import type { Target } from "./target.js";

/** What of a call its client says. */
export interface Beginning {
  shared: { readonly config: GuardedConfig & { maxRetries?: number }; readonly tracker: CostTracker };
  target: Target;
  context: CallContext;
  options: RequestOptions;
  headers: () => Promise<Headers>;
  /** The request's body. */
  text: string;
  /** The model it asks for, for the guardrails. */
  model: string | undefined;
  /** What sends it. */
  fetch: typeof fetch | undefined;
  /** Whether the answer's bytes are wanted, as a `fetch` gives them. */
  raw?: boolean;
  /** Who listens beside those that are configured. */
  listeners?: Listeners;
}

/** A call that has not begun to do anything. */
export function beginCall({ shared, target, context, options, headers, text, model, fetch, raw = false, listeners }: Beginning): RunningCall {
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
  const { format, provider } = target;
  const audience = new Audience(config, listeners);
  const metadata = (target.metadata ?? context.metadata) && { ...target.metadata, ...context.metadata };
  const wire = toJson(
    {
      requestId,
      reservationId,
      agentId,
      format,
      model: target.model,
      mapped: target.mapped,
      stream: target.stream,
      provider,
      region: context.region ?? config.region,
      guard: engine !== undefined,
      costs,
      budgets: budgets !== undefined,
      records: storage !== undefined || budgets !== undefined || audience.has("onRecord"),
      raw,
      allowUnbounded: config.allowUnbounded,
      outputBound: own.outputBound,
      scopes: context.scopes ?? [],
      metadata,
    },
    "the context of a call",
  );
  offerVocabularies();
  const core = new Held<CoreCall>("stateful", (glue) =>
    coreOfTracker(tracker).use((prices) => new glue.Call(prices, wire, own.defaultMaxOutput, own.maxRetries, own.timeoutMs, text)),
  );
  // Made now, so that a request that can't be read is refused before a timer runs.
  const vault = context.vault ?? undefined;
  core.use((call) => {
    if (vault !== undefined) coreOfVault(vault).use((own) => call.useVault(own));
  });
  const identity = { requestId, agentId, provider, ...(model !== undefined && { model }) };
  return new RunningCall(core, {
    identity,
    audience,
    observed: config.telemetry && observe(config.telemetry, { ...identity, format, url: placeOf(target.url), body: () => text }),
    requestId,
    agentId,
    url: target.url,
    headers,
    fetch,
    engine,
    budgets,
    quiet: settings.enableAlerts === false,
    storage,
    context: { requestId, agentId, ...(model !== undefined && { model }), provider, ...(metadata && { metadata }) },
    deadline: new Deadline(own.timeoutMs, options.signal),
    vaulted: vault !== undefined,
  });
}
