//! What of a stream leaves, and how it is written: an event as it came, where no guard changed a text of it.

use super::{Held, Out, Relay, lane::LaneState};
use crate::provider::{edit::Edits, sse::Event, text::leaves};

impl Relay {
    /// Lets the events go whose texts are decided.
    pub(super) fn release(&mut self) -> Vec<Out> {
        let mut out = Vec::new();
        while self.queue.front().is_some_and(|held| {
            held.pieces.iter().all(|piece| {
                let decided = |lane: &LaneState| !lane.waits && piece.start + piece.text.len() <= lane.settled;
                self.lanes.get(&piece.lane).is_none_or(decided)
            }) && held
                .lanes
                .iter()
                .all(|lane| self.lanes.get(lane).is_none_or(|lane| !lane.waits && lane.length <= lane.settled))
        }) {
            let Some(held) = self.queue.pop_front() else { break };
            out.extend(self.write(held));
        }
        out
    }

    /// An event as it leaves: its own bytes where nothing changed.
    pub(super) fn write(&mut self, held: Held) -> Option<Out> {
        let mut edits = Edits::new();
        let mut changed = Vec::new();
        for piece in &held.pieces {
            if let Some(lane) = self.lanes.get_mut(&piece.lane) {
                let text = lane.edited(piece);
                if text != piece.text {
                    edits.replace_with_string(piece.range.clone(), &text);
                    changed.push(piece.lane.choice());
                }
            }
        }
        for (_, range) in held.logprobs.iter().filter(|(choice, _)| changed.contains(choice)) {
            edits.replace(range.clone(), "null".to_owned());
        }
        for lane in &held.lanes {
            if let Some(lane) = self.lanes.get_mut(lane) {
                lane.restore_whole();
            }
        }
        if held.lanes.iter().any(|lane| self.lanes.get(lane).is_some_and(LaneState::is_changed)) {
            edits.extend(self.edit_wholes(&held)?);
        }
        let is_data = |data: &String| data.trim() != "[DONE]";
        if edits.is_empty() {
            let Event { raw, data } = held.event;
            return Some(Out { raw, data: data.filter(is_data) });
        }
        // The ranges come from this very data, so the edit does not fail; should it, nothing unredacted leaves.
        let changed = edits.apply(held.event.data.as_ref().filter(|data| is_data(data))?).ok()?;
        Some(Out { raw: held.event.with_data(&changed), data: Some(changed) })
    }

    /// The changes to the texts that stand in an event whole: those of their lanes. `None` where a call was put in another's
    /// place, whose parts nobody can tell: the event does not leave then.
    fn edit_wholes(&self, held: &Held) -> Option<Edits> {
        let mut leaves_of = Vec::new();
        for state in held.lanes.iter().filter_map(|lane| self.lanes.get(lane)).filter(|lane| lane.is_changed()) {
            let edited = state.with(&state.changes(0, 0, usize::MAX));
            if let Some(before) = leaves(&state.text) {
                let after = leaves(&edited)?;
                if before.len() != after.len() {
                    return None;
                }
                leaves_of.extend(before.into_iter().zip(after).map(|((_, before), (_, after))| (before, after)));
            }
            leaves_of.push((state.text.clone(), edited));
        }
        let text = |text: &str| leaves_of.iter().find(|(before, _)| before == text).map(|(_, after)| after.clone());
        let texts: Vec<_> = held.wholes.list().iter().map(|segment| text(&segment.text)).collect();
        held.wholes.edits(&texts).ok()
    }
}
