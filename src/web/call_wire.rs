//! What crosses around a guarded call, in JSON: its options, its steps, what the budgets said.

use crate::{
    call::{Expected, Fallback, Options, OutputBound, Reserved, Step},
    error::{Error, Result},
    json::{Json, Raw, ToJson, Writer, number},
    ledger::Scope,
    money::Usd,
    object::Object,
    provider::{format::Format, http::Backoff},
    web::price::write_tokens,
};

/// The JSON form of a step: `{ "do": ... }`.
pub(super) struct WireStep(pub(super) Step);

impl ToJson for WireStep {
    fn write(&self, to: &mut Writer) {
        let mut begin = |name: &str| {
            to.open('{');
            to.text_of("do", name);
        };
        match &self.0 {
            Step::Guard { stage, .. } => {
                begin("guard");
                to.text_of("stage", stage.as_str());
            }
            Step::Budgets { scopes } => {
                begin("budgets");
                to.text_of("scopes", &scopes.to_json());
            }
            Step::Reserve { id, scopes, usd, tokens, requests, lease_ms } => {
                begin("reserve");
                to.text_of("id", id);
                to.text_of("scopes", &scopes.to_json());
                to.value_of("usd", usd);
                if let Some(tokens) = tokens {
                    to.number_of("tokens", *tokens as f64);
                }
                if *requests != 1 {
                    to.number_of("requests", *requests as f64);
                }
                to.number_of("leaseMs", *lease_ms as f64);
            }
            Step::Fetch => begin("fetch"),
            Step::Body => begin("body"),
            Step::Stream => begin("stream"),
            Step::Wait { ms } => {
                begin("wait");
                to.number_of("ms", *ms as f64);
            }
            Step::Settle { id, usd, tokens, mark } => {
                begin("settle");
                to.text_of("id", id);
                to.value_of("usd", usd);
                if let Some(tokens) = tokens {
                    to.number_of("tokens", *tokens as f64);
                }
                to.optional_text_of("mark", *mark);
            }
            Step::Release { id } => {
                begin("release");
                to.text_of("id", id);
            }
            Step::Store { charge, .. } => {
                begin("store");
                to.bool_of("charge", *charge);
            }
            Step::Done | Step::Fail(_) => begin("done"),
        }
        to.close('}');
    }
}

impl ToJson for Expected {
    /// A `CostEstimate`.
    fn write(&self, to: &mut Writer) {
        let Expected { model, usage, estimate, at } = self;
        to.open('{');
        to.number_of("estimatedCost", estimate.usd.to_f64());
        to.value_of("usd", &estimate.usd);
        to.bool_of("priced", estimate.priced);
        to.text_of("model", model);
        to.text_of("provider", &estimate.provider);
        to.key("estimatedTokens");
        write_tokens(usage, to);
        to.value_of("breakdown", &estimate.breakdown);
        to.text_of("timestamp", &at.to_string());
        to.close('}');
    }
}

pub(super) const CONTEXT: &str = "the context of a call";

