//! What the guardrails say of what is to be sent, and of what came.

use super::{
    Call, Phase,
    bill::outcome,
    step::{Guarded, Text, ToGuard, to_guard},
};
use crate::{
    call::relay::{Out, Relay},
    error::{Code, Error, Result},
    guard,
    json::number,
    provider::{
        chunk::Lane,
        text::{Role, Seam},
    },
};

impl Call {
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
    pub(super) fn hand_out(&mut self, texts: &[Option<String>]) -> Result<()> {
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
        self.is_due().then(|| self.output_texts())
    }

    /// Whether something of a stream under way is to be judged.
    pub fn is_due(&self) -> bool {
        self.phase == Phase::Stream && self.relay.as_ref().is_some_and(Relay::is_due)
    }

    pub(super) fn output_texts(&mut self) -> ToGuard {
        let Some(relay) = &mut self.relay else { return to_guard(&self.answer_segments, guard::Stage::Output) };
        let (waiting, is_too_long) = relay.to_judge();
        let mut found = ToGuard { is_too_long, ..ToGuard::default() };
        for waiting in waiting {
            let stage = if waiting.call.is_some() { guard::Stage::ToolCall } else { guard::Stage::Output };
            let is_aside = matches!(waiting.lane, Lane::Refusal(_) | Lane::Reasoning(_));
            found.texts.push(Text {
                text: waiting.text,
                role: Role::Assistant.as_str(),
                stage,
                is_aside,
                seam: Seam::Apart,
            });
            found.calls.extend(waiting.call);
        }
        found
    }

    /// The output is not handed out, and paid all the same.
    pub(super) fn refuse_output(&mut self, error: Error) {
        if let Some(bill) = &mut self.bill {
            bill.outcome = outcome::BLOCKED;
        }
        if let Some(relay) = &mut self.relay {
            relay.refused(error.clone());
        }
        self.answer.clear();
        self.verdict = Some(error);
    }
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
