//! The guarded call, one host answer at a time.

use std::{
    cell::{RefCell, RefMut},
    rc::Rc,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use web_sys::Headers;

use crate::{
    call::{self, Expected, Guarded, Options, Out, Outcome, OutputBound, Reserved, Step, Text},
    collections::Map,
    error::{Code, Error, Result, Warning, WarningCode},
    guard,
    ledger::Scope,
    money::Usd,
    price::{Breakdown, Tracker},
    provider::http::{Head, retry_after_ms},
    time::Instant,
    web::{guard::Scanner, price::CostTracker, value::from_js},
};

/// One guarded call. `next` says what to do; the other methods tell what came of it.
#[wasm_bindgen]
pub struct Call {
    call: RefCell<call::Call>,
    tracker: Rc<RefCell<Tracker>>,
}

/// The options of a call as the face gives them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOptions {
    request_id: String,
    reservation_id: String,
    agent_id: String,
    provider: String,
    guard: bool,
    costs: bool,
    budgets: bool,
    records: bool,
    output_bound: String,
    scopes: Vec<Scope>,
    metadata: Option<Box<RawValue>>,
}

/// A step as the face reads it.
#[derive(Serialize)]
#[serde(tag = "do", rename_all = "lowercase")]
enum WireStep {
    Guard {
        stage: &'static str,
        texts: Vec<Text>,
    },
    Budgets {
        /// JSON text: ids of scopes are the user's.
        scopes: String,
    },
    Reserve {
        id: String,
        scopes: String,
        usd: String,
        #[serde(rename = "leaseMs")]
        lease_ms: f64,
    },
    Fetch,
    Body,
    Stream,
    Wait {
        ms: f64,
    },
    Settle {
        id: String,
        usd: String,
        mark: Option<&'static str>,
    },
    Release {
        id: String,
    },
    Store {
        /// JSON text.
        record: String,
        charge: bool,
    },
    Done,
}

#[derive(Deserialize)]
struct WireGuarded {
    passed: bool,
    failed: Vec<String>,
    risk: f64,
    texts: Vec<Option<String>>,
}

/// The outcome of a reservation, as JSON text: it holds a budget's name.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireReserved {
    allowed: bool,
    #[serde(default)]
    blocked_by: serde_json::Value,
    #[serde(default)]
    remaining: Usd,
    resets_at: Option<String>,
    retry_after_ms: Option<f64>,
}

/// What happened.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_estimate: Option<WireEstimate<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cost_record: Option<Box<RawValue>>,
    /// What the built-in guards found in a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_guards: Option<Vec<guard::Report>>,
    warnings: &'a [Warning],
}

/// A `CostEstimate`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireEstimate<'a> {
    estimated_cost: f64,
    usd: Usd,
    priced: bool,
    model: &'a str,
    provider: &'a str,
    estimated_tokens: Map<&'static str, f64>,
    breakdown: &'a Breakdown,
    timestamp: String,
}

impl<'a> WireEstimate<'a> {
    fn new(expected: &'a Expected) -> Self {
        let Expected { model, usage, estimate, at } = expected;
        Self {
            estimated_cost: estimate.usd.to_f64(),
            usd: estimate.usd,
            priced: estimate.priced,
            model,
            provider: &estimate.provider,
            estimated_tokens: usage.to_token_pairs().into_iter().collect(),
            breakdown: &estimate.breakdown,
            timestamp: at.to_string(),
        }
    }
}

#[wasm_bindgen]
impl Call {
    /// A chat completion. `options` is JSON text; `body` is the request's. Numbers cross as they are: JSON would make null
    /// of NaN.
    #[wasm_bindgen(constructor)]
    pub fn new(
        tracker: &CostTracker,
        options: &str,
        default_max_output: f64,
        max_retries: f64,
        timeout_ms: f64,
        body: String,
    ) -> Result<Call> {
        let options: WireOptions = serde_json::from_str(options).map_err(|error| {
            Error::input(format!("cannot read the context of a call: expected its documented form, found {error}"))
        })?;
        let Settings { default_max_output, output_bound, max_retries, timeout_ms } =
            Settings::read(default_max_output, &options.output_bound, max_retries, timeout_ms)?;
        let options = Options {
            request_id: options.request_id,
            reservation_id: options.reservation_id,
            agent_id: options.agent_id,
            provider: options.provider,
            scopes: options.scopes.into_iter().map(Scope::checked).collect::<Result<_>>()?,
            metadata: options.metadata.map(|metadata| metadata.get().to_owned()),
            guard: options.guard,
            costs: options.costs,
            budgets: options.budgets,
            records: options.records,
            default_max_output,
            output_bound,
            max_retries,
            timeout_ms,
        };
        Ok(Call { call: RefCell::new(call::Call::new(options, body)?), tracker: tracker.shared() })
    }

