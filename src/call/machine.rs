//! The states and what moves between them.

use std::collections::VecDeque;

use crate::{
    call::{
        bound::{self, BoundOptions},
        count::{CountOptions, Tokens, count_request},
        options::{Options, OutputBound},
        relay::{End, Judge, Out, Relay},
    },
    error::{Code, Error, Result, Warning, WarningCode},
    guard,
    json::{Json, Raw, ToJson, Writer, number},
    ledger::{self, Record, Scope, record::cost_source},
    money::Usd,
    price::{Answer, BoundAnswer, Estimate, Query, Reason, Tracker, Unpriced},
    provider::{
        answer::Answer as Body,
        chunk::Lane,
        http::{Head, backoff_ms, error_from_response, never_connected},
        request::Request,
        text::{Role, Segments, ToolText},
        usage::extract,
    },
    time::Instant,
    tokens::{
        self,
        estimate::{Estimate as Estimated, Family},
    },
    usage::{Unit, Usage},
};

/// Why a record's cost is an estimate: the values of `estimated`.
const ABORTED: &str = "aborted";
const UNKNOWN_OUTCOME: &str = "unknown_outcome";
const NO_USAGE: &str = "no_usage";

/// How a try ended: the values of a record's `outcome`.
mod outcome {
    pub const OK: &str = "ok";
    pub const BLOCKED: &str = "blocked_output";
    pub const ABORTED: &str = "aborted";
    pub const ERROR: &str = "error";
}

/// How many times a lowered maximum is tried on the budgets.
const CLAMPS: u32 = 4;

/// A minute: how much longer than the call its reservation lives.
const LEASE_MARGIN_MS: u64 = 60_000;

/// What the host has to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// Run the guardrails over these texts, then [`Call::guarded`].
    Guard {
        /// That of the request, or of the answer.
        stage: guard::Stage,
        /// What is to be judged.
        texts: ToGuard,
    },
    /// Say whether a budget binds that can refuse, by [`Call::budgeted`].
    Budgets {
        /// Whose money the call spends.
        scopes: Vec<Scope>,
    },
    /// Reserve, then [`Call::reserved`].
    Reserve {
        /// The reservation's id.
        id: String,
        /// Whose money the call spends.
        scopes: Vec<Scope>,
        /// The upper bound.
        usd: Usd,
        /// How long it lives.
        lease_ms: u64,
    },
    /// Call [`Call::sent`], send [`Call::body`], then [`Call::responded`] or [`Call::failed`].
    Fetch,
    /// Read the whole answer, then [`Call::received`] or [`Call::failed`].
    Body,
    /// Hand out the stream; feed it to [`Call::chunk`] until it ends, then [`Call::finish`].
    Stream,
    /// Wait, then go on.
    Wait {
        /// Milliseconds.
        ms: u64,
    },
    /// Settle, and go on whatever comes of it.
    Settle {
        /// The reservation's id.
        id: String,
        /// What was spent.
        usd: Usd,
        /// Why it is an estimate, if it is.
        mark: Option<&'static str>,
    },
    /// Release, and go on whatever comes of it.
    Release {
        /// The reservation's id.
        id: String,
    },
    /// Store the record, and go on whatever comes of it.
    Store {
        /// The record.
        record: Box<Record>,
        /// Whether the budgets must be told: no reservation stands for it.
        charge: bool,
    },
    /// The call is over; [`Call::answer`] has the body.
    Done,
    /// The call is over with this error.
    Fail(Error),
}

/// What the guardrails are to judge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToGuard {
    /// The texts with their roles.
    pub texts: Vec<Text>,
    /// The calls of tools that an answer asks for, whole. Their arguments are among the texts too.
    pub calls: Vec<ToolText>,
    /// There is more than is held for guardrails outside: they can't judge, and each fails by its own rule.
    pub is_too_long: bool,
}

impl ToGuard {
    fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.calls.is_empty()
    }
}

/// A text for the guardrails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// `system`, `user`, `assistant` or `tool`.
    pub role: &'static str,
    /// The stage its detectors are chosen by.
    pub stage: guard::Stage,
    /// Whether it is not the answer itself: a refusal, or what the model thought aloud.
    pub is_aside: bool,
}

impl ToJson for Text {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("text", &self.text);
        to.text_of("role", self.role);
        to.text_of("stage", self.stage.as_str());
        if self.is_aside {
            to.bool_of("aside", true);
        }
        to.close('}');
    }
}

impl ToJson for ToolText {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("name", &self.name);
        to.text_of("arguments", &self.arguments);
        to.close('}');
    }
}

impl Text {
    /// As the built-in detectors take it.
    pub fn source(&self) -> guard::Source<'_> {
        guard::Source { text: &self.text, stage: self.stage, is_system: self.role == Role::System.as_str() }
    }
}

/// What the guardrails said.
#[derive(Debug, Clone, Default)]
pub struct Guarded {
    /// Whether the call may go on.
    pub passed: bool,
    /// Names of the guardrails that failed.
    pub failed: Vec<String>,
    /// The highest risk, 0 to 100.
    pub risk: f64,
    /// The texts after redaction; `None` keeps one.
    pub texts: Vec<Option<String>>,
}

/// What the budgets said.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reserved {
    /// Whether the money is held.
    pub allowed: bool,
    /// For a refusal: the budget as configured, which becomes a field of the error.
    pub budget: Option<Json>,
    /// For a refusal: what the budget has left.
    pub remaining: Usd,
    /// For a refusal: when its window ends.
    pub resets_at: Option<String>,
    /// For a refusal by a throttling budget: when to try again.
    pub retry_after_ms: Option<f64>,
}

