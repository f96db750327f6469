//! Before anything is sent: what the call may cost, and how its output is bounded.

use super::{Call, Phase};
use crate::{
    budget::{Amounts, Unit},
    call::{
        bound::{self, BoundOptions},
        count::{CountOptions, Tokens, count_request},
        machine::step::Expected,
        options::{Fallback, OutputBound},
    },
    error::{Code, Error, Result, WarningCode},
    money::Usd,
    price::{Bound, BoundAnswer, Reason, Tracker, Unpriced},
    provider::edit::Edits,
    time::Instant,
    usage::Usage,
};

/// No budget counts further, and it is a number on every host.
pub(super) const MOST_TOKENS: u64 = 1_000_000_000_000_000;

/// How many times a lowered maximum is tried on the budgets.
const CLAMPS: u32 = 4;

/// What [`OutputBound::Clamp`] reckons with: the bound is a straight line over the output maximum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clamp {
    /// The bound without output.
    input: Amounts,
    /// What each token of the maximum adds to it, over all choices.
    token: Amounts,
    asks_left: u32,
}

impl Clamp {
    fn bound(self, tokens: u64) -> Option<Amounts> {
        let output = self.token.usd.pico().checked_mul(i128::from(tokens)).and_then(Usd::from_pico)?;
        let all = self.input.tokens?.checked_add(self.token.tokens?.checked_mul(tokens)?)?;
        Some(Amounts::new(self.input.usd.checked_add(output).ok()?, Some(all)))
    }
}

/// What a bound pays for.
fn amounts(bound: &Bound) -> Amounts {
    Amounts::new(bound.cost.usd, Some(bound.input_tokens.saturating_add(bound.output_tokens).min(MOST_TOKENS)))
}

impl Call {
    /// Bounds the output, asks for usage, estimates and bounds the cost.
    pub(super) fn plan(&mut self, tracker: &Tracker, now: Instant) {
        if let Err(error) = self.try_plan(tracker, now) {
            self.fail(error);
        }
    }

    fn try_plan(&mut self, tracker: &Tracker, now: Instant) -> Result<()> {
        self.phase = Phase::Reserve;
        if !self.options.fallbacks.is_empty() {
            self.unplanned = Some(self.body.clone());
        }
        if !self.options.costs {
            return Ok(());
        }
        let asked_for_usage = self.request.include_usage;
        let mut edits = Edits::new();
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
        let expected =
            self.expected_sound(tracker, now).unwrap_or_else(|| Usage::tokens(self.input.tokens, expected_output));
        let model = self.request.model.clone();
        let bound = match self.upper_bound(tracker, None, now) {
            // Where nothing can be refused, what can't be read is the provider's to refuse.
            Err(error) if error.code() == Code::InvalidInput && !self.strict_budget => {
                BoundAnswer::Unpriced(Unpriced::new(Reason::Unbounded, error.message()))
            }
            bound => bound?,
        };
        let is_free = matches!(&bound, BoundAnswer::Unpriced(unpriced) if self.is_free(unpriced));
        let mut estimate = tracker.estimate(&model, &expected, Some(&self.options.provider), now)?;
        if is_free {
            estimate.priced = true;
            estimate.warnings.clear();
        }
        self.warnings.extend(estimate.warnings.iter().cloned());
        self.estimate = Some(Expected { model: model.clone(), usage: expected, estimate, at: now });
        match bound {
            BoundAnswer::Unpriced(_) if is_free => {
                (self.bound, self.bound_tokens, self.bound_priced) = (Usd::ZERO, Some(self.input.high), true);
                Ok(())
            }
            BoundAnswer::Bounded(bound) => {
                (self.bound, self.bound_tokens) = (bound.cost.usd, amounts(&bound).tokens);
                self.bound_input = bound.input_tokens;
                self.bound_priced = true;
                self.dearest = self.dearest_fallback(tracker, now)?;
                if self.options.output_bound == OutputBound::Clamp && self.strict_budget {
                    self.clamp = self.clamps(tracker, now)?;
                }
                Ok(())
            }
            BoundAnswer::Unpriced(unpriced) if self.refuses(&unpriced) => Err(refusal(&unpriced, &model)),
            BoundAnswer::Unpriced(_) => {
                self.bound = self.estimate.as_ref().map_or(Usd::ZERO, |expected| expected.estimate.usd);
                self.bound_tokens = self.estimate.as_ref().map(|expected| expected.usage.total_tokens());
                Ok(())
            }
        }
    }

