//! One error type, and the two tables from which everything that names a code is made: the TypeScript unions and
//! classes (`js/codes.generated.ts`) and the page `docs/errors.md`. Rows are only ever added.

use std::fmt;

use crate::json::{Json, ToJson, Writer, quote};

/// Declares a table of codes: an enum, its stable names, and the list that the generators print.
macro_rules! table {
    ($(#[$meta:meta])* $name:ident { $($variant:ident $text:literal $class:literal $doc:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name { $(#[doc = $doc] $variant,)+ }

        impl $name {
            /// Every row, in the order of the table.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stable name, in snake case.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)+ }
            }

            /// The TypeScript class that carries this code (for warnings: the area it belongs to).
            pub const fn class(self) -> &'static str {
                match self { $($name::$variant => $class,)+ }
            }

            /// What the code means, in one sentence.
            pub const fn doc(self) -> &'static str {
                match self { $($name::$variant => $doc,)+ }
            }

            /// The row with this stable name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)+ _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }
    };
}

table! {
    /// The stable code of an error.
    Code {
        InvalidConfig "invalid_config" "ConfigurationError" "A configuration value is out of range or of the wrong type.",
        UnknownOption "unknown_option" "ConfigurationError" "A configuration has a key that Tollgate does not know; the known ones are listed.",
        MissingApiKey "missing_api_key" "MissingApiKeyError" "A client needs an API key and has none.",
        InvalidInput "invalid_input" "ValidationError" "An argument or a request is not of the expected shape.",
        InvalidUsage "invalid_usage" "ValidationError" "A usage has an unknown unit, or a count that is negative, fractional or not finite.",
        InvalidAmount "invalid_amount" "ValidationError" "An amount of money is negative, not finite, not a number or too large.",
        InvalidTime "invalid_time" "ValidationError" "An instant is not a Date, milliseconds, RFC 3339 with an offset, or YYYY-MM-DD.",
        GuardrailBlocked "guardrail_blocked" "GuardrailBlockedError" "A guardrail refused the input or the output.",
        BudgetExceeded "budget_exceeded" "BudgetExceededError" "A block budget has not enough left for the call's upper bound. Never retried.",
        BudgetUnavailable "budget_unavailable" "BudgetExceededError" "The budget's store can't be reached, so nothing can be reserved.",
        BudgetStreamExhausted "budget_stream_exhausted" "BudgetExceededError" "The budget ran out while the answer was streaming.",
        UnknownModel "unknown_model" "UnknownModelError" "No price is known for the model, and a block budget applies or the policy asks for an error.",
        Unbounded "unbounded" "UnknownModelError" "Nothing bounds what the request may cost, and a block budget applies.",
        TokenLimit "token_limit" "TokenLimitError" "A text has more tokens than allowed.",
        InvalidResponse "invalid_response" "ProviderError" "The provider's answer is not of the expected shape.",
        StreamTruncated "stream_truncated" "ProviderError" "The provider's stream ended before it was complete.",
        ApiError "api_error" "APIError" "The provider answered with an error status that has no class of its own.",
        BadRequest "bad_request" "BadRequestError" "The provider answered 400.",
        Authentication "authentication" "AuthenticationError" "The provider answered 401.",
        PermissionDenied "permission_denied" "PermissionDeniedError" "The provider answered 403.",
        NotFound "not_found" "NotFoundError" "The provider answered 404.",
        ModelNotFound "model_not_found" "ModelNotFoundError" "The provider answered 404 and named the model.",
        Conflict "conflict" "ConflictError" "The provider answered 409.",
        Unprocessable "unprocessable" "UnprocessableEntityError" "The provider answered 422.",
        RateLimit "rate_limit" "RateLimitError" "The provider answered 429.",
        ServerError "server_error" "ServerError" "The provider answered 500 or above.",
        Network "network" "NetworkError" "The request failed before the provider answered.",
        Timeout "timeout" "TimeoutError" "The provider did not answer in time.",
        StorageUnavailable "storage_unavailable" "StorageError" "The storage is not there, or refuses access.",
        StorageQuota "storage_quota" "StorageError" "The storage is full.",
        StorageVersionNewer "storage_version_newer" "StorageError" "The storage was written by a newer version; nothing was written.",
        StorageCorrupt "storage_corrupt" "StorageError" "A stored entry can't be read.",
        CircuitOpen "circuit_open" "UnavailableError" "A circuit breaker holds back calls to an endpoint that has been failing; nothing was sent.",
        QueueFull "queue_full" "UnavailableError" "A rate or concurrency limit of the application's own has no place left in its queue; nothing was sent.",
        SchemaValidation "schema_validation" "SchemaValidationError" "An answer does not match the schema asked for.",
        Addon "addon" "AddonError" "An add-on failed.",
        VaultKey "vault_key" "ValidationError" "An exported vault can't be opened: the key is not the one it was closed with, or the export was changed.",
        Internal "internal" "InternalError" "A fault of Tollgate itself; please report it.",
        InstanceLost "instance_lost" "InternalError" "The object lived in a WebAssembly instance that has since been replaced.",
    }
}

