/**
 * The errors that Tollgate throws: one base, one class for each kind, one stable `code` for each cause.
 * The codes and which class carries them come from the table in the core (`codes.generated.ts`).
 */
import { CLASS_OF_CODE, type TollgateErrorCode } from "./codes.generated.js";
import type { BudgetConfig, SecurityMetadata } from "./types.js";

export type { TollgateErrorCode } from "./codes.generated.js";

/** What an error is made from. */
export interface TollgateErrorInit {
  /** The stable code; a class that has only one need not be told. */
  code?: TollgateErrorCode;
  /** What was expected and what was found. */
  message: string;
  /** JSON-safe facts; they also become the fields of the class. */
  context?: Record<string, unknown>;
  /** What it was caused by. */
  cause?: unknown;
}

const BRAND = Symbol.for("tollgate.error");

/** The base of every error that Tollgate throws. */
export class TollgateError extends Error {
  /** The stable code: a row of the error table. */
  readonly code: TollgateErrorCode;
  /** JSON-safe facts about what happened. Never holds a key, a prompt or a finding. */
  readonly context: Readonly<Record<string, unknown>>;

  constructor(init: TollgateErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = nameOf(new.target);
    this.code = init.code ?? defaultCode(this);
    this.context = Object.freeze({ ...init.context });
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Whether a value is an error of Tollgate, also one from another copy of the package. */
  static isInstance(error: unknown): error is TollgateError {
    return typeof error === "object" && error !== null && BRAND in error;
  }

  /**
   * The error of Tollgate in a value: itself, the nearest among its causes, or the one that an SDK's error over a guarded `fetch`
   * speaks of.
   */
  static from(error: unknown): TollgateError | undefined {
    for (let at = error, depth = 0; typeof at === "object" && at !== null && depth < 16; depth += 1) {
      if (TollgateError.isInstance(at)) return at;
      const told = toldBy(at);
      if (told !== undefined) return told;
      const { cause, lastError } = at as { cause?: unknown; lastError?: unknown };
      at = cause ?? lastError;
    }
    return undefined;
  }

  /** The error without its cause and stack: what may be logged. */
  toJSON(): { name: string; code: TollgateErrorCode; message: string; context: Readonly<Record<string, unknown>> } {
    return { name: this.name, code: this.code, message: this.message, context: this.context };
  }
}

/** A configuration is wrong. */
export class ConfigurationError extends TollgateError {}

/** A client needs an API key and has none. */
export class MissingApiKeyError extends ConfigurationError {
  constructor(init: TollgateErrorInit) {
    super(init);
  }
}

/** An argument is wrong; `errors` lists each finding. */
export class ValidationError extends TollgateError {
  readonly errors: readonly string[];

  constructor(init: TollgateErrorInit) {
    super(init);
    this.errors = (this.context["errors"] as string[] | undefined) ?? [init.message];
  }
}

/** A guardrail refused the input or the output. */
export class GuardrailBlockedError extends TollgateError {
  /** Where it was found. */
  readonly stage: "input" | "output";
  /** The names of the guardrails that failed. */
  readonly failedGuardrails: readonly string[];
  /** The highest risk among them, 0 to 100. */
  readonly riskScore: number;
  /** What happened up to here; an answer that was paid for and then blocked has its record in it. */
  readonly security?: SecurityMetadata;

  constructor(init: TollgateErrorInit & { security?: SecurityMetadata }) {
    super(init);
    this.stage = (this.context["stage"] as "input" | "output" | undefined) ?? "input";
    this.failedGuardrails = (this.context["failedGuardrails"] as string[] | undefined) ?? [];
    this.riskScore = (this.context["riskScore"] as number | undefined) ?? 0;
    hide(this, "security", init.security);
  }
}

/** A budget has not enough left. Never retried. Amounts are exact decimals in US dollars, or in the budget's `unit`. */
export class BudgetExceededError extends TollgateError {
  /** The budget that refused. */
  readonly budget?: BudgetConfig;
  /** The upper bound that was asked for. */
  readonly cost?: string;
  /** By how much spent, held and asked for pass the limit. */
  readonly exceededBy?: string;
  /** What was left. */
  readonly remaining?: string;
  /** What was spent and held. */
  readonly currentCost?: string;
  /** The same as `cost`. */
  readonly estimatedCost?: string;
  /** When the budget's window ends. */
  readonly resetsAt?: string;
  /** What the budget counts, where that is not money. */
  readonly unit?: "tokens" | "requests";
  /** For a throttling budget: when to try again. */
  readonly retryAfterMs?: number;
  readonly security?: SecurityMetadata;

