//! What came of a try that was sent: an answer, whole or in pieces, or none.

use super::{
    Call, Phase,
    bill::{ABORTED, Bill, NO_USAGE, UNKNOWN_OUTCOME, outcome},
    step::Outcome,
};
use crate::{
    call::relay::{End, Out},
    error::{Code, Error, WarningCode},
    price::Tracker,
    provider::{
        answer::Answer,
        http::{error_from_response, never_connected},
        said::without_echo,
        usage::extract,
    },
    time::Instant,
};

impl Call {
    /// The whole body has come.
    pub fn received(&mut self, body: String, tracker: &Tracker, now: Instant, random: &dyn Fn() -> f64) {
        if !self.head.is_success() {
            let error = self.without_echo(error_from_response(&self.options.provider, &self.head, &body));
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
        let parsed = Answer::parse(self.options.format, &body, &self.options.provider, &mut warnings);
        self.warnings.extend(warnings);
        match parsed {
            Ok(response) => {
                let (model, service_tier) = (response.model, response.service_tier);
                let told = |usage, mark| Bill {
                    usage,
                    model,
                    service_tier,
                    mark,
                    outcome: outcome::OK,
                    at_reservation: false,
                    at: now,
                };
                let unsaid = if response.usage.is_none() { self.sound_bill(tracker, now) } else { None };
                self.bill = Some(match (response.usage, unsaid) {
                    (Some(usage), _) => told(usage, None),
                    (None, Some(bill)) => bill,
                    (None, None) => {
                        let texts = response.segments.list().iter().map(|segment| segment.text.as_str());
                        told(self.cut_off(&self.count_output(texts), tracker), Some(NO_USAGE))
                    }
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

    /// An error without what it repeats of the request: what a provider says of it may be what was asked.
    fn without_echo(&self, error: Error) -> Error {
        error.retold(&|message| {
            let texts = self.request.segments.list();
            let texts: Vec<String> = texts.iter().map(|asked| asked.text.to_ascii_lowercase()).collect();
            without_echo(message, &|words| texts.iter().any(|text| text.contains(words)))
        })
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
            Outcome::Late { ms } => Error::new(
                Code::Timeout,
                format!("cannot wait longer: expected an answer to begin within {ms} ms, found none"),
            )
            .with("timeout", *ms),
            Outcome::Aborted => Error::new(Code::Network, "the call was aborted").with("aborted", true),
        }
        .with("provider", self.options.provider.as_str());
        let never_sent = !self.sent
            || (self.phase == Phase::Fetch && matches!(why, Outcome::Network { code, .. } if never_connected(code)));
        let may_retry = self.phase == Phase::Fetch && matches!(why, Outcome::Network { .. } | Outcome::Late { .. });
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
                _ => error,
            };
            self.end_with(error);
            return;
        }
        if may_retry { self.retry(error, random) } else { self.end_with(error) }
    }

    /// Takes bytes of the stream, gives the events that may leave. Then [`Call::to_grow`].
    pub fn chunk(&mut self, bytes: &[u8], tracker: &Tracker, now: Instant) -> Vec<Out> {
        let Some(relay) = &mut self.relay else { return Vec::new() };
        let mut out = relay.chunk(bytes);
        if self.first_text_at.is_none() && relay.meter().has_text {
            self.first_text_at = Some(now);
        }
        self.watch(&mut out, tracker, now);
        out
    }

    /// Whether the stream has ended by itself: the host need not read on.
    pub fn stream_ended(&self) -> bool {
        self.relay.as_ref().is_some_and(|relay| relay.ended().is_some())
    }

    /// Whether it has ended before its end: by a guardrail, a budget, or what nobody can read.
    pub fn stream_stopped(&self) -> bool {
        self.relay.as_ref().is_some_and(|relay| relay.ended().is_some_and(|end| *end != End::Complete))
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
            Some(Outcome::Timeout | Outcome::Late { .. }) => relay.stop(
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
        let end = relay.ended().cloned().unwrap_or(End::Complete);
        let complete = end == End::Complete;
        let exhausted = matches!(&end, End::Broken(error) if error.code().as_str().starts_with("budget_"));
        let (outcome, error) = match end {
            End::Complete => (outcome::OK, None),
            End::Blocked(error) => (outcome::BLOCKED, Some(error)),
            End::Broken(error) if exhausted || error.context().get("aborted").is_some() => {
                (outcome::ABORTED, Some(error))
            }
            End::Broken(error) => (outcome::ERROR, Some(self.without_echo(error).with("provider", provider))),
        };
        self.warnings.extend(meter.warnings);
        let told = meter.usage.is_some();
        let (usage, mark) = match (meter.usage, complete) {
            // Counted only where the provider does not say.
            (Some(usage), true) => (usage, None),
            (_, complete) => (self.metered(tracker), Some(if complete { NO_USAGE } else { ABORTED })),
        };
        if !complete {
            self.warn(
                WarningCode::StreamEnded,
                "the stream ended early: what was sent and delivered is charged, marked as estimated",
            );
        }
        // Cut off before anything came: nobody knows what was billed.
        let at_reservation = !complete && !exhausted && mark == Some(ABORTED) && meter.text_bytes == 0;
        let unsaid = if told { None } else { self.sound_bill(tracker, now) };
        self.bill = Some(match unsaid {
            // What was asked for is what is billed, however much of it was heard.
            Some(bill) => Bill { mark: if complete { bill.mark } else { Some(ABORTED) }, outcome, ..bill },
            None => Bill {
                usage,
                model: meter.model,
                service_tier: meter.service_tier,
                mark: if at_reservation { Some(UNKNOWN_OUTCOME) } else { mark },
                outcome,
                at_reservation,
                at: now,
            },
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
}
