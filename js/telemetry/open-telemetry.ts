/** Spans and metrics of calls. <https://opentelemetry.io/docs/specs/semconv/gen-ai/> */
import type { CallBeginning, CallEnding, CallObservation, CallObserver } from "../client/events.js";
import { sumOf } from "../pico.js";
import { VERSION } from "../version.js";
import type { CostRecord } from "../types.js";
import { checkKeys, errorType, messageOf, objectOf, operationOf, providerOf, recordsOf, tokensOf } from "./facts.js";

type Value = string | number | boolean | string[];
type Attributes = Record<string, Value>;

interface Span {
  updateName?(name: string): unknown;
  setAttributes(attributes: Attributes): unknown;
  setStatus(status: { code: number; message?: string }): unknown;
  end(): void;
}

interface Instrument {
  record(value: number, attributes?: Attributes): void;
}

/** What of `@opentelemetry/api` is used: hand in the module itself, `import * as api from "@opentelemetry/api"`. */
export interface OpenTelemetryApi {
  trace: {
    getTracer(name: string, version?: string): { startSpan(name: string, options?: { kind?: number; attributes?: Attributes }): Span };
    setSpan(context: any, span: any): any;
  };
  context: { active(): any; with<T>(context: any, act: () => T): T };
  metrics: {
    getMeter(name: string, version?: string): {
      createHistogram(name: string, options?: { unit?: string; description?: string; advice?: { explicitBucketBoundaries?: number[] } }): Instrument;
      createCounter(name: string, options?: { unit?: string; description?: string }): { add(value: number, attributes?: Attributes): void };
    };
  };
}

/** What {@link openTelemetry} tells. */
export interface OpenTelemetryOptions {
  /** Spans, one for each call. Default `true`. */
  spans?: boolean;
  /** Metrics. Default `true`. */
  metrics?: boolean;
  /** More attributes of a call's span and metrics. Few values each: every one of them is a series of its own. */
  attributes?: (call: CallBeginning) => Record<string, string | number | boolean>;
}

// The API's own numbers, which are part of its specification.
const CLIENT = 2;
const ERROR = 2;

const TOKENS = Array.from({ length: 14 }, (_, power) => 4 ** power);
const SECONDS = Array.from({ length: 14 }, (_, power) => 2 ** power / 100);

/** Parameters of a request that are numbers, in every format's spelling. Its stop sequences are content. */
const PARAMETERS: [string, string[]][] = [
  ["gen_ai.request.max_tokens", ["max_completion_tokens", "max_output_tokens", "max_tokens", "maxOutputTokens"]],
  ["gen_ai.request.temperature", ["temperature"]],
  ["gen_ai.request.top_p", ["top_p", "topP"]],
  ["gen_ai.request.top_k", ["top_k", "topK"]],
  ["gen_ai.request.frequency_penalty", ["frequency_penalty", "frequencyPenalty"]],
  ["gen_ai.request.presence_penalty", ["presence_penalty", "presencePenalty"]],
  ["gen_ai.request.seed", ["seed"]],
];

/**
 * Spans and metrics of guarded calls, by OpenTelemetry's conventions for generative AI. Nothing of what is asked and answered is in them.
 *
 * ```ts
 * import * as api from "@opentelemetry/api";
 * const client = new GuardedOpenAI({ apiKey, telemetry: openTelemetry(api) });
 * ```
 *
 * A call is one span, its tries and its stream included: what an instrumentation of the host's `fetch` tells of a try is inside it.
 */
