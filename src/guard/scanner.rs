//! Guards over a whole text.

use crate::json::{ToJson, Writer};

use super::{
    action::{Action, Stage},
    config::{Config, Detector, Streaming},
    finding::{Finding, Hit, merge},
    injection,
    kind::Kind,
    sweep::{Sweep, Wanted},
    view::View,
};

/// A set of guards. Holds no state between texts.
#[derive(Clone, Debug)]
pub struct Scanner {
    guards: Vec<Config>,
}

/// What one guard found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardScan {
    /// The guard's name.
    pub name: String,
    /// Whether the text may pass, as far as this guard goes.
    pub passed: bool,
    /// The guard's action when it found something, else [`Action::Allow`].
    pub action: Action,
    /// What it found, merged where it overlaps.
    pub findings: Vec<Finding>,
    /// The highest score, 0 without findings.
    pub risk: u8,
}

/// The answer over a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Whether the text may pass: no guard that blocks found anything.
    pub passed: bool,
    /// The strongest action that was taken.
    pub action: Action,
    /// What was found, merged where it overlaps, also between guards.
    pub findings: Vec<Finding>,
    /// The text with everything replaced that a guard redacts, masks, transforms or blocks.
    pub text: String,
    /// The highest score, 0 without findings.
    pub risk: u8,
    /// Each guard that acts at the stage, in the order of the configuration.
    pub guards: Vec<GuardScan>,
}

impl ToJson for GuardScan {
    fn write(&self, to: &mut Writer) {
        to.open('{');
        to.text_of("name", &self.name);
        to.bool_of("passed", self.passed);
        to.text_of("action", self.action.as_str());
        to.list_of("findings", &self.findings);
        to.number_of("risk", f64::from(self.risk));
        to.close('}');
    }
}

/// Findings of any guards that overlap, and what is done with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub finding: Finding,
    pub action: Action,
    /// What the placeholder names.
    label: Kind,
    label_score: u8,
}

impl Scanner {
    /// A scanner with these guards.
    pub fn new(guards: Vec<Config>) -> Self {
        Self { guards }
    }

    /// The guard that blocks on that kind: the first of them.
    pub fn blocker(&self, kind: Kind) -> Option<&Config> {
        self.guards.iter().find(|guard| guard.action == Action::Block && guard.wants(kind))
    }

    /// The guards.
    pub fn guards(&self) -> &[Config] {
        &self.guards
    }

    /// The guards that act at a stage.
    pub(super) fn active(&self, stage: Stage) -> Vec<Config> {
        self.guards.iter().filter(|guard| guard.stages.contains(&stage)).cloned().collect()
    }

    /// How a stream at that stage behaves: as the guard does that holds most.
    pub fn streaming(&self, stage: Stage) -> Streaming {
        let buffered = |guard: &Config| guard.stages.contains(&stage) && guard.streaming() == Streaming::Buffered;
        if self.guards.iter().any(buffered) { Streaming::Buffered } else { Streaming::Exact }
    }

    /// Scans a text.
    pub fn scan(&self, text: &str, stage: Stage) -> Scan {
        let guards = self.active(stage);
        let mut hits = Vec::new();
        if let Some(wanted) = wanted(&guards) {
            Sweep::new(wanted).run(&View::new(text, true), 0, &mut hits);
        }
        hits.extend(look_for_injection(&guards, text));
        let groups = group(&guards, &hits);
        let mut edited = String::with_capacity(text.len());
        let mut end = 0;
        for group in &groups {
            edited.push_str(text.get(end..group.finding.start).unwrap_or_default());
            let original = text.get(group.finding.start..group.finding.end).unwrap_or_default();
            match group.replacement(original) {
                Some(replacement) => edited.push_str(&replacement),
                None => edited.push_str(original),
            }
            end = group.finding.end;
        }
        edited.push_str(text.get(end..).unwrap_or_default());
        Scan::from_parts(&guards, &hits, &groups, edited)
    }
}

impl Scan {
    /// Puts together what was found.
    pub(super) fn from_parts(guards: &[Config], hits: &[Hit], groups: &[Group], text: String) -> Self {
        Self {
            passed: groups.iter().all(|group| group.action != Action::Block),
            action: groups.iter().map(|group| group.action).max().unwrap_or(Action::Allow),
            findings: groups.iter().map(|group| group.finding.clone()).collect(),
            text,
            risk: groups.iter().map(|group| group.finding.score).max().unwrap_or(0),
            guards: guards.iter().map(|guard| GuardScan::new(guard, hits)).collect(),
        }
    }
}