    /// The most that the request can cost at any of the targets that are asked where this one fails.
    fn dearest_fallback(&self, tracker: &Tracker, now: Instant) -> Result<Amounts> {
        let mut dearest = Amounts::from(Usd::ZERO);
        for Fallback { model, provider } in &self.options.fallbacks {
            let options = BoundOptions { provider: Some(provider), instead: Some(model), ..self.bound_options(now) };
            match bound::upper_bound(tracker, &self.body, &options)? {
                BoundAnswer::Bounded(bound) => {
                    let Amounts { usd, tokens, .. } = amounts(&bound);
                    dearest = Amounts::new(dearest.usd.max(usd), dearest.tokens.max(tokens));
                }
                BoundAnswer::Unpriced(unpriced) if self.refuses(&unpriced) => return Err(refusal(&unpriced, model)),
                BoundAnswer::Unpriced(_) => {}
            }
        }
        Ok(dearest)
    }

    /// Whether what nobody can bound or price stays here.
    fn refuses(&self, unpriced: &Unpriced) -> bool {
        self.strict_budget && !(self.options.allow_unbounded && unpriced.reason == Reason::Unbounded)
    }

    /// What lowering the output maximum saves.
    fn clamps(&self, tracker: &Tracker, now: Instant) -> Result<Option<Clamp>> {
        let [input, one] = [0, 1].map(|cap| self.upper_bound(tracker, Some(cap), now));
        let (BoundAnswer::Bounded(input), BoundAnswer::Bounded(one)) = (input?, one?) else { return Ok(None) };
        let (input, one) = (amounts(&input), amounts(&one));
        let tokens = one.tokens.zip(input.tokens).map(|(one, none)| one.saturating_sub(none));
        let token = Amounts::new(one.usd.saturating_sub(input.usd), tokens);
        Ok(Some(Clamp { input, token, asks_left: CLAMPS }))
    }

    /// The most that the request can cost as it is, or with its output held to a cap.
    fn upper_bound(&self, tracker: &Tracker, cap: Option<u64>, now: Instant) -> Result<BoundAnswer> {
        bound::upper_bound(tracker, &self.body, &BoundOptions { cap, ..self.bound_options(now) })
    }

    fn bound_options(&self, now: Instant) -> BoundOptions<'_> {
        let (provider, region) = (Some(self.options.provider.as_str()), self.options.region.as_deref());
        let count = self.counter.as_deref().map(|count| count as bound::Count<'_>);
        // Where the body names none.
        let model = Some(self.request.model.as_str());
        let instead = model.filter(|_| self.options.is_mapped);
        BoundOptions { provider, model, instead, region, count, ..BoundOptions::new(now) }
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

    /// Lowers the output maximum to what a budget has left, to ask again; says whether it did. What is left may be less by
    /// then, or another budget may have less: it is asked a few times, and each time for less.
    pub(super) fn clamp(&mut self, unit: Unit, remaining: Usd) -> bool {
        let Some(clamp) = &mut self.clamp else { return false };
        // Fewer tokens are no fewer requests.
        let (Some(input), Some(token), true) = (clamp.input.of(unit), clamp.token.of(unit), unit != Unit::Requests)
        else {
            return false;
        };
        let left = remaining.saturating_sub(input).pico();
        let Some(tokens) = left.checked_div(token.pico()).and_then(|tokens| u64::try_from(tokens).ok()) else {
            return false;
        };
        let Some(bound) = clamp.bound(tokens) else { return false };
        let lower = bound.usd <= self.bound && bound.tokens < self.bound_tokens;
        if tokens == 0 || !lower || clamp.asks_left == 0 {
            return false;
        }
        clamp.asks_left -= 1;
        let lowered = self.read(&self.body).and_then(|request| {
            let mut edits = Edits::new();
            request.lower_output(&self.body, tokens, &mut edits)?;
            edits.apply(&self.body)
        });
        let Ok(body) = lowered else { return false };
        self.body = body;
        (self.bound, self.bound_tokens) = (bound.usd, bound.tokens);
        // What it can pay for is this target: one that is dearer reserves for itself when it is asked.
        self.dearest = Amounts::from(Usd::ZERO);
        self.request.max_output = Some(tokens);
        self.warnings.retain(|warning| warning.code != WarningCode::OutputBoundClamped);
        self.warn(
            WarningCode::OutputBoundClamped,
            format!("a budget can pay for {tokens} output tokens and not for more: the request's maximum was lowered"),
        );
        true
    }
}

/// Why a budget that can refuse does not let a call go that nobody can price.
fn refusal(unpriced: &Unpriced, model: &str) -> Error {
    let code = if unpriced.reason == Reason::Unbounded { Code::Unbounded } else { Code::UnknownModel };
    Error::new(code, format!("cannot reserve: {}", unpriced.detail)).with("model", model)
}
