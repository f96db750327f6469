//! The guards of a scanner that act at one stage, and what they need to look for: made once, used for every text.

use super::{
    action::{Action, Stage},
    config::Config,
    detector::{Detector, Sensitivity, Streaming},
    injection::{Hidden, Injection, Ngrams, Trust},
    kind::Kind,
    pass::Pass,
    replace::HELD,
    sweep::{Sweep, Wanted},
    vault::{Cover, Known},
};

/// How many guards a scanner may have: one bit for each.
pub(super) const MAX_GUARDS: usize = 64;

/// The guards that act at a stage.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    guards: std::sync::Arc<[Config]>,
    pub stage: Stage,
    active: u64,
    /// A sweep before its first byte, where there is anything to sweep for.
    sweep: Option<Sweep>,
    injection: Option<Sensitivity>,
    ngrams: Option<std::sync::Arc<Ngrams>>,
    pub streaming: Streaming,
}

impl Plan {
    /// The plan of these guards for a stage. The instructions of the application itself are never judged for injection.
    pub fn new(guards: &std::sync::Arc<[Config]>, stage: Stage, is_system: bool) -> Self {
        let acts = |guard: &&Config| guard.stages.contains(&stage) && !(is_system && guard.is_injection());
        let active = || guards.iter().filter(acts);
        let mut wanted = Wanted::default();
        for kind in Kind::PII.iter().chain(&[Kind::Secret]) {
            if active().any(|guard| guard.wants(*kind)) {
                wanted.add(*kind);
            }
        }
        let sensitivity = |guard: &Config| match guard.detector {
            Detector::Injection(sensitivity) => Some(sensitivity),
            _ => None,
        };
        // A secret that is shown to be one before it has ended is settled then, and what others find in it afterwards would
        // come too late: so they get to see its beginning, and leave the rest of it alone.
        let is_shared = active().any(|guard| !matches!(guard.detector, Detector::Pii(_) | Detector::Secrets));
        let held = active().filter(|guard| guard.wants(Kind::Secret)).map(|guard| guard.held_secret(stage)).max();
        let held = held.unwrap_or(0).max(if is_shared { HELD } else { 0 });
        Self {
            active: guards.iter().enumerate().filter(|(_, guard)| acts(guard)).fold(0, |all, (at, _)| all | 1 << at),
            sweep: (wanted != Wanted::default()).then(|| Sweep::new(wanted, held)),
            injection: active().filter_map(sensitivity).max(),
            ngrams: active().find_map(|guard| guard.ngrams.clone()),
            streaming: active().map(Config::streaming).max().unwrap_or(Streaming::Exact),
            guards: guards.clone(),
            stage,
        }
    }

    /// The guards that act, with their places in the configuration.
    pub fn active(&self) -> impl Iterator<Item = (usize, &Config)> {
        self.guards.iter().enumerate().filter(|(at, _)| self.active >> at & 1 == 1)
    }

    /// The guard at that place.
    pub fn guard(&self, at: usize) -> Option<&Config> {
        self.guards.get(at)
    }

    /// What the guard at that place does at this stage with a finding of that kind.
    pub fn action(&self, at: usize, kind: Kind) -> Action {
        self.guard(at).map_or(Action::Allow, |guard| guard.action_for(self.stage, kind))
    }

    /// The sweep for personal data and secrets, if any guard asks for one.
    pub fn sweep(&self, cover: Option<&Cover>) -> Option<Sweep> {
        let sweep = self.sweep.clone();
        // What a vault knows is looked for beside it.
        if cover.is_some() { sweep.map(|sweep| sweep.holding(HELD)) } else { sweep }
    }

    /// All other detectors, before their first byte.
    pub fn passes(&self, cover: Option<&Cover>) -> Vec<Box<dyn Pass>> {
        let mut passes: Vec<Box<dyn Pass>> = Vec::new();
        if let Some(sensitivity) = self.injection {
            let outside = matches!(self.stage, Stage::ToolResult | Stage::Retrieved);
            let trust = if outside { Trust::Document } else { Trust::User };
            passes.push(Box::new(Injection::new(sensitivity, trust, self.ngrams.clone())));
            passes.push(Box::new(Hidden::new(sensitivity)));
        }
        passes.extend(self.active().flat_map(|(at, guard)| guard.detector.passes(at)));
        if let Some(cover) = cover {
            passes.push(Box::new(Known::new(cover)));
        }
        passes
    }
}
