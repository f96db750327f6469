//! What a try is charged: by the usage that was told, else by what was seen.

use super::{Call, Phase};
use crate::{
    call::{count::Tokens, relay::Relay},
    error::{Error, WarningCode},
    ledger::{self, Record, record::cost_source},
    money::Usd,
    price::{Answer, Query, Reason, Tracker, Unpriced},
    time::Instant,
    tokens::{
        self,
        estimate::{Estimate as Estimated, Family},
    },
    usage::{Unit, Usage},
};

/// Why a record's cost is an estimate: the values of `estimated`.
pub(super) const ABORTED: &str = "aborted";
pub(super) const UNKNOWN_OUTCOME: &str = "unknown_outcome";
pub(super) const NO_USAGE: &str = "no_usage";

/// How a try ended: the values of a record's `outcome`.
pub(super) mod outcome {
    pub const OK: &str = "ok";
    pub const BLOCKED: &str = "blocked_output";
    pub const ABORTED: &str = "aborted";
    pub const ERROR: &str = "error";
}

/// Tokens that a choice of an answer may have beside its texts: marks, and the name of a tool.
const AROUND: u64 = 32;

/// What an answer's texts are in tokens.
#[derive(Default)]
pub(super) struct Output {
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
pub(super) struct Bill {
    pub(super) usage: Usage,
    pub(super) model: Option<String>,
    pub(super) service_tier: Option<String>,
    pub(super) mark: Option<&'static str>,
    pub(super) outcome: &'static str,
    /// Charged at the reservation, whatever the usage would cost.
    pub(super) at_reservation: bool,
    pub(super) at: Instant,
}

impl Call {
    /// The tokens of texts that came: exact where a vocabulary says, else estimated.
    pub(super) fn count_output<'t>(&self, texts: impl Iterator<Item = &'t str>) -> Output {
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
    pub(super) fn cut_off(&self, output: &Output, tracker: &Tracker) -> Usage {
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
        // Where far more than the maximum came it was ignored, and bounds nothing. The low end of an estimate is no certainty.
        let ignored = output.tokens.low / 2 > most;
        Usage::tokens(input, if ignored { said } else { most.min(said).max(output.tokens.low) })
    }

    /// What a stream is charged were it to end here: the larger of what was told, which may be a part, and of what was seen.
    pub(super) fn metered(&self, tracker: &Tracker) -> Usage {
        let relay = self.relay.as_ref();
        let seen = self.cut_off(&self.count_output(relay.into_iter().flat_map(Relay::spoken)), tracker);
        let Some(mut usage) = relay.and_then(|relay| relay.meter().usage.clone()) else { return seen };
        usage.add(Unit::Input, seen.get(Unit::Input).saturating_sub(usage.input_tokens()));
        usage.add(Unit::Output, seen.get(Unit::Output).saturating_sub(usage.output_tokens()));
        usage
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
        let bill = self.bill_up_to_here(usage, now);
        let usd = match self.price(&bill, tracker) {
            Answer::Priced(cost) => Some(cost.usd),
            Answer::Unpriced(_) => None,
        };
        Some(SoFar { usage: bill.usage, usd, exact })
    }

    /// Nobody knows what this try cost: it is charged at its reservation.
    pub(super) fn unknown(&mut self, at: Instant, mark: &'static str, outcome: &'static str) {
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

    /// What a try cost, as a record.
    pub(super) fn record_of(&mut self, bill: &Bill, tracker: &Tracker) -> Record {
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
                Answer::Unpriced(unpriced) if self.is_free(&unpriced) => record.priced = true,
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
            let over = record.usd.saturating_sub(self.covered());
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
    pub(super) fn price(&self, bill: &Bill, tracker: &Tracker) -> Answer {
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
