//! The states and what moves between them.

mod answered;
mod bill;
mod grow;
mod held;
mod judged;
mod plan;
mod sound;
mod step;

use std::collections::VecDeque;

use bill::Bill;
use grow::Purse;
use held::over_budget;
use plan::Clamp;
use step::to_guard;

pub use bill::SoFar;
pub use grow::Growth;
pub use step::{Expected, Guarded, Outcome, Reserved, Step, Text, ToGuard};

use crate::{
    budget::Amounts,
    call::{
        count::Tokens,
        options::Options,
        relay::{Judge, Relay},
    },
    error::{Error, Result, Warning, WarningCode},
    guard,
    ledger::Record,
    money::Usd,
    price::Tracker,
    provider::{http::Head, request::Request, text::Segments},
    time::Instant,
};

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

/// One guarded call.
pub struct Call {
    options: Options,
    /// Whether a budget binds that can refuse.
    strict_budget: bool,
    /// Whether one of those counts tokens.
    strict_tokens: bool,
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
    /// The tokens that it pays for, where they are bounded.
    bound_tokens: Option<u64>,
    /// The input tokens that it pays for.
    bound_input: u64,
    bound_priced: bool,
    /// The most that one of the targets can cost that are asked where this one fails.
    dearest: Amounts,
    /// The tries of targets before this one.
    tries_before: u32,
    /// The request before it was planned for this target, where another may follow.
    unplanned: Option<String>,
    /// Whether the answer is one that was kept: nothing is owed for it.
    replayed: bool,
    clamp: Option<Clamp>,
    /// What a stream may use, where a budget can refuse.
    purse: Purse,
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

impl Call {
    /// A call with that request.
    pub fn new(options: Options, body: String) -> Result<Self> {
        let request = read_request(&options, &body)?;
        Ok(Self {
            options,
            strict_budget: false,
            strict_tokens: false,
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
            bound_tokens: None,
            bound_input: 0,
            bound_priced: false,
            dearest: Amounts::from(Usd::ZERO),
            tries_before: 0,
            unplanned: None,
            replayed: false,
            clamp: None,
            purse: Purse::default(),
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
                    return Step::Reserve {
                        id: self.reservation_id(),
                        scopes: self.scopes(),
                        usd: self.wanted().usd,
                        tokens: self.wanted().tokens,
                        requests: 1,
                        lease_ms: self.lease_ms(),
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

    /// What it is made from.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The request as it was before it was planned for its target; `None` where no other may follow.
    pub fn unplanned(&self) -> Option<&str> {
        self.unplanned.as_deref()
    }

    /// The call has ended with an error, all that it owes is settled, and another target is to be asked, with what the
    /// guardrails let pass: its tries go on counting.
    pub fn fall_back(&mut self, options: Options, body: String) -> Result<()> {
        if self.phase != Phase::Over || self.relay.is_some() {
            return Err(out_of_turn());
        }
        self.request = read_request(&options, &body)?;
        self.options = options;
        self.body = body;
        self.tries_before = self.attempt;
        self.attempt += 1;
        self.sent = false;
        self.head = Head::default();
        self.verdict = None;
        self.clamp = None;
        self.dearest = Amounts::from(Usd::ZERO);
        self.phase = Phase::Budgets;
        Ok(())
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
        let is_sound = self.is_sound();
        if head.is_success() && (self.request.stream || is_sound) && !head.content_type.starts_with("application/json")
        {
            let wire = (self.options.format, self.options.provider.as_str());
            let strip_usage = self.options.costs && wire.0.asks_for_usage() && !self.asked_for_usage();
            let scanner = self.scanner.clone().filter(|_| self.options.guard);
            let judge = if self.options.guard { judge } else { Judge::default() };
            let mut relay = Relay::new(wire, scanner, judge, strip_usage).restoring(self.vault.clone());
            if is_sound {
                relay.pass_bytes();
            } else if self.held && self.strict_budget {
                // From the first text on, which tells who answers.
                relay.pause_at(0);
            }
            self.relay = Some(relay);
            self.phase = Phase::Stream;
        }
        self.head = head;
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

    fn asked_for_usage(&self) -> bool {
        self.request.include_usage == Some(true)
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

    /// The next try, or the end, once this one is settled.
    fn retry(&mut self, error: Error, random: &dyn Fn() -> f64) {
        let attempt = self.attempt.saturating_sub(self.tries_before);
        if attempt <= self.options.max_retries {
            self.next_try = self.options.backoff.wait_ms(attempt, self.head.retry_after_ms, random());
        }
        self.end_with(error);
    }

    /// Settles and records what this try owes, then ends the call or begins the next try.
    fn close(&mut self, tracker: &Tracker) {
        let bill = self.bill.take().filter(|_| !self.replayed);
        if let Some(bill) = bill {
            let record = self.record_of(&bill, tracker);
            let held = std::mem::take(&mut self.held);
            if held {
                // What nobody knows is what was held.
                let tokens = (!bill.at_reservation).then(|| record.total_tokens().min(plan::MOST_TOKENS));
                let (id, usd) = (self.reservation_id(), record.usd);
                self.steps.push_back(Step::Settle { id, usd, tokens, mark: bill.mark });
            }
            // After it: nobody else may hold what is not settled yet.
            self.steps.extend(self.purse.spend().map(|id| Step::Release { id }));
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
}

/// The request in a body, with what its URL says.
fn read_request(options: &Options, body: &str) -> Result<Request> {
    let mut request = Request::parse(options.format, body, options.model.as_deref())?;
    request.stream = options.stream.unwrap_or(request.stream);
    // What a deployment is of, by the application's own word: Azure's SDK names the deployment in the body, too.
    if let Some(model) = options.model.as_ref().filter(|_| options.is_mapped) {
        request.model.clone_from(model);
    }
    Ok(request)
}

/// The host asked for the next step without having done the last.
fn out_of_turn() -> Error {
    Error::internal("cannot go on with this call: expected the outcome of the last step first, found none")
}
