//! What was found, and how findings that overlap become one.

use crate::json::{ToJson, Writer};

use super::{decoded::Decoded, kind::Kind, plan::Plan};

/// Something that was found. Never holds the value itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// The OWASP category, as [`Kind::category`].
    pub category: &'static str,
    /// Where it begins, in bytes of the original text (the shell converts to UTF-16).
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// 0 to 100.
    pub score: u8,
    /// Whether a check digit or a checked structure confirmed it.
    pub validated: bool,
    /// How sure the rule is, 0 to 100; see `Hit::new`.
    pub confidence: u8,
    /// The rule that found it.
    pub rule: &'static str,
    /// What the text was decoded from to find it, outermost first; empty where it stands as it is read.
    pub decoded: Decoded,
    /// Which guard decides what is done with it: its place in the scanner's configuration.
    pub guard: usize,
}

impl ToJson for Finding {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        self.write_fields(to);
        to.close('}');
    }
}

impl Finding {
    /// Its fields, for an object that has others as well.
    pub(super) fn write_fields(&self, to: &mut Writer) {
        to.text_of("type", self.kind.as_str());
        to.text_of("category", self.category);
        to.number_of("start", self.start as f64);
        to.number_of("end", self.end as f64);
        to.number_of("score", f64::from(self.score));
        to.bool_of("validated", self.validated);
        to.number_of("confidence", f64::from(self.confidence));
        to.text_of("rule", self.rule);
        if !self.decoded.is_empty() {
            to.list_of("decodedFrom", self.decoded.names());
        }
    }
}

/// Owners that are no guards.
const KNOWN: u8 = u8::MAX;
const STANDS_IN: u8 = u8::MAX - 1;

/// What a detector reports: a finding without the score that a configuration gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hit {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    pub validated: bool,
    pub confidence: u8,
    pub rule: &'static str,
    pub decoded: Decoded,
    /// The guard whose own detector found it, counted from 1; 0 where it is for whoever looks for that kind.
    pub owner: u8,
    /// The guards that count it, a bit for each; see [`Hit::give_to`].
    pub guards: u64,
}

impl Hit {
    /// A hit as sure as its form makes it: what a check digit or a checked structure confirmed 95, all else 75. Rules that
    /// know better say so with [`Hit::sure`].
    pub const fn new(kind: Kind, start: usize, end: usize, validated: bool, rule: &'static str) -> Self {
        let confidence = if validated { 95 } else { 75 };
        Self { kind, start, end, validated, confidence, rule, decoded: Decoded::NOTHING, owner: 0, guards: 0 }
    }

    /// The same hit, that sure.
    pub const fn sure(self, confidence: u8) -> Self {
        Self { confidence, ..self }
    }

    /// The same hit, so much further on.
    pub const fn moved(self, by: usize) -> Self {
        Self { start: self.start + by, end: self.end + by, ..self }
    }

    /// The same hit, of the own detector of the guard at that place.
    pub const fn of_guard(self, guard: usize) -> Self {
        Self { owner: guard as u8 + 1, ..self }
    }

    /// The same hit, of a value that a vault knows: it is replaced whatever the guards do.
    pub const fn known(self) -> Self {
        Self { owner: KNOWN, ..self }
    }

    /// The same hit, of what stands for a value: it is nobody's, and what is found inside of it is nothing.
    pub const fn stands_in(self) -> Self {
        Self { owner: STANDS_IN, ..self }
    }

    /// Whether it is a value that a vault knows.
    pub const fn is_known(&self) -> bool {
        self.owner == KNOWN
    }

    /// Whether it stands for a value.
    pub const fn is_stand_in(&self) -> bool {
        self.owner == STANDS_IN
    }

    /// Says which of the guards count it, given the text that it is.
    pub fn give_to(&mut self, plan: &Plan, text: &str) {
        let is_for = |at: usize| self.owner == 0 || usize::from(self.owner) == at + 1;
        let counting = plan.active().filter(|(at, guard)| is_for(*at) && guard.counts(self, text));
        self.guards = counting.fold(0, |all, (at, _)| all | 1 << at);
    }

    /// Whether the guard at that place counts it.
    pub const fn is_of(&self, guard: usize) -> bool {
        self.guards >> guard & 1 == 1
    }

    /// The finding that it is for the guard at that place.
    pub fn finding(&self, guard: usize, score: u8) -> Finding {
        Finding {
            kind: self.kind,
            category: self.kind.category(),
            start: self.start,
            end: self.end,
            score,
            validated: self.validated,
            confidence: self.confidence,
            rule: self.rule,
            decoded: self.decoded,
            guard,
        }
    }
}

/// Merges findings that overlap: the union of the ranges, everything else from the one with the highest score (at equal
/// scores the validated, then the earlier, then the longer one). Sorted by position.
pub(super) fn merge(mut findings: Vec<Finding>) -> Vec<Finding> {
    crate::collections::sort_by_key(&mut findings, |finding| (finding.start, finding.end, finding.kind));
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        match merged.last_mut() {
            Some(last) if finding.start < last.end => {
                let (start, end) = (last.start, last.end.max(finding.end));
                if (finding.score, finding.validated) > (last.score, last.validated) {
                    *last = finding;
                }
                (last.start, last.end) = (start, end);
            }
            _ => merged.push(finding),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: Kind, start: usize, end: usize) -> Finding {
        Hit::new(kind, start, end, false, "test").finding(0, kind.risk())
    }

    #[test]
    fn what_overlaps_becomes_one_and_what_touches_stays_apart() {
        let merged = merge(vec![
            finding(Kind::Phone, 8, 20),
            finding(Kind::Email, 0, 10),
            finding(Kind::Ssn, 20, 31),
            finding(Kind::Email, 24, 26),
        ]);
        let shape: Vec<_> = merged.iter().map(|f| (f.kind, f.start, f.end)).collect();
        assert_eq!(shape, [(Kind::Phone, 0, 20), (Kind::Ssn, 20, 31)]);
    }
}