    /// What to do next, as JSON text: `{ "do": ... }`. A call that ends with an error throws it.
    pub fn next(&self, now: f64) -> Result<String> {
        let step = self.call()?.next(&self.tracker.borrow(), at(now)?);
        let json = |scopes: &[Scope]| serde_json::to_string(scopes).unwrap_or_else(|_| "[]".to_owned());
        let step = match step {
            Step::Guard { stage, texts } => WireStep::Guard { stage, texts },
            Step::Budgets { scopes } => WireStep::Budgets { scopes: json(&scopes) },
            Step::Reserve { id, scopes, usd, lease_ms } => {
                WireStep::Reserve { id, scopes: json(&scopes), usd: usd.to_string(), lease_ms: lease_ms as f64 }
            }
            Step::Fetch => WireStep::Fetch,
            Step::Body => WireStep::Body,
            Step::Stream => WireStep::Stream,
            Step::Wait { ms } => WireStep::Wait { ms: ms as f64 },
            Step::Settle { id, usd, mark } => WireStep::Settle { id, usd: usd.to_string(), mark },
            Step::Release { id } => WireStep::Release { id },
            Step::Store { record, charge } => WireStep::Store { record: record.to_json(), charge },
            Step::Done => WireStep::Done,
            Step::Fail(error) => return Err(error),
        };
        serde_json::to_string(&step).map_err(|error| Error::internal(format!("cannot say what to do next: {error}")))
    }

    /// What the guardrails said: `{ passed, failed, risk, texts }`. Gives the data of events that were held for it.
    pub fn guarded(&self, outcome: &JsValue) -> Result<Vec<String>> {
        let outcome: WireGuarded = from_js(outcome, "a guardrail's outcome", &["passed", "failed", "risk", "texts"])?;
        let outcome =
            Guarded { passed: outcome.passed, failed: outcome.failed, risk: outcome.risk, texts: outcome.texts };
        self.call()?.guarded(&outcome).map(data)
    }

    /// A guardrail threw: the call ends, after what it owes.
    #[wasm_bindgen(js_name = guardThrew)]
    pub fn guard_threw(&self) -> Result<()> {
        self.call()?.guard_threw(Error::new(Code::GuardrailBlocked, "a guardrail threw"));
        Ok(())
    }

    /// Whether a budget binds that can refuse.
    pub fn budgeted(&self, strict: bool, now: f64) -> Result<()> {
        self.call()?.budgeted(strict, &self.tracker.borrow(), at(now)?);
        Ok(())
    }

    /// What the budgets said: a `Reservation` as JSON text.
    pub fn reserved(&self, reservation: &str) -> Result<()> {
        let wire: WireReserved = serde_json::from_str(reservation).map_err(|error| {
            Error::input(format!("cannot read reservation: expected its documented form, found {error}"))
        })?;
        self.call()?.reserved(Reserved {
            allowed: wire.allowed,
            budget: wire.blocked_by,
            remaining: wire.remaining,
            resets_at: wire.resets_at,
            retry_after_ms: wire.retry_after_ms,
        });
        Ok(())
    }

    /// The budgets could not be asked.
    #[wasm_bindgen(js_name = reserveFailed)]
    pub fn reserve_failed(&self, why: &str) -> Result<()> {
        self.call()?.reserve_failed(why);
        Ok(())
    }

    /// The request's body as it is to be sent.
    pub fn body(&self) -> Result<String> {
        Ok(self.call()?.body().to_owned())
    }

    /// The host is about to call `fetch`.
    pub fn sent(&self, now: f64, record_id: String) -> Result<()> {
        self.call()?.sent(at(now)?, record_id);
        Ok(())
    }

    /// What scans a streamed answer: the built-in detectors.
    #[wasm_bindgen(js_name = scanWith)]
    pub fn scan_with(&self, scanner: &Scanner) -> Result<()> {
        self.call()?.scan_with(scanner.core());
        Ok(())
    }

    /// The answer's head has come. `judge`: a guardrail of the application's own must see a stream whole.
    pub fn responded(&self, status: u16, headers: &Headers, judge: bool, now: f64) -> Result<()> {
        let head = read_head(status, headers, now);
        self.call()?.responded(head, judge);
        Ok(())
    }

    /// The whole body has come.
    pub fn received(&self, body: String, now: f64) -> Result<()> {
        self.call()?.received(body, at(now)?, &random);
        Ok(())
    }

