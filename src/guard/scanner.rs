//! Guards over a whole text.

use std::sync::{Arc, OnceLock};

use crate::json::{ToJson, Writer};

use super::{
    action::{Action, Stage},
    config::Config,
    detector::Streaming,
    finding::{Finding, Hit, merge},
    plan::{MAX_GUARDS, Plan},
    replace::{HELD, replacement},
    vault::Cover,
    view::View,
};
use crate::error::{Error, Result};

/// A set of guards. Holds no state between texts; copies share what was prepared.
#[derive(Clone, Debug)]
pub struct Scanner {
    guards: Arc<[Config]>,
    /// What each stage needs, made when it is first asked for: for texts from outside, and for those of the application.
    plans: Arc<[OnceLock<Arc<Plan>>]>,
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
    /// Its guard is the one whose action is taken.
    pub finding: Finding,
    pub action: Action,
    /// What the placeholder names.
    label: super::kind::Kind,
    label_score: u8,
}

impl Scanner {
    /// A scanner with these guards, at most 64.
    pub fn new(guards: Vec<Config>) -> Result<Self> {
        if guards.len() > MAX_GUARDS {
            return Err(Error::config(format!(
                "cannot make a scanner: expected at most {MAX_GUARDS} guardrails, found {}",
                guards.len()
            )));
        }
        let plans = (0..2 * Stage::ALL.len()).map(|_| OnceLock::new()).collect();
        Ok(Self { guards: guards.into(), plans })
    }

    /// The guards.
    pub fn guards(&self) -> &[Config] {
        &self.guards
    }

    /// What is looked for at a stage.
    pub(super) fn plan(&self, stage: Stage, is_system: bool) -> Arc<Plan> {
        let make = || Arc::new(Plan::new(&self.guards, stage, is_system));
        match self.plans.get(2 * stage as usize + usize::from(is_system)) {
            Some(plan) => plan.get_or_init(make).clone(),
            None => make(),
        }
    }

    /// How a stream at that stage behaves: as the guard does that holds most.
    pub fn streaming(&self, stage: Stage) -> Streaming {
        self.plan(stage, false).streaming
    }

    /// Scans a text.
    pub fn scan(&self, text: &str, stage: Stage) -> Scan {
        self.scan_with(text, stage, None)
    }

    /// Scans a text that a vault is at work over: what is tokenised gets its placeholder, and on the way out what the vault
    /// knows is replaced wherever it stands.
    pub fn scan_with(&self, text: &str, stage: Stage, cover: Option<&Cover>) -> Scan {
        self.plan(stage, false).scan(text, cover)
    }
}

/// Adds what other detectors found to what the sweep found, but for what begins deep inside a secret: a stream would have
/// settled that already.
pub(super) fn together(swept: &mut Vec<Hit>, others: &[Hit]) {
    let secrets: Vec<_> =
        swept.iter().filter(|hit| hit.end - hit.start > HELD).map(|hit| (hit.start, hit.end)).collect();
    let is_deep = |hit: &&Hit| secrets.iter().any(|(start, end)| (start + HELD..*end).contains(&hit.start));
    swept.extend(others.iter().filter(|hit| !is_deep(hit)));
}

/// What is found inside of a value's stand-in counts for nobody.
pub(super) fn spare(hits: &mut [Hit]) {
    let stand_ins: Vec<_> = hits.iter().filter(|hit| hit.is_stand_in()).map(|hit| (hit.start, hit.end)).collect();
    for hit in hits.iter_mut().filter(|_| !stand_ins.is_empty()) {
        // They come in their order, and lie apart.
        let behind = stand_ins.partition_point(|(start, _)| *start <= hit.start);
        if behind.checked_sub(1).and_then(|last| stand_ins.get(last)).is_some_and(|(_, end)| hit.end <= *end) {
            hit.guards = 0;
        }
    }
}

/// A text with its findings replaced, each by what is said for its place; where nothing is, it stays.
fn replaced<'a>(
    text: &str,
    findings: impl IntoIterator<Item = &'a Finding>,
    replacement: impl Fn(usize, &str) -> Option<String>,
) -> String {
    let mut edited = String::with_capacity(text.len());
    let mut end = 0;
    for (at, finding) in findings.into_iter().enumerate() {
        edited.push_str(text.get(end..finding.start).unwrap_or_default());
        let original = text.get(finding.start..finding.end).unwrap_or_default();
        match replacement(at, original) {
            Some(replacement) => edited.push_str(&replacement),
            None => edited.push_str(original),
        }
        end = finding.end;
    }
    edited.push_str(text.get(end..).unwrap_or_default());
    edited
}

impl Plan {
    /// Scans a text.
    pub fn scan(&self, text: &str, cover: Option<&Cover>) -> Scan {
        let hits = self.hits(text, cover);
        let groups = self.group(&hits);
        let edited = replaced(text, groups.iter().map(|group| &group.finding), |at, original| {
            groups.get(at).and_then(|group| group.replacement(self, original, cover))
        });
        self.scanned(&hits, &groups, edited)
    }