  constructor(init: TollgateErrorInit & { security?: SecurityMetadata }) {
    super(init);
    take(this, ["budget", "cost", "exceededBy", "remaining", "currentCost", "estimatedCost", "resetsAt", "retryAfterMs", "unit"]);
    hide(this, "security", init.security);
  }
}

/** No price is known, or nothing bounds the cost. */
export class UnknownModelError extends TollgateError {
  /** The model as asked for. */
  readonly model?: string;

  constructor(init: TollgateErrorInit) {
    super(init);
    take(this, ["model"]);
  }
}

/** A text has more tokens than allowed. */
export class TokenLimitError extends TollgateError {
  readonly tokens?: number;
  readonly limit?: number;

  constructor(init: TollgateErrorInit) {
    super(init);
    take(this, ["tokens", "limit"]);
  }
}

/** A limit or a breaker of the application's own keeps the call back. Nothing was sent. */
export class UnavailableError extends TollgateError {
  /** Milliseconds until the next call goes, where that is known. */
  readonly retryAfterMs?: number;
  /** Where calls are held back: a URL without its query. */
  readonly endpoint?: string;

  constructor(init: TollgateErrorInit) {
    super(init);
    take(this, ["retryAfterMs", "endpoint"]);
  }
}

/** Something went wrong at, or on the way to, the provider. */
export class ProviderError extends TollgateError {
  /** The provider that was called. */
  readonly provider?: string;
  /** What happened up to here; a call that was paid for has its record in it. */
  readonly security?: SecurityMetadata;

  constructor(init: TollgateErrorInit & { security?: SecurityMetadata }) {
    super(init);
    take(this, ["provider"]);
    hide(this, "security", init.security);
  }
}

/** What an {@link APIError} is made from. */
export interface APIErrorInit extends TollgateErrorInit {
  /** The answer's headers. */
  headers?: Headers;
  /** The answer's body, parsed where it was JSON. */
  body?: unknown;
}

/** The provider answered with an error status. */
export class APIError extends ProviderError {
  /** The HTTP status. */
  readonly status: number;
  /** The provider's id of the request. */
  readonly requestId?: string;
  /** The answer's headers. */
  readonly headers?: Headers;
  /** The answer's body, parsed where it was JSON. */
  readonly body?: unknown;

  constructor(init: APIErrorInit) {
    super(init);
    this.status = (this.context["status"] as number | undefined) ?? 0;
    take(this, ["requestId"]);
    hide(this, "headers", init.headers);
    hide(this, "body", init.body);
  }
}

/** 400 */
export class BadRequestError extends APIError {}
/** 401 */
export class AuthenticationError extends APIError {}
/** 403 */
export class PermissionDeniedError extends APIError {}
/** 404 */
export class NotFoundError extends APIError {
  /** What was not found, where the provider says: `model`, ... */
  readonly resourceType?: string;

  constructor(init: APIErrorInit) {
    super(init);
    take(this, ["resourceType"]);
  }
}
/** 404 for a model. */
export class ModelNotFoundError extends NotFoundError {}
/** 409 */
export class ConflictError extends APIError {}
/** 422 */
export class UnprocessableEntityError extends APIError {}
/** 429 */
export class RateLimitError extends APIError {
  /** Seconds to wait, where the provider says. */
  readonly retryAfter?: number;
  /** The limit that was reached, where the provider says. */
  readonly limit?: number;

  constructor(init: APIErrorInit) {
    super(init);
    take(this, ["retryAfter", "limit"]);
  }
}
/** 500 and above. */
export class ServerError extends APIError {}

/** The request failed before the provider answered. */
export class NetworkError extends ProviderError {
  constructor(init: TollgateErrorInit & { security?: SecurityMetadata }) {
    super(init);
  }
}

/** The provider did not answer in time. */
export class TimeoutError extends NetworkError {
  /** How long was waited, in milliseconds. */
  readonly timeout?: number;

