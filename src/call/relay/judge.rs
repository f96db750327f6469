//! What of a stream guardrails outside the scanner are to see before it leaves.

use super::{
    End, Out, Relay,
    lane::{LaneState, is_call},
};
use crate::{
    error::Error,
    guard::Edit,
    provider::{chunk::Lane, text::ToolText},
};

/// The most text that waits for guardrails outside. With more of it they can't judge, and each fails by its own rule.
const MAX_JUDGED: usize = 1024 * 1024;

/// What guardrails outside the scanner, the application's own among them, have to see before it leaves.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Judge {
    /// What is said: content, refusals, thoughts.
    pub content: bool,
    /// Calls of tools.
    pub calls: bool,
    /// They only report: nothing waits for them, and they see it all at the end.
    pub observe: bool,
}

impl Judge {
    /// Whether they are to see a text before it leaves.
    pub(super) fn holds(self, lane: Lane) -> bool {
        !self.observe && if is_call(lane) { self.calls } else { self.content }
    }
}

/// A text of a stream to be judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Which one.
    pub lane: Lane,
    /// The text as the scanner left it.
    pub text: String,
    /// For a call of a tool: the call as it came.
    pub call: Option<ToolText>,
}

impl Relay {
    /// Whether texts are whole and wait to be judged, and nobody was asked yet.
    pub fn is_due(&self) -> bool {
        self.asked.is_none() && !matches!(self.end, Some(End::Blocked(_))) && self.due().next().is_some()
    }

    /// Whether more waits than is held for guardrails outside.
    fn overflows(&self) -> bool {
        let waiting = self.lanes.values().filter(|lane| lane.waits);
        waiting.map(|lane| lane.text.len()).sum::<usize>() > MAX_JUDGED
    }

    /// The lanes to be judged now: those of choices that have ended; all where the stream has, or where there is too much.
    fn due(&self) -> impl Iterator<Item = Lane> {
        let all = self.end.is_some() || self.overflows();
        let due = move |lane: &Lane, state: &LaneState| {
            let finished = all || self.started.get(&lane.choice()).is_some_and(|finished| *finished);
            if self.judge.observe { self.end.is_some() } else { state.waits && finished }
        };
        self.lanes.iter().filter(move |(lane, state)| due(lane, state)).map(|(lane, _)| *lane)
    }

    /// The whole texts that wait to be judged, and whether they are more than is held: then the guardrails are to fail by
    /// their own rules. Empty where nothing waits; the same ones until there is a judgement.
    pub fn to_judge(&mut self) -> (Vec<Waiting>, bool) {
        if matches!(self.end, Some(End::Blocked(_))) {
            return (Vec::new(), false);
        }
        let (asked, too_long) = self.asked.take().unwrap_or_else(|| (self.due().collect(), self.overflows()));
        let texts = asked.iter().filter_map(|lane| {
            let state = self.lanes.get(lane)?;
            let call = is_call(*lane).then(|| ToolText { name: state.name.clone(), arguments: state.text.clone() });
            Some(Waiting { lane: *lane, text: state.edited_text(), call })
        });
        let texts = texts.collect();
        self.asked = Some((asked, too_long)).filter(|(asked, _)| !asked.is_empty());
        (texts, too_long)
    }

    /// The judgement: `None` leaves a text as it is. Gives what waited for it.
    pub fn judged(&mut self, texts: &[Option<String>]) -> Vec<Out> {
        let (asked, too_long) = self.asked.take().unwrap_or_default();
        let observe = self.judge.observe;
        if too_long || observe {
            // Nobody has seen it, and it may leave all the same; or it left long ago. Nothing of this stream waits any more.
            self.judge = Judge::default();
            self.lanes.values_mut().for_each(|lane| lane.waits = false);
        }
        let given = texts.iter().map(Option::as_deref).chain(std::iter::repeat(None));
        for (lane, text) in asked.iter().zip(given) {
            let Some(state) = self.lanes.get_mut(lane).filter(|_| !observe) else { continue };
            if let Some(text) = text {
                let said = self.vault.as_ref().filter(|_| state.restore.is_some());
                let replacement = said.map_or_else(|| text.to_owned(), |vault| vault.restore(text).text);
                state.restores.clear();
                state.edits = vec![Edit { start: 0, end: state.length, replacement }];
                (state.first_edit, state.first_restore) = (0, 0);
            }
            state.waits = false;
        }
        self.release()
    }

    /// The judgement was a refusal: nothing of what waited leaves.
    pub fn refused(&mut self, error: Error) {
        self.asked = None;
        self.queue.clear();
        self.end = Some(End::Blocked(error));
    }
}