    /// What all detectors find in a text, with the guards that count it.
    pub fn hits(&self, text: &str, cover: Option<&Cover>) -> Vec<Hit> {
        let view = View::new(text, true);
        let (mut hits, mut others) = (Vec::new(), Vec::new());
        if let Some(mut sweep) = self.sweep(cover) {
            sweep.run(&view, 0, &mut hits);
        }
        for mut pass in self.passes(cover) {
            pass.run(&view, 0, &mut others);
        }
        together(&mut hits, &others);
        for hit in &mut hits {
            hit.give_to(self, text.get(hit.start..hit.end).unwrap_or_default());
        }
        spare(&mut hits);
        hits
    }

    /// Puts together what was found.
    pub fn scanned(&self, hits: &[Hit], groups: &[Group], text: String) -> Scan {
        Scan {
            passed: groups.iter().all(|group| group.action != Action::Block),
            action: groups.iter().map(|group| group.action).max().unwrap_or(Action::Allow),
            findings: groups.iter().map(|group| group.finding.clone()).collect(),
            text,
            risk: groups.iter().map(|group| group.finding.score).max().unwrap_or(0),
            guards: self.active().map(|(at, guard)| self.guard_scan(at, guard, hits)).collect(),
        }
    }

    fn guard_scan(&self, at: usize, guard: &Config, hits: &[Hit]) -> GuardScan {
        let own = hits.iter().filter(|hit| hit.is_of(at));
        let findings = merge(own.map(|hit| hit.finding(at, guard.risk(hit.kind))).collect());
        let action = findings.iter().map(|finding| self.action(at, finding.kind)).max().unwrap_or(Action::Allow);
        GuardScan {
            name: guard.name.clone(),
            passed: action != Action::Block,
            action,
            risk: findings.iter().map(|finding| finding.score).max().unwrap_or(0),
            findings,
        }
    }

    /// The text with one guard's findings replaced, whatever other guards do; `None` where its actions change nothing.
    pub fn edit(&self, scan: &GuardScan, text: &str, cover: Option<&Cover>) -> Option<String> {
        if !scan.action.edits() {
            return None;
        }
        Some(replaced(text, &scan.findings, |at, original| {
            let finding = scan.findings.get(at)?;
            let action = self.action(finding.guard, finding.kind);
            replacement(self.guard(finding.guard), action, finding.kind, original, cover)
        }))
    }

    /// Joins hits that overlap. Sorted by position; the strongest action of those that overlap is taken.
    pub fn group(&self, hits: &[Hit]) -> Vec<Group> {
        let mut groups: Vec<Group> = Vec::with_capacity(hits.len());
        let mut sorted: Vec<&Hit> = hits.iter().filter(|hit| hit.guards != 0 || hit.is_known()).collect();
        crate::collections::sort_by_key(&mut sorted, |hit| (hit.start, hit.end, hit.kind));
        for hit in sorted {
            // The strongest action; of guards that take the same one, the first.
            let known = hit.is_known();
            let mut strongest = known.then_some((Action::Tokenize, usize::MAX));
            let mut score = if known { hit.kind.risk() } else { 0 };
            for (at, guard) in self.active().filter(|(at, _)| hit.is_of(*at)) {
                let action = self.action(at, hit.kind);
                if strongest.is_none_or(|(most, _)| action > most) {
                    strongest = Some((action, at));
                }
                score = score.max(guard.risk(hit.kind));
            }
            let Some((action, guard)) = strongest else { continue };
            match groups.last_mut() {
                Some(last) if hit.start < last.finding.end => {
                    let (start, end) = (last.finding.start, last.finding.end.max(hit.end));
                    if (action, score) > (last.action, last.label_score) {
                        (last.label, last.label_score) = (hit.kind, score);
                    }
                    let guard = if action > last.action { guard } else { last.finding.guard };
                    if (score, hit.validated) > (last.finding.score, last.finding.validated) {
                        last.finding = hit.finding(guard, score);
                    }
                    last.action = last.action.max(action);
                    (last.finding.start, last.finding.end, last.finding.guard) = (start, end, guard);
                }
                _ => groups.push(Group {
                    finding: hit.finding(guard, score),
                    action,
                    label: hit.kind,
                    label_score: score,
                }),
            }
        }
        groups
    }
}

impl Group {
    /// What stands in the original's place; `None` where it stays.
    pub fn replacement(&self, plan: &Plan, original: &str, cover: Option<&Cover>) -> Option<String> {
        if let Some(cover) = cover.filter(|_| self.finding.guard == usize::MAX) {
            return Some(cover.vault.shown(self.label, original));
        }
        replacement(plan.guard(self.finding.guard), self.action, self.label, original, cover)
    }
}