/// What a call is expected to cost.
#[derive(Debug, Clone)]
pub struct Expected {
    /// The model as asked for.
    pub model: String,
    /// What it is expected to use: the request as sent, the output up to its maximum.
    pub usage: Usage,
    /// The cost of that.
    pub estimate: Estimate,
    /// When it was made.
    pub at: Instant,
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The host's `fetch` rejected, with this code of its cause, if it has one.
    Network {
        /// As in Node's `error.cause.code`.
        code: String,
        /// What it said.
        message: String,
    },
    /// The time was up.
    Timeout,
    /// The caller gave up.
    Aborted,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Start,
    GuardInput,
    Budgets,
    Reserve,
    Fetch,
    Head,
    Stream,
    GuardOutput,
    Ending,
    Over,
}

/// What [`OutputBound::Clamp`] reckons with: the bound is a straight line over the output maximum.
#[derive(Debug, Clone, Copy)]
struct Clamp {
    /// The bound without output.
    input: Usd,
    /// What each token of the maximum adds to it, over all choices.
    token: Usd,
    asks_left: u32,
}

impl Clamp {
    fn bound(self, tokens: u64) -> Option<Usd> {
        let output = self.token.pico().checked_mul(i128::from(tokens)).and_then(Usd::from_pico)?;
        self.input.checked_add(output).ok()
    }
}

/// One guarded call.
pub struct Call {
    options: Options,
    /// Whether a budget binds that can refuse.
    strict_budget: bool,
    phase: Phase,
    steps: VecDeque<Step>,
    request: Request,
    body: String,
    attempt: u32,
    /// Whether a reservation of this try is held.
    held: bool,
    /// Whether this try has reached `fetch`.
    sent: bool,
    sent_at: Instant,
    first_text_at: Option<Instant>,
    record_id: String,
    bound: Usd,
    /// The input tokens that it pays for.
    bound_input: u64,
    bound_priced: bool,
    clamp: Option<Clamp>,
    estimate: Option<Expected>,
    head: Head,
    answer: String,
    answer_segments: Segments,
    bill: Option<Bill>,
    scanner: Option<guard::Scanner>,
    vault: Option<guard::Vault>,
    /// What was put back in an answer.
    restored: usize,
    /// Placeholders in it that stand for nothing known.
    unknown: Vec<String>,
    relay: Option<Relay>,
    record: Option<Box<Record>>,
    warnings: Vec<Warning>,
    /// With what the call ends once all is settled; `None` is success.
    verdict: Option<Error>,
    /// Another try follows once this one is settled, after so many milliseconds.
    next_try: Option<u64>,
    /// Exact counts, where there are vocabularies.
    counter: Option<Counter>,
    /// What the request as sent has in input tokens.
    input: Tokens,
}

/// Counts the tokens that a model makes of a text, as `bound::Count`.
pub type Counter = Box<dyn Fn(&str, &str) -> Option<u64>>;

/// Tokens that a choice of an answer may have beside its texts: marks, and the name of a tool.
const AROUND: u64 = 32;

/// What an answer's texts are in tokens.
#[derive(Default)]
struct Output {
    tokens: Tokens,
    exact: bool,
    texts: u64,
    bytes: u64,
}

/// What a call has used so far.
#[derive(Debug, Clone, PartialEq)]
pub struct SoFar {
    /// The tokens.
    pub usage: Usage,
    /// What they cost; `None` where the model has no price.
    pub usd: Option<Usd>,
    /// Whether the provider said so.
    pub exact: bool,
}

/// What a try is charged.
struct Bill {
    usage: Usage,
    model: Option<String>,
    service_tier: Option<String>,
    mark: Option<&'static str>,
    outcome: &'static str,
    /// Charged at the reservation, whatever the usage would cost.
    at_reservation: bool,
    at: Instant,
}

impl Call {
    /// A call with that request.
    pub fn new(options: Options, body: String) -> Result<Self> {
        let request = read_request(&options, &body)?;
        Ok(Self {
            options,
            strict_budget: false,
            phase: Phase::Start,
            steps: VecDeque::new(),
            request,
            body,
            attempt: 1,
            held: false,
            sent: false,
            sent_at: Instant::default(),
            first_text_at: None,
            record_id: String::new(),
            bound: Usd::ZERO,
            bound_input: 0,
            bound_priced: false,
            clamp: None,
            estimate: None,
            head: Head::default(),
            answer: String::new(),
            answer_segments: Segments::default(),
            bill: None,
            scanner: None,
            vault: None,
            restored: 0,
            unknown: Vec::new(),
            relay: None,
            record: None,
            warnings: Vec::new(),
            verdict: None,
            next_try: None,
            counter: None,
            input: Tokens::default(),
        })
    }

    /// Counts texts exactly where this can: what is reserved, and what is settled where no usage comes.
    pub fn count_with(&mut self, counter: Counter) {
        self.counter = Some(counter);
    }