/// What a call is made from, of its JSON form.
pub(super) fn read_options(mut wire: Object<'_>, settings: Settings) -> Result<Options> {
    const WHAT: &str = CONTEXT;
    let Settings { default_max_output, output_bound, max_retries, timeout_ms } = settings;
    let scopes = wire.take("scopes").and_then(Scope::read_list).map(|(scopes, _)| scopes).unwrap_or_default();
    let mut flag = |key| Ok(wire.take_bool(key, WHAT)?.unwrap_or(false));
    let (guard, costs, budgets, records) = (flag("guard")?, flag("costs")?, flag("budgets")?, flag("records")?);
    let (raw, allow_unbounded) = (flag("raw")?, flag("allowUnbounded")?);
    let fallbacks = wire.take("fallbacks").and_then(Raw::items).unwrap_or_default();
    let backoff = wire.take("retry");
    let named = |target: Raw<'_>, key| target.member(key).and_then(Raw::to_text).unwrap_or_default();
    Ok(Options {
        request_id: wire.take_name("requestId", WHAT)?,
        reservation_id: wire.take_name("reservationId", WHAT)?,
        agent_id: wire.take_name("agentId", WHAT)?,
        format: Format::parse(&wire.take_name("format", WHAT)?)
            .ok_or_else(|| Error::internal("cannot make a call: found an unknown format"))?,
        model: wire.take_text("model", WHAT)?,
        is_mapped: wire.take_bool("mapped", WHAT)?.unwrap_or(false),
        stream: wire.take_bool("stream", WHAT)?,
        raw,
        provider: wire.take_name("provider", WHAT)?,
        region: wire.take_text("region", WHAT)?.filter(|name| !name.is_empty()),
        scopes: scopes.into_iter().map(Scope::checked).collect::<Result<_>>()?,
        metadata: wire.take("metadata").map(Json::from),
        guard,
        costs,
        budgets,
        records,
        default_max_output,
        output_bound,
        allow_unbounded,
        max_retries,
        backoff: read_backoff(backoff),
        timeout_ms,
        fallbacks: fallbacks
            .into_iter()
            .map(|target| Fallback { model: named(target, "model"), provider: named(target, "provider") })
            .collect(),
    })
}

/// `{ initialDelayMs?, factor?, maxDelayMs?, maxRetryAfterMs? }`, each a number that the face has checked.
pub(super) fn read_backoff(given: Option<Raw<'_>>) -> Backoff {
    let usual = Backoff::default();
    let number = |key, usual| given.and_then(|given| given.member(key)).and_then(Raw::number).unwrap_or(usual);
    Backoff {
        first_ms: number("initialDelayMs", usual.first_ms),
        factor: number("factor", usual.factor),
        most_ms: number("maxDelayMs", usual.most_ms),
        most_asked_ms: number("maxRetryAfterMs", usual.most_asked_ms),
    }
}

/// The settings of a call that have a range.
pub(super) struct Settings {
    pub(super) default_max_output: u64,
    pub(super) output_bound: OutputBound,
    pub(super) max_retries: u32,
    pub(super) timeout_ms: u64,
}

impl Settings {
    pub(super) fn read(default_max_output: f64, output_bound: &str, max_retries: f64, timeout_ms: f64) -> Result<Self> {
        let count = |name: &str, number: f64, least: f64, most: f64| {
            if number >= least && number <= most && number.fract() == 0.0 {
                return Ok(number as u64);
            }
            Err(Error::config(format!(
                "cannot read {name}: expected a whole number from {} to {}, found {}",
                number::show(least),
                number::show(most),
                number::show(number)
            )))
        };
        Ok(Self {
            default_max_output: count("defaultMaxOutputTokens", default_max_output, 1.0, 1e9)?,
            output_bound: OutputBound::parse(output_bound)?,
            max_retries: count("maxRetries", max_retries, 0.0, 100.0)? as u32,
            // The longest that a host's timer takes.
            timeout_ms: count("timeout", timeout_ms, 1.0, 2_147_483_647.0)?,
        })
    }
}

/// What budgets said, from a `Reservation` as JSON text.
pub(super) fn read_reservation(text: &str) -> Result<Reserved> {
    const WHAT: &str = "reservation";
    let mut wire = Object::parse(text, WHAT)?;
    let allowed = wire.take_bool("allowed", WHAT)?;
    Ok(Reserved {
        allowed: allowed.ok_or_else(|| Error::input("cannot read reservation: expected allowed, found none"))?,
        budget: wire.take("blockedBy").map(Json::from),
        remaining: wire.take_text("remaining", WHAT)?.map_or(Ok(Usd::ZERO), |usd| Usd::parse(&usd))?,
        resets_at: wire.take_text("resetsAt", WHAT)?,
        retry_after_ms: wire.take_number("retryAfterMs", WHAT)?,
    })
}