table! {
    /// The stable code of a warning: something worth telling that stops nothing.
    WarningCode {
        OptionIgnored "option_ignored" "configuration" "An option is accepted for compatibility and has no effect.",
        UnknownModel "unknown_model" "price" "No price is known for the model; its cost shows as 0 with priced: false.",
        NoRate "no_rate" "price" "The model's row has no rate for a unit that was used; its cost shows as 0 with priced: false.",
        RateRounded "rate_rounded" "price" "A custom rate finer than a pico-dollar was rounded up.",
        TotalMismatch "total_mismatch" "price" "totalTokens is not the sum of the parts; the parts count.",
        UsageClamped "usage_clamped" "usage" "The provider's usage contradicts itself and was clamped.",
        UsageUnreadable "usage_unreadable" "usage" "A count in the provider's usage is a fraction, which was rounded up, above 2^53, which was held there, or no count at all, which is read as absent.",
        UsageIncomplete "usage_incomplete" "usage" "Something was consumed that the usage does not count, such as another model's advice.",
        ReportedCost "reported_cost" "price" "The provider reported what it billed, and that is the cost; the computed one stands beside it.",
        ReportedCostIgnored "reported_cost_ignored" "price" "The provider reported a cost of 0 for what is not free, or one that is no amount; the cost is the computed one.",
        NoUsage "no_usage" "usage" "The answer carried no usage; the cost is an estimate, never below what was sent.",
        UsageAggregated "usage_aggregated" "price" "The usage sums several calls, whose context tiers nobody can tell; the cost is that of none, with the range beside it.",
        TierBoundary "tier_boundary" "price" "The request lies exactly on a disputed context tier; the cost is the low side.",
        ServiceTierUnpriced "service_tier_unpriced" "price" "The service tier has no rate for something that was used; the default tier's counts.",
        ServiceTierOpen "service_tier_open" "price" "The service tier is auto and nobody says which one served; the cost is the default tier's, the range that of all.",
        RegionUnpriced "region_unpriced" "price" "The model has rates of other regions and none of this one; the global ones count.",
        CacheRateMissing "cache_rate_missing" "price" "No rate is known for a cache write that lasts so long; that of a shorter one counts.",
        OutputBoundInjected "output_bound_injected" "call" "The request named no output maximum and a block budget applies, so one was written into it.",
        OutputBoundClamped "output_bound_clamped" "call" "A budget could not pay for the request's output maximum, so it was lowered to what the budget can pay for.",
        GuardrailsWithoutEngine "guardrails_without_engine" "call" "enableGuardrails is true and no engine was given, so none runs.",
        BudgetConfigDiffers "budget_config_differs" "budget" "A stored budget with this id has another configuration; the stored one is in force.",
        BudgetWeakLedger "budget_weak_ledger" "budget" "A block budget on a ledger that can't hold it across instances.",
        AlertNotSent "alert_not_sent" "budget" "An alert was not delivered to its webhook.",
        FallbackUsed "fallback_used" "call" "A model or provider failed, and the next of the chain was asked.",
        CacheUnavailable "cache_unavailable" "storage" "A response cache could not be read or written; the call went on without it.",
        RecordNotStored "record_not_stored" "storage" "The record of a paid call could not be stored; it is kept for the next try.",
        SettlementFailed "settlement_failed" "budget" "The reservation of a paid call could not be settled; its lease settles it in full.",
        CallbackFailed "callback_failed" "call" "A callback of the application threw; the call went on.",
        GuardrailFailed "guardrail_failed" "guard" "A guardrail threw or timed out.",
        UnknownOutcome "unknown_outcome" "call" "The call ended without an answer after it was sent; it is charged at its reservation.",
        StreamEnded "stream_ended" "call" "The stream ended early; what was delivered is charged, marked as estimated.",
    }
}