export function openTelemetry(api: OpenTelemetryApi, options: OpenTelemetryOptions = {}): CallObserver {
  checkKeys("the options of openTelemetry", options, ["spans", "metrics", "attributes"]);
  const tracer = options.spans === false ? undefined : api.trace.getTracer("tollgate", VERSION);
  // Instruments are made at the first call: a meter's provider may be registered after this.
  let instruments: Instruments | undefined;
  return {
    begin(call) {
      const own = options.attributes?.(call) ?? {};
      const attributes: Attributes = {
        "gen_ai.operation.name": operationOf(call),
        "gen_ai.provider.name": providerOf(call),
        ...(call.model !== undefined && { "gen_ai.request.model": call.model }),
        ...serverOf(call.url),
        ...own,
      };
      const name = `${operationOf(call)} ${call.model ?? ""}`.trim();
      const span = tracer?.startSpan(name, { kind: CLIENT, attributes: { ...attributes, ...asked(call) } });
      const begun = performance.now();
      const observation: CallObservation = {
        run: (send) => (span === undefined ? send() : api.context.with(api.trace.setSpan(api.context.active(), span), send)),
        end(ending) {
          const seconds = (performance.now() - begun) / 1000;
          const whose = answered(call, attributes, own, ending);
          if (options.metrics !== false) (instruments ??= instrumentsOf(api)).tell(seconds, whose, (record) => whoseRecord(whose, record, ending), ending);
          const { fallback } = ending.security;
          // It began as a call of another: a sampler saw that one, and who reads it sees who answered.
          if (fallback !== undefined) {
            span?.updateName?.(`${operationOf(call)} ${fallback.model ?? ""}`.trim());
            span?.setAttributes({ ...whose, "tollgate.fallback.from": fallback.failed.map(({ provider, model }) => `${provider}/${model ?? ""}`) });
          }
          span?.setAttributes(told(ending));
          const type = errorType(ending);
          if (type !== undefined) {
            span?.setAttributes({ "error.type": type });
            const message = messageOf(ending);
            span?.setStatus({ code: ERROR, ...(message !== undefined && { message }) });
          }
          span?.end();
        },
      };
      return observation;
    },
  };
}

/** Whose answer it is: after a fallback another's, at another server. */
function answered(call: CallBeginning, attributes: Attributes, own: Attributes, { security: { fallback }, url }: CallEnding): Attributes {
  if (fallback === undefined) return attributes;
  return {
    "gen_ai.operation.name": operationOf(call),
    "gen_ai.provider.name": providerOf(fallback),
    ...(fallback.model !== undefined && { "gen_ai.request.model": fallback.model }),
    ...serverOf(url),
    ...own,
  };
}

/** Whose a record is: one of a target that failed is that target's, whose server nobody tells. */
function whoseRecord(answered: Attributes, record: CostRecord, { security: { fallback } }: CallEnding): Attributes {
  if (fallback === undefined || (record.provider === fallback.provider && record.model === (fallback.model ?? record.model))) return answered;
  const { "server.address": _, "server.port": __, ...rest } = answered;
  return { ...rest, "gen_ai.provider.name": providerOf(record), "gen_ai.request.model": record.model };
}

interface Instruments {
  tell(seconds: number, attributes: Attributes, whose: (record: CostRecord) => Attributes, ending: CallEnding): void;
}

function instrumentsOf(api: OpenTelemetryApi): Instruments {
  const meter = api.metrics.getMeter("tollgate", VERSION);
  const tokens = meter.createHistogram("gen_ai.client.token.usage", {
    unit: "{token}",
    description: "Number of input and output tokens used.",
    advice: { explicitBucketBoundaries: TOKENS },
  });
  const duration = meter.createHistogram("gen_ai.client.operation.duration", {
    unit: "s",
    description: "GenAI operation duration.",
    advice: { explicitBucketBoundaries: SECONDS },
  });
  const first = meter.createHistogram("gen_ai.client.operation.time_to_first_chunk", {
    unit: "s",
    description: "Time to the first text of a stream.",
    advice: { explicitBucketBoundaries: SECONDS },
  });
  const cost = meter.createCounter("tollgate.client.cost", { unit: "USD", description: "What calls cost." });
  return {
    tell(seconds, attributes, whose, ending) {
      const type = errorType(ending);
      duration.record(seconds, type === undefined ? attributes : { ...attributes, "error.type": type });
      for (const record of recordsOf(ending)) {
        if (record.priced) cost.add(record.actualCost, whose(record));
        // Only what the provider itself told: an estimate is no measurement.
        if (record.estimated !== undefined) continue;
        const { input, output } = tokensOf(record);
        tokens.record(input, { ...whose(record), "gen_ai.token.type": "input" });
        tokens.record(output, { ...whose(record), "gen_ai.token.type": "output" });
      }
      const record = ending.security.costRecord;
      if (record?.streamed === true && record.timeToFirstTokenMs !== undefined) first.record(record.timeToFirstTokenMs / 1000, attributes);
    },
  };
}