    /// No answer came, or it broke off. `why` is `network`, `timeout` or `aborted`; `code` and `message` are the host's.
    pub fn failed(&self, why: &str, code: String, message: String, now: f64) -> Result<()> {
        self.call()?.failed(&outcome(why, code, message), at(now)?, &random);
        Ok(())
    }

    /// Takes bytes of the stream; gives the data of the events that may leave.
    pub fn chunk(&self, bytes: &[u8], now: f64) -> Result<Vec<String>> {
        Ok(data(self.call()?.chunk(bytes, at(now)?)))
    }

    /// Whether the stream has ended by itself.
    #[wasm_bindgen(js_name = streamEnded)]
    pub fn stream_ended(&self) -> Result<bool> {
        Ok(self.call()?.stream_ended())
    }

    /// The stream is over: by its end (`why` absent), or as in `failed`. Gives the data of what was still held.
    pub fn finish(&self, why: Option<String>, message: String, now: f64) -> Result<Vec<String>> {
        let why = why.map(|why| outcome(&why, String::new(), message));
        Ok(data(self.call()?.finish(why.as_ref(), at(now)?)))
    }

    /// The answer's body, after redaction.
    pub fn answer(&self) -> Result<String> {
        Ok(self.call()?.answer().to_owned())
    }

    /// Something of the host's worth telling.
    pub fn warn(&self, code: &str, message: String) -> Result<()> {
        let code = WarningCode::parse(code).ok_or_else(|| Error::internal("cannot warn: found an unknown code"))?;
        self.call()?.warn(code, message);
        Ok(())
    }

    /// What happened, as JSON text: `{ costEstimate?, costRecord?, streamGuards?, warnings }`.
    pub fn report(&self) -> Result<String> {
        let call = self.call()?;
        let json = |error| Error::internal(format!("cannot report a call: {error}"));
        let report = Report {
            cost_estimate: call.estimate().map(WireEstimate::new),
            cost_record: call
                .record()
                .map(|record| RawValue::from_string(record.to_json()))
                .transpose()
                .map_err(json)?,
            stream_guards: call.stream_reports().map(|reports| reports.guards),
            warnings: call.warnings(),
        };
        serde_json::to_string(&report).map_err(json)
    }
}

/// Refuses settings of a call that are out of range: for clients, when they are made.
#[wasm_bindgen(js_name = checkCallSettings)]
pub fn check_call_settings(
    default_max_output: f64,
    output_bound: &str,
    max_retries: f64,
    timeout_ms: f64,
) -> Result<()> {
    Settings::read(default_max_output, output_bound, max_retries, timeout_ms).map(|_| ())
}

/// The settings of a call that have a range.
struct Settings {
    default_max_output: u64,
    output_bound: OutputBound,
    max_retries: u32,
    timeout_ms: u64,
}

impl Settings {
    fn read(default_max_output: f64, output_bound: &str, max_retries: f64, timeout_ms: f64) -> Result<Self> {
        let count = |name: &str, number: f64, least: f64, most: f64| {
            if number >= least && number <= most && number.fract() == 0.0 {
                return Ok(number as u64);
            }
            Err(Error::config(format!(
                "cannot read {name}: expected a whole number from {least} to {most}, found {number}"
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

impl Call {
    fn call(&self) -> Result<RefMut<'_, call::Call>> {
        self.call.try_borrow_mut().map_err(|_| Error::internal("cannot go on with this call: it is in use"))
    }
}

fn at(now: f64) -> Result<Instant> {
    Instant::from_number(now)
}

fn data(out: Vec<Out>) -> Vec<String> {
    out.into_iter().filter_map(|event| event.data).collect()
}

fn outcome(why: &str, code: String, message: String) -> Outcome {
    match why {
        "timeout" => Outcome::Timeout,
        "aborted" => Outcome::Aborted,
        _ => Outcome::Network { code, message },
    }
}

/// A number in 0..1, to spread tries. Without randomness they are spread by nothing: every try waits half its time.
fn random() -> f64 {
    getrandom::u32().map_or(0.5, |bits| f64::from(bits) / 4_294_967_296.0)
}

fn read_head(status: u16, headers: &Headers, now: f64) -> Head {
    let get = |name: &str| headers.get(name).ok().flatten();
    let after = get("retry-after");
    let date = after.as_deref().map(js_sys::Date::parse);
    Head {
        status,
        request_id: get("x-request-id"),
        retry_after_ms: retry_after_ms(get("retry-after-ms").as_deref(), after.as_deref(), date, now as i64),
        should_retry: get("x-should-retry").and_then(|text| text.parse().ok()),
        content_type: get("content-type").unwrap_or_default().to_ascii_lowercase(),
    }
}
