/**
 * Exact cost, hard budgets and guardrails for LLM calls.
 *
 * Nothing here has to be initialised, and importing does nothing: the WebAssembly module starts at the first call.
 *
 * @module
 */
export {
  APIError,
  APIKeyMissingError,
  AddonError,
  AuthenticationError,
  AuthorizationError,
  BadRequestError,
  BudgetExceededError,
  ConfigurationError,
  ConflictError,
  ConnectionError,
  GuardrailBlockedError,
  InternalError,
  MissingApiKeyError,
  ModelNotFoundError,
  NetworkError,
  NotFoundError,
  PermissionDeniedError,
  ProviderError,
  RateLimitError,
  SchemaValidationError,
  ServerError,
  StorageError,
  TimeoutError,
  TokenLimitError,
  TollgateError,
  UnavailableError,
  UnknownModelError,
  UnprocessableEntityError,
  ValidationError,
  type APIErrorInit,
  type TollgateErrorInit,
} from "./errors.js";
export {
  BudgetManager,
  D1BudgetLedger,
  DurableObjectBudgetLedger,
  KVBudgetLedger,
  LocalStorageBudgetLedger,
  MemoryBudgetLedger,
  RedisBudgetLedger,
  sendAlerts,
  serveBudgets,
  verifyWebhook,
  type AlertWebhook,
  type AlertWebhookBody,
  type AlertWebhookOptions,
  type BudgetManagerOptions,
  type BudgetsServer,
  type BudgetsStub,
  type D1Binding,
  type DurableObjectBudgetLedgerOptions,
  type KVBudgetLedgerOptions,
  type LocalStorageBudgetLedgerOptions,
  type MemoryBudgetLedgerOptions,
  type Neighbours,
  type ObjectStorage,
  type RedisBudgetLedgerOptions,
} from "./budget.js";
export { GuardedAnthropic, createGuardedAnthropic, type GuardedAnthropicConfig, type GuardedMessages } from "./client/anthropic.js";
export {
  GuardedAzureOpenAI,
  createGuardedAzureOpenAI,
  type GuardedAzureChatCompletions,
  type GuardedAzureEmbeddings,
  type GuardedAzureOpenAIConfig,
} from "./client/azure.js";
export type { GuardedClientConfig, GuardedConfig } from "./client/config.js";
export type {
  CallBeginning,
  CallEnding,
  CallEvents,
  CallIdentity,
  CallObservation,
  CallObserver,
  EstimateEvent,
  RequestEvent,
} from "./client/events.js";
export { createGuardedFetch, type GuardedFetch, type GuardedFetchConfig } from "./client/fetch.js";
export {
  GuardedOpenAI,
  createGuardedOpenAI,
  type GuardedChatCompletions,
  type GuardedEmbeddings,
  type GuardedOpenAIConfig,
  type GuardedResponses,
} from "./client/openai.js";
export type { GuardedStreamOf } from "./client/stream.js";
export type * from "./client/types.js";
export { generateId } from "./id.js";
export { engineFromBundle, type BundleOptions, type GuardrailBundle } from "./guard/bundle.js";
export { CallbackGuardrail, type CallbackAnswer, type CallbackOptions } from "./guard/callback.js";
export { GuardrailEngine, GuardrailEngineResult, type GuardedStream, type GuardrailEngineOptions, type GuardrailExecution } from "./guard/engine.js";
export {
  Guardrail,
  type DetectorOptions,
  type GuardToolCall,
  type GuardrailConfig,
  type GuardrailContext,
  type OwnGuardrailConfig,
} from "./guard/guardrail.js";
export { PromptInjectionGuardrail, type InjectionType, type PromptInjectionOptions } from "./guard/injection.js";
export { JsonSchemaGuardrail, type JsonSchemaOptions, type SchemaProblem } from "./guard/json-schema.js";
export { KeywordGuardrail, type KeywordOptions } from "./guard/keywords.js";
export { LanguageGuardrail, type LanguageOptions } from "./guard/language.js";
export { RegexGuardrail, type RegexOptions, type RegexPattern } from "./guard/regex.js";
export { SystemPromptLeakGuardrail, type SystemPromptLeakOptions } from "./guard/leak.js";
export { LengthGuardrail, type LengthOptions } from "./guard/length.js";
export { LLMGuardrail, type JudgeClient, type LLMOptions } from "./guard/llm.js";
export { UrlGuardrail, type UrlOptions } from "./guard/urls.js";
export { Vault, type VaultOptions, type VaultRestoreStream, type VaultRestored } from "./guard/vault.js";
export {
  ContentModerationGuardrail,
  type ContentModerationOptions,
  type LlamaGuardHazard,
  type ModerationCategory,
  type ModerationViolation,
} from "./guard/moderation.js";
export { PIIDetectionGuardrail, type PIIDetectionOptions, type PIIType } from "./guard/pii.js";
export { defaultEngine } from "./guard/presets.js";
export { GuardrailResult, type GuardrailResultData } from "./guard/result.js";
export { SecretDetectionGuardrail, type SecretDetectionOptions } from "./guard/secrets.js";
export { PriceBook } from "./price.js";
export {
  ToolPolicyGuardrail,
  type ToolArgumentRule,
  type ToolPolicyOptions,
  type ToolRules,
  type ToolViolation,
} from "./guard/tool-policy.js";
export {
  MODEL_PRICING,
  findModel,
  getModelPricing,
  getProviderModels,
  getRateSourceInfo,
  getSupportedModels,
  getSupportedProviders,
  isModelSupported,
} from "./price-catalogue.js";
export type {
  ExplainOptions,
  ExplainedItem,
  ExplainedVariant,
  Explanation,
  PriceChange,
  StaleRate,
  TakenName,
  UpdateOptions,
  UpdateRefusal,
  UpdateReport,
} from "./price-types.js";
export { countAnthropicTokens, countRequestTokens } from "./request.js";
export { createCostStorage, type CreateStorageOptions, type StorageKinds } from "./store/create.js";
export { D1CostStorage, type D1Like, type D1StatementLike } from "./store/d1.js";
export {
  DurableObjectCostStorage,
  serveCostRecords,
  type CostRecordsStub,
  type DurableObjectStorageLike,
} from "./store/durable-object.js";
export { IndexedDBCostStorage } from "./store/indexed-db.js";
export { KVCostStorage } from "./store/kv.js";
export { LocalStorageCostStorage } from "./store/local-storage.js";
export { InMemoryCostStorage } from "./store/memory.js";
export { summarize } from "./store/summarize.js";
export {
  exportRecords,
  importRecords,
  type ExportOptions,
  type ImportOptions,
  type ImportReport,
  type RecordFormat,
} from "./store/transfer.js";
export { ResponseCache, type ResponseCacheConfig } from "./resilience/cache.js";
export {
  KVCacheStore,
  MemoryCacheStore,
  WebCacheStore,
  type CacheStore,
  type MemoryCacheStoreOptions,
  type WebCache,
} from "./resilience/cache-stores.js";
export { CircuitBreaker, type CircuitBreakerConfig } from "./resilience/circuit-breaker.js";
export type { CircuitState } from "./resilience/circuit.js";
export { ConcurrencyLimiter, type ConcurrencyConfig } from "./resilience/concurrency.js";
export { Deduplicator } from "./resilience/deduplicator.js";
export { FallbackChain, type FallbackOptions, type FallbackTarget } from "./resilience/fallback.js";
export { RateLimiter, type RateLimitConfig, type RateLimitPermit } from "./resilience/rate-limiter.js";
export { retry, type RetryOptions } from "./resilience/retry.js";
export type { RetryConfig } from "./resilience/retry-config.js";
export { countTokens, createTokenizer, encodingsOf, registerVocabulary } from "./tokens.js";
export { CostTracker } from "./tracker.js";
export type * from "./types.js";
export { extractUsage } from "./usage.js";
export type { PackedText, Vocabulary, VocabularyIds } from "./vocabulary.js";
export { VERSION } from "./version.js";
