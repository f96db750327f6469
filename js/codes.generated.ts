// Generated from the tables in src/base/error.rs by `TOLLGATE_UPDATE=1 cargo test --test generated`. Do not edit.

/** The stable code of an error. Rows are only ever added. */
export type TollgateErrorCode =
  | "invalid_config"
  | "unknown_option"
  | "missing_api_key"
  | "invalid_input"
  | "invalid_usage"
  | "invalid_amount"
  | "invalid_time"
  | "guardrail_blocked"
  | "budget_exceeded"
  | "budget_unavailable"
  | "budget_stream_exhausted"
  | "unknown_model"
  | "unbounded"
  | "token_limit"
  | "invalid_response"
  | "stream_truncated"
  | "api_error"
  | "bad_request"
  | "authentication"
  | "permission_denied"
  | "not_found"
  | "model_not_found"
  | "conflict"
  | "unprocessable"
  | "rate_limit"
  | "server_error"
  | "network"
  | "timeout"
  | "storage_unavailable"
  | "storage_quota"
  | "storage_version_newer"
  | "storage_corrupt"
  | "schema_validation"
  | "addon"
  | "vault_key"
  | "internal"
  | "instance_lost";

/** The stable code of a warning. Rows are only ever added. */
export type WarningCode =
  | "option_ignored"
  | "unknown_model"
  | "no_rate"
  | "rate_rounded"
  | "total_mismatch"
  | "usage_clamped"
  | "usage_unreadable"
  | "usage_incomplete"
  | "reported_cost"
  | "reported_cost_ignored"
  | "no_usage"
  | "usage_aggregated"
  | "tier_boundary"
  | "service_tier_unpriced"
  | "service_tier_open"
  | "region_unpriced"
  | "cache_rate_missing"
  | "output_bound_injected"
  | "output_bound_clamped"
  | "guardrails_without_engine"
  | "budget_config_differs"
  | "budget_weak_ledger"
  | "alert_not_sent"
  | "record_not_stored"
  | "settlement_failed"
  | "callback_failed"
  | "guardrail_failed"
  | "unknown_outcome"
  | "stream_ended";

/** The class that carries a code. */
export const CLASS_OF_CODE = {
  invalid_config: "ConfigurationError",
  unknown_option: "ConfigurationError",
  missing_api_key: "MissingApiKeyError",
  invalid_input: "ValidationError",
  invalid_usage: "ValidationError",
  invalid_amount: "ValidationError",
  invalid_time: "ValidationError",
  guardrail_blocked: "GuardrailBlockedError",
  budget_exceeded: "BudgetExceededError",
  budget_unavailable: "BudgetExceededError",
  budget_stream_exhausted: "BudgetExceededError",
  unknown_model: "UnknownModelError",
  unbounded: "UnknownModelError",
  token_limit: "TokenLimitError",
  invalid_response: "ProviderError",
  stream_truncated: "ProviderError",
  api_error: "APIError",
  bad_request: "BadRequestError",
  authentication: "AuthenticationError",
  permission_denied: "PermissionDeniedError",
  not_found: "NotFoundError",
  model_not_found: "ModelNotFoundError",
  conflict: "ConflictError",
  unprocessable: "UnprocessableEntityError",
  rate_limit: "RateLimitError",
  server_error: "ServerError",
  network: "NetworkError",
  timeout: "TimeoutError",
  storage_unavailable: "StorageError",
  storage_quota: "StorageError",
  storage_version_newer: "StorageError",
  storage_corrupt: "StorageError",
  schema_validation: "SchemaValidationError",
  addon: "AddonError",
  vault_key: "ValidationError",
  internal: "InternalError",
  instance_lost: "InternalError",
} as const satisfies Record<TollgateErrorCode, string>;