function serverOf(url: string): Attributes {
  if (url === "") return {};
  const { hostname, port, protocol } = new URL(url);
  return { "server.address": hostname, "server.port": Number(port) || (protocol === "http:" ? 80 : 443) };
}

/** What comes, where that is no text. */
const OUTPUTS: Record<string, string> = { images: "image", speech: "speech" };

/** What was asked for, but for what was asked. */
function asked(call: CallBeginning): Attributes {
  const body = objectOf(call.body());
  const config = body["generationConfig"];
  const parameters = typeof config === "object" && config !== null ? { ...body, ...config } : body;
  const attributes: Attributes = { "tollgate.request.id": call.requestId, "tollgate.agent.id": call.agentId };
  for (const [name, keys] of PARAMETERS) {
    const value = keys.map((key) => parameters[key]).find((value) => typeof value === "number");
    if (value !== undefined) attributes[name] = value as number;
  }
  const count = parameters["n"] ?? parameters["candidateCount"];
  if (typeof count === "number" && count !== 1) attributes["gen_ai.request.choice.count"] = count;
  if (body["stream"] === true) attributes["gen_ai.request.stream"] = true;
  const type = OUTPUTS[call.format];
  if (type !== undefined) attributes["gen_ai.output.type"] = type;
  return attributes;
}

/** What came of it. */
function told(ending: CallEnding): Attributes {
  const { security, answer } = ending;
  const attributes: Attributes = {};
  const record = security.costRecord;
  if (record !== undefined) {
    const { input, output } = tokensOf(record);
    const { cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, reasoningTokens } = record.actualTokens;
    attributes["gen_ai.usage.input_tokens"] = input;
    attributes["gen_ai.usage.output_tokens"] = output;
    if (cacheReadTokens) attributes["gen_ai.usage.cache_read.input_tokens"] = cacheReadTokens;
    const written = (cacheWriteTokens ?? 0) + (cacheWrite1hTokens ?? 0);
    if (written > 0) attributes["gen_ai.usage.cache_creation.input_tokens"] = written;
    if (reasoningTokens) attributes["gen_ai.usage.reasoning.output_tokens"] = reasoningTokens;
    if (record.streamed === true) attributes["gen_ai.request.stream"] = true;
    if (record.streamed === true && record.timeToFirstTokenMs !== undefined) {
      attributes["gen_ai.response.time_to_first_chunk"] = record.timeToFirstTokenMs / 1000;
    }
    attributes["tollgate.cost.usd"] = sumOf(recordsOf(ending).map(({ usd }) => usd));
    if (record.outcome !== undefined) attributes["tollgate.outcome"] = record.outcome;
    if (record.estimated !== undefined) attributes["tollgate.estimated"] = record.estimated;
    if (record.attempt !== undefined && record.attempt > 1) attributes["tollgate.attempts"] = record.attempt;
  }
  const body = objectOf(answer());
  const [id, model] = [body["id"] ?? body["responseId"], body["model"] ?? body["modelVersion"]];
  if (typeof id === "string") attributes["gen_ai.response.id"] = id;
  if (typeof model === "string") attributes["gen_ai.response.model"] = model;
  const reasons = finishReasons(body);
  if (reasons.length > 0) attributes["gen_ai.response.finish_reasons"] = reasons;
  return attributes;
}

function finishReasons(body: Record<string, unknown>): string[] {
  const list = body["choices"] ?? body["candidates"];
  const found = Array.isArray(list) ? list.map((choice: Record<string, unknown> | null) => choice?.["finish_reason"] ?? choice?.["finishReason"]) : [body["stop_reason"]];
  return found.filter((reason) => typeof reason === "string");
}