/// What went wrong, where, and under which stable code.
///
/// Messages are lower case and read "cannot X: expected Y, found Z". The context is JSON-safe and becomes the fields of
/// the TypeScript error; it never holds a key, a prompt or a finding.
#[derive(Clone, PartialEq)]
pub struct Error(Box<Inner>);

#[derive(Clone, PartialEq)]
struct Inner {
    code: Code,
    message: String,
    context: Context,
}

/// The facts of an error, by name. JSON-safe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context(Vec<(String, Json)>);

impl Context {
    /// The fact of that name.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    fn set(&mut self, key: &str, value: Json) {
        self.0.retain(|(known, _)| known != key);
        self.0.push((key.to_owned(), value));
    }
}

impl ToJson for Context {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        self.0.iter().for_each(|(key, value)| to.raw_of(key, value.get()));
        to.close('}');
    }
}

/// `Result` with this crate's error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with an empty context.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), context: Context::default() }))
    }

    /// The same error with one more fact in its context.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Json>) -> Self {
        self.0.context.set(key, value.into());
        self
    }

    /// A [`Code::InvalidInput`] error.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidInput, message)
    }

    /// A [`Code::InvalidConfig`] error.
    pub fn config(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidConfig, message)
    }

    /// A fault of our own: a state that the types could not rule out.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, without the code.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The same error, told otherwise.
    #[must_use]
    pub fn retold(mut self, tell: &dyn Fn(&str) -> String) -> Self {
        self.0.message = tell(&self.0.message);
        self
    }

    /// The facts that become fields of the TypeScript error.
    pub fn context(&self) -> &Context {
        &self.0.context
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
    }
}

impl std::error::Error for Error {}

/// Something worth telling that stops nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The stable code.
    pub code: WarningCode,
    /// The message, lower case.
    pub message: String,
}

impl ToJson for Warning {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("code", self.code.as_str());
        to.text_of("message", &self.message);
        to.close('}');
    }
}

impl Warning {
    /// A warning.
    pub fn new(code: WarningCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// Refuses a configuration with a key that nobody knows, and lists the known ones.
///
/// `what` names the configuration, as in "cannot read budget options". Keys come from a JavaScript object, where serde's
/// `deny_unknown_fields` does not fire; this is the one place that compares them.
pub fn check_keys<'a>(what: &str, keys: impl IntoIterator<Item = &'a str>, known: &[&str]) -> Result<()> {
    for key in keys {
        if !known.contains(&key) {
            return Err(Error::new(
                Code::UnknownOption,
                format!(
                    "cannot read {what}: expected one of {}, found unknown option {}",
                    known.join(", "),
                    quote(key)
                ),
            )
            .with("option", key)
            .with("known", known.to_vec()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_parse_back() {
        for (i, code) in Code::ALL.iter().enumerate() {
            assert_eq!(Code::parse(code.as_str()), Some(*code));
            assert!(Code::ALL[..i].iter().all(|other| other.as_str() != code.as_str()));
        }
        for code in WarningCode::ALL {
            assert_eq!(WarningCode::parse(code.as_str()), Some(*code));
        }
    }

    #[test]
    fn unknown_keys_are_named_with_the_known_ones() {
        let error = check_keys("budget options", ["name", "limt"], &["name", "limit"]).unwrap_err();
        assert_eq!(error.code(), Code::UnknownOption);
        assert_eq!(
            error.message(),
            "cannot read budget options: expected one of name, limit, found unknown option \"limt\""
        );
        assert_eq!(error.context().get("known").unwrap().get(), r#"["name","limit"]"#);
    }
}