    /// What to do next.
    pub fn next(&mut self, tracker: &Tracker, now: Instant) -> Step {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return step;
            }
            match self.phase {
                Phase::Start => {
                    self.phase = Phase::GuardInput;
                    let texts = to_guard(&self.request.segments, guard::Stage::Input);
                    if (self.options.guard || self.vault.is_some()) && !texts.is_empty() {
                        return Step::Guard { stage: guard::Stage::Input, texts };
                    }
                    self.phase = Phase::Budgets;
                }
                // Asked and not yet answered: the host must answer before it asks on.
                Phase::GuardInput => return Step::Fail(out_of_turn()),
                Phase::Budgets => {
                    if self.options.budgets && self.options.costs {
                        return Step::Budgets { scopes: self.scopes() };
                    }
                    self.plan(tracker, now);
                }
                Phase::Reserve => {
                    if !self.options.budgets || !self.options.costs {
                        self.phase = Phase::Fetch;
                        continue;
                    }
                    let lease_ms = self.options.timeout_ms.saturating_add(LEASE_MARGIN_MS);
                    return Step::Reserve {
                        id: self.reservation_id(),
                        scopes: self.scopes(),
                        usd: self.bound,
                        lease_ms,
                    };
                }
                Phase::Fetch => return Step::Fetch,
                Phase::Head => return Step::Body,
                Phase::Stream => return Step::Stream,
                Phase::GuardOutput => {
                    let texts = self.output_texts();
                    if self.options.guard && !texts.is_empty() {
                        return Step::Guard { stage: guard::Stage::Output, texts };
                    }
                    if let Err(error) = self.hand_out(&[]) {
                        self.refuse_output(error);
                    }
                    self.close(tracker);
                }
                Phase::Ending => self.close(tracker),
                Phase::Over => {
                    return match self.verdict.take() {
                        Some(error) => Step::Fail(error),
                        None => Step::Done,
                    };
                }
            }
        }
    }

    /// The guardrails have spoken.
    pub fn guarded(&mut self, outcome: &Guarded) -> Result<Vec<Out>> {
        let input = self.phase == Phase::GuardInput;
        if !outcome.passed {
            self.refuse(blocked(input, outcome));
            return Ok(Vec::new());
        }
        if input {
            let edits = self.request.segments.edits(&outcome.texts)?;
            if !edits.is_empty() {
                self.body = edits.apply(&self.body)?;
                self.request = self.read(&self.body)?;
            }
            self.phase = Phase::Budgets;
            return Ok(Vec::new());
        }
        self.guard_done();
        match &mut self.relay {
            Some(relay) => Ok(relay.judged(&outcome.texts)),
            None => {
                self.hand_out(&outcome.texts)?;
                Ok(Vec::new())
            }
        }
    }

    /// Puts the texts that guardrails left, and the values that a vault keeps, into a whole answer.
    fn hand_out(&mut self, texts: &[Option<String>]) -> Result<()> {
        if self.relay.is_some() {
            return Ok(());
        }
        let mut texts = texts.to_vec();
        if let Some(vault) = &self.vault {
            texts.resize(self.answer_segments.list().len(), None);
            for (segment, text) in self.answer_segments.list().iter().zip(&mut texts) {
                let found = vault.restore(text.as_deref().unwrap_or(&segment.text));
                self.restored += found.restored;
                self.unknown.extend(found.unknown);
                if found.restored > 0 {
                    *text = Some(found.text);
                }
            }
        }
        self.answer = self.answer_segments.edits(&texts)?.apply(&self.answer)?;
        Ok(())
    }

    /// Takes values out of what is sent, and puts them back in what comes.
    pub fn use_vault(&mut self, vault: guard::Vault) {
        self.vault = Some(vault);
    }

    /// The vault at work over the texts that are judged now.
    pub fn cover(&self) -> Option<guard::Cover> {
        let way = if self.phase == Phase::GuardInput { guard::Way::Out } else { guard::Way::Back };
        self.vault.clone().map(|vault| guard::Cover { vault, way })
    }

    /// How many values were put back, and the placeholders that stand for nothing known; `None` without a vault.
    pub fn restored(&self) -> Option<(usize, Vec<String>)> {
        self.vault.as_ref()?;
        Some(match &self.relay {
            Some(relay) => relay.restored(),
            None => (self.restored, self.unknown.clone()),
        })
    }

    /// A guardrail threw. Before the call nothing was sent; after it, what was paid is settled and recorded first. The
    /// host throws the guardrail's own error once the steps are done.
    pub fn guard_threw(&mut self, error: Error) {
        self.refuse(error);
    }

    /// A guardrail refuses: what is to be sent, or what came.
    fn refuse(&mut self, error: Error) {
        if self.phase == Phase::GuardInput {
            self.fail(error);
        } else {
            self.refuse_output(error);
            self.guard_done();
        }
    }

    /// The answer is judged. A stream may go on: one of its choices has ended.
    fn guard_done(&mut self) {
        if self.phase != Phase::Stream {
            self.phase = Phase::Ending;
        }
    }

    /// What of a stream under way is to be judged before it leaves, where something is; then [`Call::guarded`]. What comes
    /// meanwhile is taken, and queues behind it.
    pub fn to_judge(&mut self) -> Option<ToGuard> {
        let due = self.phase == Phase::Stream && self.relay.as_ref().is_some_and(Relay::is_due);
        due.then(|| self.output_texts())
    }

    /// Whether a budget binds that can refuse: then nothing unbounded or without a price is sent.
    pub fn budgeted(&mut self, strict: bool, tracker: &Tracker, now: Instant) {
        self.strict_budget = strict;
        self.plan(tracker, now);
    }

    /// The budgets have spoken.
    pub fn reserved(&mut self, outcome: Reserved) {
        if outcome.allowed {
            self.held = true;
            self.phase = Phase::Fetch;
            return;
        }
        if self.clamp(outcome.remaining) {
            return;
        }
        let budget = outcome.budget.unwrap_or_else(Json::null);
        let text = |key: &str| budget.raw().member(key).and_then(Raw::to_text).unwrap_or_default();
        let limit = Usd::parse(&text("limitUsd")).unwrap_or_default();
        let mut error =
            Error::new(Code::BudgetExceeded, format!("Budget exceeded: {} (Limit: ${limit})", text("name")))
                .with("cost", self.bound.to_string())
                .with("estimatedCost", self.bound.to_string())
                .with("remaining", outcome.remaining.to_string())
                .with("currentCost", limit.saturating_sub(outcome.remaining).to_string())
                .with("exceededBy", self.bound.saturating_sub(outcome.remaining).to_string())
                .with("budget", budget);
        if let Some(at) = outcome.resets_at {
            error = error.with("resetsAt", at);
        }
        if let Some(ms) = outcome.retry_after_ms {
            error = error.with("retryAfterMs", ms);
        }
        self.fail(error);
    }

    /// Lowers the output maximum to what a budget has left, to ask again; says whether it did. What is left may be less by
    /// then, or another budget may have less: it is asked a few times, and each time for less.
    fn clamp(&mut self, remaining: Usd) -> bool {
        let Some(clamp) = &mut self.clamp else { return false };
        let left = remaining.saturating_sub(clamp.input).pico();
        let Some(tokens) = left.checked_div(clamp.token.pico()).and_then(|tokens| u64::try_from(tokens).ok()) else {
            return false;
        };
        let Some(bound) = clamp.bound(tokens) else { return false };
        if tokens == 0 || bound >= self.bound || clamp.asks_left == 0 {
            return false;
        }
        clamp.asks_left -= 1;
        let lowered = self.read(&self.body).and_then(|request| {
            let mut edits = crate::provider::edit::Edits::new();
            request.lower_output(&self.body, tokens, &mut edits)?;
            edits.apply(&self.body)
        });
        let Ok(body) = lowered else { return false };
        self.body = body;
        self.bound = bound;
        self.request.max_output = Some(tokens);
        self.warnings.retain(|warning| warning.code != WarningCode::OutputBoundClamped);
        self.warn(
            WarningCode::OutputBoundClamped,
            format!("a budget can pay for {tokens} output tokens and not for more: the request's maximum was lowered"),
        );
        true
    }

    /// The budgets can't be asked. Budgets that can refuse are closed then; others let the call go on.
    pub fn reserve_failed(&mut self, why: &str) {
        // It may have been held all the same, and only the answer was lost.
        self.held = true;
        self.release();
        if self.strict_budget {
            self.fail(Error::new(
                Code::BudgetUnavailable,
                format!("cannot reserve: expected the budget's store to answer, found {why}"),
            ));
        } else {
            self.warn(
                WarningCode::SettlementFailed,
                format!("cannot reserve: expected the budget's store to answer, found {why}"),
            );
            self.phase = Phase::Fetch;
        }
    }

    /// The request as it is to be sent.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Whether the answer is a stream.
    pub fn is_stream(&self) -> bool {
        self.request.stream
    }

    /// The host is about to call `fetch`. `record_id` is for the record of this try.
    pub fn sent(&mut self, now: Instant, record_id: String) {
        self.sent = true;
        self.sent_at = now;
        self.record_id = record_id;
    }

    /// What scans a streamed answer: the built-in detectors.
    pub fn scan_with(&mut self, scanner: guard::Scanner) {
        self.scanner = Some(scanner);
    }

    /// The answer's head has come. `judge`: what of a stream guardrails outside the scanner must see whole.
    pub fn responded(&mut self, head: Head, judge: Judge) {
        self.phase = Phase::Head;
        if head.is_success() && self.request.stream && !head.content_type.starts_with("application/json") {
            let wire = (self.options.format, self.options.provider.as_str());
            let strip_usage = self.options.costs && wire.0.asks_for_usage() && !self.asked_for_usage();
            let scanner = self.scanner.clone().filter(|_| self.options.guard);
            let judge = if self.options.guard { judge } else { Judge::default() };
            self.relay = Some(Relay::new(wire, scanner, judge, strip_usage).restoring(self.vault.clone()));
            self.phase = Phase::Stream;
        }
        self.head = head;
    }

    /// The whole body has come.
    pub fn received(&mut self, body: String, tracker: &Tracker, now: Instant, random: &dyn Fn() -> f64) {
        if !self.head.is_success() {
            let error = error_from_response(&self.options.provider, &self.head, &body);
            match extract(&body, Some(&self.options.provider)) {
                // It failed, and reports what it consumed all the same: that is what it costs.
                Some(told) => {
                    self.warnings.extend(told.warnings);
                    self.bill = Some(Bill {
                        usage: told.usage,
                        model: None,
                        service_tier: None,
                        mark: None,
                        outcome: outcome::ERROR,
                        at_reservation: false,
                        at: now,
                    });
                }
                None if self.head.may_have_run() => self.unknown(now, UNKNOWN_OUTCOME, outcome::ERROR),
                None => self.release(),
            }
            if self.head.is_retryable() {
                self.retry(error, random)
            } else {
                self.end_with(error)
            }
            return;
        }
        let mut warnings = Vec::new();
        let parsed = Body::parse(self.options.format, &body, &self.options.provider, &mut warnings);
        self.warnings.extend(warnings);
        match parsed {
            Ok(response) => {
                let (usage, mark) = match response.usage {
                    Some(usage) => (usage, None),
                    None => {
                        let texts = response.segments.list().iter().map(|segment| segment.text.as_str());
                        (self.cut_off(&self.count_output(texts), tracker), Some(NO_USAGE))
                    }
                };
                self.bill = Some(Bill {
                    usage,
                    model: response.model,
                    service_tier: response.service_tier,
                    mark,
                    outcome: outcome::OK,
                    at_reservation: false,
                    at: now,
                });
                self.answer_segments = response.segments;
                self.answer = body;
                self.phase = Phase::GuardOutput;
                if self.request.stream && !self.options.raw {
                    self.refuse_output(
                        Error::new(
                            Code::InvalidResponse,
                            "cannot read answer: expected a stream of server-sent events, found a whole JSON answer",
                        )
                        .with("provider", self.options.provider.as_str()),
                    );
                    if let Some(bill) = &mut self.bill {
                        bill.outcome = outcome::ERROR;
                    }
                    self.phase = Phase::Ending;
                }
            }
            Err(error) => {
                self.unknown(now, NO_USAGE, outcome::ERROR);
                self.verdict = Some(error.with("provider", self.options.provider.as_str()));
            }
        }
    }

    /// No answer came, or it broke off before its end. `random` gives a number in 0..1, to spread the next try.
    pub fn failed(&mut self, why: &Outcome, now: Instant, random: &dyn Fn() -> f64) {
        let error = match why {
            Outcome::Network { message, .. } => {
                Error::new(Code::Network, format!("cannot reach the provider: the host answered {message}"))
            }
            Outcome::Timeout => Error::new(
                Code::Timeout,
                format!("cannot wait longer: expected an answer within {} ms, found none", self.options.timeout_ms),
            )
            .with("timeout", self.options.timeout_ms),
            Outcome::Aborted => Error::new(Code::Network, "the call was aborted").with("aborted", true),
        }
        .with("provider", self.options.provider.as_str());
        let never_sent = !self.sent
            || (self.phase == Phase::Fetch && matches!(why, Outcome::Network { code, .. } if never_connected(code)));
        let may_retry = self.phase == Phase::Fetch && matches!(why, Outcome::Network { .. });
        if never_sent {
            self.release();
        } else if self.phase == Phase::Fetch || self.head.is_success() {
            // It may have been billed, and nobody knows: the reservation is charged in full.
            // Another try may follow; this one is settled and recorded on its own.
            let how = if *why == Outcome::Aborted { outcome::ABORTED } else { outcome::ERROR };
            self.unknown(now, UNKNOWN_OUTCOME, how);
        } else {
            // The body of an error answer was cut: it is that error all the same, unless the caller gave up.
            if self.head.may_have_run() {
                self.unknown(now, UNKNOWN_OUTCOME, outcome::ERROR);
            } else {
                self.release();
            }
            let error = match why {
                Outcome::Network { .. } => error_from_response(&self.options.provider, &self.head, ""),
                Outcome::Timeout | Outcome::Aborted => error,
            };
            self.end_with(error);
            return;
        }
        if may_retry { self.retry(error, random) } else { self.end_with(error) }
    }

    /// Takes bytes of the stream, gives the events that may leave.
    pub fn chunk(&mut self, bytes: &[u8], now: Instant) -> Vec<Out> {
        let Some(relay) = &mut self.relay else { return Vec::new() };
        let out = relay.chunk(bytes);
        if self.first_text_at.is_none() && relay.meter().has_text {
            self.first_text_at = Some(now);
        }
        out
    }

    /// Whether the stream has ended by itself: the host need not read on.
    pub fn stream_ended(&self) -> bool {
        self.relay.as_ref().is_some_and(|relay| relay.ended().is_some())
    }

    /// The stream is over: by its end (`None`), or for another reason. Gives what was still held.
    pub fn finish(&mut self, why: Option<&Outcome>, tracker: &Tracker, now: Instant) -> Vec<Out> {
        let Some(relay) = &mut self.relay else { return Vec::new() };
        let provider = self.options.provider.as_str();
        let out = match why {
            None => relay.eof(),
            Some(Outcome::Aborted) => {
                relay.stop(Error::new(Code::Network, "the call was aborted").with("aborted", true))
            }
            Some(Outcome::Timeout) => relay.stop(
                Error::new(
                    Code::Timeout,
                    format!(
                        "cannot wait longer: expected the stream to end within {} ms, found it open",
                        self.options.timeout_ms
                    ),
                )
                .with("timeout", self.options.timeout_ms),
            ),
            Some(Outcome::Network { message, .. }) => relay
                .stop(Error::new(Code::StreamTruncated, format!("cannot read stream: the host answered {message}"))),
        };
        let meter = relay.meter().clone();
        // Counted only where the provider does not say.
        let complete_usage = meter.usage.is_some() && relay.ended() == Some(&End::Complete);
        let spoken: Vec<String> = if complete_usage { Vec::new() } else { relay.spoken().map(str::to_owned).collect() };
        let end = relay.ended().cloned().unwrap_or(End::Complete);
        let complete = end == End::Complete;
        let (outcome, error) = match end {
            End::Complete => (outcome::OK, None),
            End::Blocked(error) => (outcome::BLOCKED, Some(error)),
            End::Broken(error) if error.context().get("aborted").is_some() => (outcome::ABORTED, Some(error)),
            End::Broken(error) => (outcome::ERROR, Some(error.with("provider", provider))),
        };
        self.warnings.extend(meter.warnings);
        let delivered = self.cut_off(&self.count_output(spoken.iter().map(String::as_str)), tracker);
        let (usage, mark) = match (meter.usage, complete) {
            (Some(usage), true) => (usage, None),
            (Some(usage), false) => {
                // A usage that came before the end may be partial: the larger of it and of what was seen.
                let mut usage = usage;
                usage.add(Unit::Input, delivered.get(Unit::Input).saturating_sub(usage.input_tokens()));
                usage.add(Unit::Output, delivered.get(Unit::Output).saturating_sub(usage.output_tokens()));
                (usage, Some(ABORTED))
            }
            (None, true) => (delivered, Some(NO_USAGE)),
            (None, false) => (delivered, Some(ABORTED)),
        };
        if !complete {
            self.warn(
                WarningCode::StreamEnded,
                "the stream ended early: what was sent and delivered is charged, marked as estimated",
            );
        }
        // Cut off before anything came: nobody knows what was billed.
        let at_reservation = !complete && mark == Some(ABORTED) && meter.text_bytes == 0;
        self.bill = Some(Bill {
            usage,
            model: meter.model,
            service_tier: meter.service_tier,
            mark: if at_reservation { Some(UNKNOWN_OUTCOME) } else { mark },
            outcome,
            at_reservation,
            at: now,
        });
        // Nobody waits for what is left of a call that was given up: it stays where it is, unjudged.
        let judge = match why {
            Some(Outcome::Aborted | Outcome::Timeout) => false,
            _ => !matches!(outcome, outcome::BLOCKED),
        };
        self.verdict = error;
        self.phase = if judge && !self.output_texts().is_empty() { Phase::GuardOutput } else { Phase::Ending };
        out
    }

    /// The answer's body, after redaction.
    pub fn answer(&self) -> &str {
        &self.answer
    }

    /// What the call was expected to cost.
    pub fn estimate(&self) -> Option<&Expected> {
        self.estimate.as_ref()
    }

    /// What it did cost.
    pub fn record(&self) -> Option<&Record> {
        self.record.as_deref()
    }

    /// What the built-in guards found in a stream; `None` where none scanned one.
    pub fn stream_reports(&self) -> Option<guard::Reports> {
        self.relay.as_ref()?.reports()
    }

    /// What is worth telling.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Adds something worth telling.
    pub fn warn(&mut self, code: WarningCode, message: impl Into<String>) {
        self.warnings.push(Warning::new(code, message));
    }

    /// The request in another body.
    fn read(&self, body: &str) -> Result<Request> {
        read_request(&self.options, body)
    }

    fn reservation_id(&self) -> String {
        format!("{}#{}", self.options.reservation_id, self.attempt)
    }

    /// Whose money it is: the agent's and the model's, besides those named.
    fn scopes(&self) -> Vec<Scope> {
        let mut scopes = self.options.scopes.clone();
        for scope in [Scope::new("agent", &self.options.agent_id), Scope::new("model", &self.request.model)] {
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
        }
        scopes
    }

    fn asked_for_usage(&self) -> bool {
        self.request.include_usage == Some(true)
    }

    /// Bounds the output, asks for usage, estimates and bounds the cost.
    fn plan(&mut self, tracker: &Tracker, now: Instant) {
        if let Err(error) = self.try_plan(tracker, now) {
            self.fail(error);
        }
    }

    fn try_plan(&mut self, tracker: &Tracker, now: Instant) -> Result<()> {
        self.phase = Phase::Reserve;
        if !self.options.costs {
            return Ok(());
        }
        let asked_for_usage = self.request.include_usage;
        let mut edits = crate::provider::edit::Edits::new();
        self.request.include_usage(&self.body, &mut edits)?;
        let injects = match self.options.output_bound {
            OutputBound::Inject => true,
            OutputBound::Model => false,
            // There is nothing to lower.
            OutputBound::Clamp => tracker
                .model(&self.request.model, Some(&self.options.provider))
                .is_none_or(|model| model.max_output.is_none()),
        };
        let inject = self.request.max_output.is_none() && self.strict_budget && injects;
        let tokens = self.options.default_max_output;
        let bound = if inject { self.request.bound_output(&self.body, tokens)? } else { None };
        if let Some((range, text)) = bound {
            edits.replace(range, text);
            self.request.max_output = Some(tokens);
            let name = self.request.maximum().unwrap_or_default();
            self.warn(
                WarningCode::OutputBoundInjected,
                format!("the request named no output maximum and a budget applies that can refuse: {name} {tokens} was written into it"),
            );
        }
        self.body = edits.apply(&self.body)?;
        self.request.include_usage = asked_for_usage;

        let expected_output =
            self.request.max_output.unwrap_or(self.options.default_max_output).saturating_mul(self.request.choices);
        self.input = self.count_input();
        let expected = Usage::tokens(self.input.tokens, expected_output);
        let model = self.request.model.clone();
        let estimate = tracker.estimate(&model, &expected, Some(&self.options.provider), now)?;
        self.warnings.extend(estimate.warnings.iter().cloned());
        self.estimate = Some(Expected { model: model.clone(), usage: expected, estimate, at: now });
        let bound = match self.upper_bound(tracker, None, now) {
            // Where nothing can be refused, what can't be read is the provider's to refuse.
            Err(error) if error.code() == Code::InvalidInput && !self.strict_budget => {
                BoundAnswer::Unpriced(Unpriced::new(Reason::Unbounded, error.message()))
            }
            bound => bound?,
        };
        match bound {
            BoundAnswer::Bounded(bound) => {
                self.bound = bound.cost.usd;
                self.bound_input = bound.input_tokens;
                self.bound_priced = true;
                if self.options.output_bound == OutputBound::Clamp && self.strict_budget {
                    self.clamp = self.clamps(tracker, now)?;
                }
                Ok(())
            }
            BoundAnswer::Unpriced(unpriced) if self.strict_budget => {
                let code = if unpriced.reason == Reason::Unbounded { Code::Unbounded } else { Code::UnknownModel };
                Err(Error::new(code, format!("cannot reserve: {}", unpriced.detail)).with("model", model))
            }
            BoundAnswer::Unpriced(_) => {
                self.bound = self.estimate.as_ref().map_or(Usd::ZERO, |expected| expected.estimate.usd);
                Ok(())
            }
        }
    }

    /// What lowering the output maximum saves.
    fn clamps(&self, tracker: &Tracker, now: Instant) -> Result<Option<Clamp>> {
        let [input, one] = [0, 1].map(|cap| self.upper_bound(tracker, Some(cap), now));
        let (BoundAnswer::Bounded(input), BoundAnswer::Bounded(one)) = (input?, one?) else { return Ok(None) };
        let token = one.cost.usd.saturating_sub(input.cost.usd);
        Ok(Some(Clamp { input: input.cost.usd, token, asks_left: CLAMPS }))
    }

    /// The most that the request can cost as it is, or with its output held to a cap.
    fn upper_bound(&self, tracker: &Tracker, cap: Option<u64>, now: Instant) -> Result<BoundAnswer> {
        let (provider, region) = (Some(self.options.provider.as_str()), self.options.region.as_deref());
        let count = self.counter.as_deref().map(|count| count as bound::Count<'_>);
        let model = self.options.model.as_deref();
        let options = BoundOptions { provider, model, cap, region, count, ..BoundOptions::new(now) };
        bound::upper_bound(tracker, &self.body, &options)
    }

    /// The input tokens of the request as it is; of one that can't be read, its bytes bound them.
    fn count_input(&self) -> Tokens {
        let count = self.counter.as_deref().map(|count| count as bound::Count<'_>);
        let model = self.options.model.as_deref();
        let options = CountOptions { provider: Some(&self.options.provider), model, count };
        let bytes = self.body.len() as u64;
        let unread = Tokens { tokens: bytes.div_ceil(3), low: 0, high: bytes };
        count_request(&self.body, &options).map_or(unread, |found| found.total)
    }

    /// The tokens of texts that came: exact where a vocabulary says, else estimated.
    fn count_output<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Output {
        let family = Family::of(&self.request.model);
        let mut output = Output { exact: true, ..Output::default() };
        for text in texts.filter(|text| !text.is_empty()) {
            output.texts += 1;
            output.bytes = output.bytes.saturating_add(text.len() as u64);
            match self.counter.as_ref().and_then(|count| count(&self.request.model, text)) {
                Some(tokens) => output.tokens.add(Tokens::known(tokens)),
                None => {
                    output.exact = false;
                    let Estimated { tokens, low, high, .. } = tokens::estimate::estimate(text.as_bytes(), family);
                    output.tokens.add(Tokens { tokens, low, high });
                }
            }
        }
        output
    }

    /// What an answer whose usage never came is charged: input as sent, output as it came, both rounded up to what they seldom
    /// are above.
    ///
    /// Where a budget can refuse, nothing is taken that could be below the bill: else the next call would spend what this one
    /// has spent already. Then output counts exactly or by its bytes, and by its bytes also where the model reasons unseen.
    fn cut_off(&self, output: &Output, tracker: &Tracker) -> Usage {
        if !self.strict_budget {
            return Usage::tokens(self.input.high, output.tokens.high);
        }
        let most = self.request.max_output.map_or(u64::MAX, |tokens| tokens.saturating_mul(self.request.choices));
        let input = self.body.len() as u64;
        let input = if self.bound_priced { input.min(self.bound_input) } else { input };
        let model = tracker.model(&self.request.model, Some(&self.options.provider));
        let reasons = model.is_none_or(|model| model.capabilities.has("reasoning"));
        let said = if output.exact && !reasons {
            output.tokens.high.saturating_add(output.texts.saturating_mul(AROUND)).min(output.bytes)
        } else {
            output.bytes
        };
        Usage::tokens(input, most.min(said))
    }

    /// What the call has used so far, in tokens and in money; before its end an estimate, unless the provider said it. `None` before
    /// anything was sent.
    pub fn so_far(&self, tracker: &Tracker, now: Instant) -> Option<SoFar> {
        if !self.sent {
            return None;
        }
        let relay = self.relay.as_ref();
        let reported = relay.and_then(|relay| relay.meter().usage.clone());
        // Some tell of the input first, and of the output at the end.
        let exact = reported.is_some() && relay.is_some_and(Relay::is_told);
        let usage = reported.filter(|_| exact).unwrap_or_else(|| {
            let output = self.count_output(relay.into_iter().flat_map(Relay::spoken));
            Usage::tokens(self.input.tokens, output.tokens.tokens)
        });
        let model = relay.and_then(|relay| relay.meter().model.clone());
        let bill = Bill {
            usage,
            model,
            service_tier: relay.and_then(|relay| relay.meter().service_tier.clone()),
            mark: None,
            outcome: outcome::OK,
            at_reservation: false,
            at: now,
        };
        let usd = match self.price(&bill, tracker) {
            Answer::Priced(cost) => Some(cost.usd),
            Answer::Unpriced(_) => None,
        };
        Some(SoFar { usage: bill.usage, usd, exact })
    }

    fn output_texts(&mut self) -> ToGuard {
        let Some(relay) = &mut self.relay else { return to_guard(&self.answer_segments, guard::Stage::Output) };
        let (waiting, is_too_long) = relay.to_judge();
        let mut found = ToGuard { is_too_long, ..ToGuard::default() };
        for waiting in waiting {
            let stage = if waiting.call.is_some() { guard::Stage::ToolCall } else { guard::Stage::Output };
            let is_aside = matches!(waiting.lane, Lane::Refusal(_) | Lane::Reasoning(_));
            found.texts.push(Text { text: waiting.text, role: Role::Assistant.as_str(), stage, is_aside });
            found.calls.extend(waiting.call);
        }
        found
    }

    /// The output is not handed out, and paid all the same.
    fn refuse_output(&mut self, error: Error) {
        if let Some(bill) = &mut self.bill {
            bill.outcome = outcome::BLOCKED;
        }
        if let Some(relay) = &mut self.relay {
            relay.refused(error.clone());
        }
        self.answer.clear();
        self.verdict = Some(error);
    }

    /// The call ends with an error; nothing is owed but what is already in the steps.
    fn fail(&mut self, error: Error) {
        self.release();
        self.end_with(error);
    }

    fn end_with(&mut self, error: Error) {
        self.verdict = Some(error);
        self.phase = Phase::Ending;
    }

    fn release(&mut self) {
        if std::mem::take(&mut self.held) {
            self.steps.push_back(Step::Release { id: self.reservation_id() });
        }
    }

    /// Nobody knows what this try cost: it is charged at its reservation.
    fn unknown(&mut self, at: Instant, mark: &'static str, outcome: &'static str) {
        self.warn(
            WarningCode::UnknownOutcome,
            "the call was sent and no usage came back: it is charged at its upper bound",
        );
        self.bill = Some(Bill {
            usage: Usage::tokens(self.input.tokens, 0),
            model: None,
            service_tier: None,
            mark: Some(mark),
            outcome,
            at_reservation: true,
            at,
        });
        self.phase = Phase::Ending;
    }

    /// The next try, or the end, once this one is settled.
    fn retry(&mut self, error: Error, random: &dyn Fn() -> f64) {
        if self.attempt <= self.options.max_retries {
            self.next_try = Some(backoff_ms(self.attempt, self.head.retry_after_ms, random()));
        }
        self.end_with(error);
    }

    /// Settles and records what this try owes, then ends the call or begins the next try.
    fn close(&mut self, tracker: &Tracker) {
        if let Some(bill) = self.bill.take() {
            let record = self.record_of(&bill, tracker);
            let held = std::mem::take(&mut self.held);
            if held {
                self.steps.push_back(Step::Settle { id: self.reservation_id(), usd: record.usd, mark: bill.mark });
            }
            if self.options.costs {
                let record = Box::new(record);
                if self.options.records {
                    self.steps.push_back(Step::Store { record: record.clone(), charge: !held });
                }
                self.record = Some(record);
            }
        }
        match self.next_try.take() {
            None => self.phase = Phase::Over,
            Some(ms) => {
                self.steps.push_back(Step::Wait { ms });
                self.attempt += 1;
                self.sent = false;
                self.head = Head::default();
                self.verdict = None;
                self.phase = Phase::Reserve;
            }
        }
    }

    /// What a try cost, as a record.
    fn record_of(&mut self, bill: &Bill, tracker: &Tracker) -> Record {
        let mut record = Record::new(&self.record_id, &self.request.model, bill.at);
        record.request_id.clone_from(&self.options.request_id);
        record.agent_id.clone_from(&self.options.agent_id);
        record.provider.clone_from(&self.options.provider);
        record.usage = bill.usage.clone();
        record.attempt = Some(self.attempt);
        record.outcome = Some(bill.outcome.to_owned());
        record.estimated = bill.mark.map(str::to_owned);
        record.cost_source =
            if bill.mark.is_some() { cost_source::ESTIMATED } else { cost_source::COMPUTED }.to_owned();
        record.service_tier.clone_from(&bill.service_tier);
        record.latency_ms = Some((bill.at.ms() - self.sent_at.ms()).max(0) as f64);
        record.time_to_first_token_ms = self.first_text_at.map(|at| (at.ms() - self.sent_at.ms()).max(0) as f64);
        record.streamed = Some(self.request.stream);
        record.scopes = (!self.options.scopes.is_empty()).then(|| self.options.scopes.clone());
        record.metadata = self.options.metadata.clone();
        let mut warnings = Vec::new();
        if bill.at_reservation {
            record.usd = self.bound;
            record.priced = self.bound_priced;
            record.breakdown = ledger::Breakdown { other: Some(self.bound), ..ledger::Breakdown::default() };
        } else {
            match self.price(bill, tracker) {
                Answer::Priced(cost) => {
                    let parts = cost.breakdown();
                    let some = |usd: Usd| (usd > Usd::ZERO).then_some(usd);
                    record.usd = cost.usd;
                    record.priced = true;
                    record.breakdown = ledger::Breakdown {
                        input: parts.input,
                        output: parts.output,
                        image: some(parts.image),
                        audio: some(parts.audio),
                        other: some(parts.other),
                    };
                    warnings = cost.warnings;
                }
                Answer::Unpriced(unpriced) => {
                    // It was paid for, and nobody can say how much: what was held for it counts, if anything was.
                    record.usd = if self.held { self.bound } else { Usd::ZERO };
                    record.breakdown.other = self.held.then_some(self.bound);
                    record.priced = false;
                    warnings.push(unpriced.warning());
                }
            }
        }
        if self.held {
            record.reservation_id = Some(self.reservation_id());
            let over = record.usd.saturating_sub(self.bound);
            record.over_reservation = (over > Usd::ZERO).then_some(over);
        }
        for warning in warnings {
            if !self.warnings.contains(&warning) {
                self.warnings.push(warning);
            }
        }
        record
    }

    /// The price of what was used: by the caller's own rates of the model asked for, else of the model that answered
    /// (a dated snapshot may cost something else), else of the model asked for.
    fn price(&self, bill: &Bill, tracker: &Tracker) -> Answer {
        let asked = self.request.model.as_str();
        let answered = bill.model.as_deref().filter(|_| !self.options.is_mapped && !tracker.has_custom(asked));
        let query = |model| Query {
            service_tier: self.request.service_tier.as_deref(),
            served_tier: bill.service_tier.as_deref(),
            region: self.options.region.as_deref(),
            ..Query::new(model, Some(self.options.provider.as_str()), &bill.usage, bill.at)
        };
        let unpriced = |error: Error| {
            // The policy of an error for an unknown model was for before the call; now the money is spent.
            Answer::Unpriced(Unpriced::new(Reason::UnknownModel, error.message()))
        };
        if let Some(answered) = answered
            && let Ok(Answer::Priced(cost)) = tracker.price(&query(answered))
        {
            return Answer::Priced(cost);
        }
        tracker.price(&query(asked)).unwrap_or_else(unpriced)
    }
}

/// The request in a body, with what its URL says.
fn read_request(options: &Options, body: &str) -> Result<Request> {
    let mut request = Request::parse(options.format, body, options.model.as_deref())?;
    request.stream = options.stream.unwrap_or(request.stream);
    Ok(request)
}

/// The host asked for the next step without having done the last.
fn out_of_turn() -> Error {
    Error::internal("cannot go on with this call: expected the outcome of the last step first, found none")
}

/// The texts of a body for the guardrails.
fn to_guard(segments: &Segments, stage: guard::Stage) -> ToGuard {
    let texts = segments.list().iter().map(|segment| Text {
        text: segment.text.clone(),
        role: segment.role.as_str(),
        stage: match segment.role {
            _ if segment.in_arguments => guard::Stage::ToolCall,
            Role::Tool => guard::Stage::ToolResult,
            _ => stage,
        },
        is_aside: segment.is_aside,
    });
    ToGuard { texts: texts.collect(), calls: segments.calls().to_vec(), ..ToGuard::default() }
}

/// The error of a refusal, with the words that programs match on.
fn blocked(input: bool, outcome: &Guarded) -> Error {
    let names = outcome.failed.join(", ");
    let message = if input {
        format!("Guardrail check failed: {names} (Risk: {})", number::show(outcome.risk))
    } else {
        format!("Output guardrail check failed: {names}")
    };
    Error::new(Code::GuardrailBlocked, message)
        .with("stage", if input { "input" } else { "output" })
        .with("failedGuardrails", outcome.failed.clone())
        .with("riskScore", outcome.risk)
}