impl GuardScan {
    fn new(guard: &Config, hits: &[Hit]) -> Self {
        let found = hits.iter().filter(|hit| guard.finds(hit)).map(|hit| hit.finding(guard.risk(hit.kind)));
        let findings = merge(found.collect());
        let action = if findings.is_empty() { Action::Allow } else { guard.action };
        Self {
            name: guard.name.clone(),
            passed: action != Action::Block,
            action,
            risk: findings.iter().map(|finding| finding.score).max().unwrap_or(0),
            findings,
        }
    }

    /// The text with this guard's findings replaced, whatever other guards do; `None` where its action changes nothing.
    pub fn edit(&self, text: &str) -> Option<String> {
        if !self.action.edits() {
            return None;
        }
        let mut edited = String::with_capacity(text.len());
        let mut end = 0;
        for finding in &self.findings {
            edited.push_str(text.get(end..finding.start).unwrap_or_default());
            let original = text.get(finding.start..finding.end).unwrap_or_default();
            edited.push_str(&replacement(self.action, finding.kind, original).unwrap_or_default());
            end = finding.end;
        }
        edited.push_str(text.get(end..).unwrap_or_default());
        Some(edited)
    }
}

/// What a sweep has to look for, if anything.
pub(super) fn wanted(guards: &[Config]) -> Option<Wanted> {
    let mut wanted = Wanted::default();
    for kind in Kind::PII.iter().chain(&[Kind::Secret]) {
        if guards.iter().any(|guard| guard.wants(*kind)) {
            wanted.add(*kind);
        }
    }
    (wanted != Wanted::default()).then_some(wanted)
}

/// Injection, at each sensitivity that a guard asks for.
pub(super) fn look_for_injection(guards: &[Config], text: &str) -> Vec<Hit> {
    let sensitivity = guards
        .iter()
        .filter_map(|guard| match guard.detector {
            Detector::Injection(sensitivity) => Some(sensitivity),
            _ => None,
        })
        .max();
    sensitivity.map(|sensitivity| injection::look(text, sensitivity)).unwrap_or_default()
}

/// Joins hits that overlap. Sorted by position; the strongest action of those that overlap is taken.
pub(super) fn group(guards: &[Config], hits: &[Hit]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::with_capacity(hits.len());
    let mut sorted: Vec<&Hit> = hits.iter().collect();
    crate::collections::sort_by_key(&mut sorted, |hit| (hit.start, hit.end, hit.kind));
    for hit in sorted {
        let finders = || guards.iter().filter(|guard| guard.finds(hit));
        let Some(action) = finders().map(|guard| guard.action).max() else { continue };
        let score = finders().map(|guard| guard.risk(hit.kind)).max().unwrap_or(0);
        match groups.last_mut() {
            Some(last) if hit.start < last.finding.end => {
                let (start, end) = (last.finding.start, last.finding.end.max(hit.end));
                if (action, score) > (last.action, last.label_score) {
                    (last.label, last.label_score) = (hit.kind, score);
                }
                if (score, hit.validated) > (last.finding.score, last.finding.validated) {
                    last.finding = hit.finding(score);
                }
                last.action = last.action.max(action);
                (last.finding.start, last.finding.end) = (start, end);
            }
            _ => groups.push(Group { finding: hit.finding(score), action, label: hit.kind, label_score: score }),
        }
    }
    groups
}

impl Group {
    /// What stands in the original's place; `None` where it stays.
    pub fn replacement(&self, original: &str) -> Option<String> {
        replacement(self.action, self.label, original)
    }
}

/// What an action puts in the place of a finding. What is blocked is redacted too, should somebody show it.
fn replacement(action: Action, kind: Kind, original: &str) -> Option<String> {
    match action {
        Action::Redact | Action::Block => Some(format!("[REDACTED_{}]", kind.label())),
        Action::Transform => Some(format!("[FILTERED_{}]", kind.label())),
        Action::Mask => Some(mask(original)),
        Action::Allow | Action::Warn => None,
    }
}

/// As many asterisks as characters.
pub(super) fn mask(original: &str) -> String {
    "*".repeat(original.chars().count())
}