  constructor(init: TollgateErrorInit & { security?: SecurityMetadata }) {
    super(init);
    take(this, ["timeout"]);
  }
}

/** A storage is not there, full, damaged, or newer than this version. */
export class StorageError extends TollgateError {
  constructor(init: TollgateErrorInit) {
    super(init);
  }
}

/** An answer does not match its schema. */
export class SchemaValidationError extends TollgateError {
  constructor(init: TollgateErrorInit) {
    super(init);
  }
}

/** An add-on failed. */
export class AddonError extends TollgateError {
  constructor(init: TollgateErrorInit) {
    super(init);
  }
}

/** A fault of Tollgate itself. */
export class InternalError extends TollgateError {}

export {
  MissingApiKeyError as APIKeyMissingError,
  NetworkError as ConnectionError,
  PermissionDeniedError as AuthorizationError,
};

/** Class names of the table to classes: the one place where they meet. */
const CLASSES = {
  ConfigurationError,
  MissingApiKeyError,
  ValidationError,
  GuardrailBlockedError,
  BudgetExceededError,
  UnknownModelError,
  TokenLimitError,
  ProviderError,
  APIError,
  BadRequestError,
  AuthenticationError,
  PermissionDeniedError,
  NotFoundError,
  ModelNotFoundError,
  ConflictError,
  UnprocessableEntityError,
  RateLimitError,
  ServerError,
  NetworkError,
  TimeoutError,
  StorageError,
  UnavailableError,
  SchemaValidationError,
  AddonError,
  InternalError,
} satisfies Record<(typeof CLASS_OF_CODE)[TollgateErrorCode], new (init: TollgateErrorInit) => TollgateError>;

/** What may accompany an error and is not JSON: kept beside the context. */
export interface ErrorExtras {
  cause?: unknown;
  security?: SecurityMetadata;
  headers?: Headers;
  body?: unknown;
}

/** The error of the class that the table names for its code. */
export function makeError(code: TollgateErrorCode, message: string, context: Record<string, unknown> = {}, extras: ErrorExtras = {}): TollgateError {
  return new CLASSES[CLASS_OF_CODE[code]]({ code, message, context, ...extras });
}

/** The name of a class: of ours as it is written here, since a bundler that minifies gives it another. */
function nameOf(kind: Function): string {
  const ours = Object.entries({ TollgateError, ...CLASSES }).find(([, known]) => known === kind);
  return ours === undefined ? kind.name : ours[0];
}

/** The code of an error that was made without one: the first that the table gives to its class, or to one above it. */
function defaultCode(error: TollgateError): TollgateErrorCode {
  const codes = Object.entries(CLASS_OF_CODE) as [TollgateErrorCode, string][];
  for (let proto: object | null = Object.getPrototypeOf(error); proto !== null; proto = Object.getPrototypeOf(proto)) {
    const { name } = proto.constructor;
    const row = codes.find(([, kind]) => CLASSES[kind as keyof typeof CLASSES] === proto.constructor && name !== "");
    if (row !== undefined) return row[0];
  }
  return "internal";
}

/** The refusal that an SDK's error carries: in the body as it parsed it, or in the body's text. */
function toldBy(error: object): TollgateError | undefined {
  const { error: body, data, responseBody } = error as { error?: unknown; data?: unknown; responseBody?: unknown };
  const places = [body, data, typeof responseBody === "string" ? parsed(responseBody) : undefined];
  for (const place of places.flatMap((place) => [place, (place as { error?: unknown } | undefined)?.error])) {
    const told = (place as { tollgate?: Partial<Told> } | null | undefined)?.tollgate;
    if (typeof told?.code === "string" && typeof told.message === "string" && Object.hasOwn(CLASS_OF_CODE, told.code)) {
      return makeError(told.code, told.message, told.context ?? {}, { cause: error });
    }
  }
  return undefined;
}

/** A refusal as an answer tells it. */
interface Told {
  code: TollgateErrorCode;
  message: string;
  context: Record<string, unknown>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** What the core throws. */
interface Fault {
  tollgate: TollgateErrorCode;
  message: string;
  /** JSON text. */
  context: string;
}

/** Whether a thrown value came from the core. */
export function isFault(error: unknown): error is Fault {
  return typeof error === "object" && error !== null && !(error instanceof Error) && Object.hasOwn(error, "tollgate");
}

/** The typed error of what the core threw. */
export function fromFault(fault: Fault, extras: ErrorExtras = {}): TollgateError {
  return makeError(fault.tollgate, fault.message, JSON.parse(fault.context) as Record<string, unknown>, extras);
}

/** Copies facts of the context into the fields of the same names. */
function take(error: TollgateError, fields: readonly string[]): void {
  for (const field of fields) {
    if (Object.hasOwn(error.context, field)) Object.defineProperty(error, field, { value: error.context[field], enumerable: true });
  }
}

/** Sets a field that a logger which walks an error's properties does not see: it may hold what people wrote. */
function hide(error: TollgateError, field: string, value: unknown): void {
  if (value !== undefined) Object.defineProperty(error, field, { value, enumerable: false, configurable: true });
}
