//! The marks of known jailbreaks: some by name, the rest by how many of their habits a text shows.

use super::{
    Level, Sign,
    grammar::{self, Phrases, unbound},
    lexicon::{
        ANYTHING, BOUND, CHARACTER, CONFIDANT, DAN, DEDUCT, DEFINITE, DEVELOPER, DEVICE, DO, ENABLE, FICTION, FREE,
        HARM, HESITATION, ILLICIT, INDEFINITE, JAILBREAK, MACHINE, MAKER, MAKER_RULES, MODE, NAMED, NEGATION, NOW,
        PROMPT_ONLY, REFUSE, RESPONSES, SINCE, STAY, TOKENS, TWO, Tags, WARNINGS, YOU,
    },
};
use crate::{detector::Sensitivity, kind::Kind};

/// How many habits, by weight, make a jailbreak.
fn threshold(sensitivity: Sensitivity) -> u32 {
    match sensitivity {
        Sensitivity::Low => 7,
        Sensitivity::Medium => 5,
        Sensitivity::High => 3,
    }
}

/// A habit: its weight, and where a text shows it, from one word to another.
type Habit = (u32, fn(&Phrases, usize) -> Option<(usize, usize)>);

/// What jailbreaks have in common.
const HABITS: &[Habit] = &[
    // A persona without bounds.
    (2, |p, at| p.is(at, NEGATION).then(|| unbound(p, at, 1)).flatten().map(|last| (at, last))),
    (2, |p, at| word(p, at, HARM).filter(|_| !p.is(at, JAILBREAK))),
    (2, |p, at| pair(p, at, FREE, 4, BOUND)),
    // Never refuses, whatever it is asked.
    (2, |p, at| pair(p, at, NEGATION, 3, REFUSE)),
    (2, |p, at| pair(p, at, MAKER, 4, MAKER_RULES)),
    (2, |p, at| pair(p, at, ILLICIT, 4, ILLICIT)),
    (1, |p, at| pair(p, at, NEGATION, 3, WARNINGS)),
    (1, |p, at| pair(p, at, NEGATION, 2, HESITATION)),
    // Keeps up the play.
    (1, |p, at| pair(p, at, STAY, 3, CHARACTER)),
    (2, |p, at| pair(p, at, TOKENS, 6, DEDUCT).or_else(|| pair(p, at, DEDUCT, 6, TOKENS))),
    (2, |p, at| pair(p, at, TWO, 3, RESPONSES)),
    (3, |p, at| word(p, at, JAILBREAK)),
    (3, |p, at| word(p, at, DAN)),
    (1, |p, at| word(p, at, MAKER)),
    // Is somebody else, in no real world, and no machine.
    (1, |p, at| grammar::takes_persona(p, at).then_some((at, at))),
    (1, |p, at| word(p, at, FICTION)),
    (1, |p, at| pair(p, at, NEGATION, 6, MACHINE)),
];

/// What every name and habit begins with, or has in the place where it is looked for.
pub(super) const HEADS: Tags = NEGATION
    .or(HARM)
    .or(FREE)
    .or(MAKER)
    .or(ILLICIT)
    .or(STAY)
    .or(TOKENS)
    .or(DEDUCT)
    .or(TWO)
    .or(JAILBREAK)
    .or(DAN)
    .or(DO)
    .or(NAMED)
    .or(MODE)
    .or(FICTION)
    .or(DEVELOPER)
    .or(grammar::PERSONAS);

fn word(p: &Phrases, at: usize, tags: Tags) -> Option<(usize, usize)> {
    p.is(at, tags).then_some((at, at))
}

fn pair(p: &Phrases, at: usize, first: Tags, within: usize, second: Tags) -> Option<(usize, usize)> {
    p.is(at, first).then(|| p.ahead(at + 1, within, second)).flatten().map(|last| (at, last))
}

/// As many words a habit counts.
const MEMORY: usize = 600;

/// The habits that a text has shown lately.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Shown {
    /// How many words were seen.
    words: usize,
    /// Up to how many words each habit counts.
    until: [usize; HABITS.len()],
}

impl Shown {
    /// One word more.
    pub fn pass(&mut self) {
        self.words += 1;
    }

    /// What the habits weigh together.
    pub fn weight(&self) -> u32 {
        HABITS.iter().zip(self.until).filter(|(_, until)| *until > self.words).map(|((weight, _), _)| weight).sum()
    }
}

/// Jailbreaks by name that have their head there, and habits: each habit counts once, and is a sign wherever it stands from
/// where on the text has shown enough of them.
pub(super) fn signs(p: &Phrases, at: usize, sensitivity: Sensitivity, shown: &mut Shown, signs: &mut Vec<Sign>) {
    if !p.is(at, HEADS) {
        return;
    }
    signs.extend(named(p, at));
    for (place, (_, find)) in HABITS.iter().enumerate() {
        let Some((first, last)) = find(p, at) else { continue };
        let until = shown.words + MEMORY;
        shown.until.get_mut(place).into_iter().for_each(|slot| *slot = until);
        if shown.weight() >= threshold(sensitivity) {
            signs.extend(p.sign(Kind::Jailbreak, first, last, Level::Complete, "jailbreak-habits"));
        }
    }
}

/// "DAN mode", "do anything now", "developer mode", "evil confidant".
fn named(p: &Phrases, at: usize) -> Option<Sign> {
    const KIND: Kind = Kind::Jailbreak;
    const RULE: &str = "jailbreak-by-name";
    if p.is(at, DAN) {
        // Dan is also a name, though rarely in capitals.
        let near = p.ahead(at + 1, 2, MODE).or_else(|| p.anywhere_ahead(at + 1, 8, DO.or(ANYTHING)));
        return near.and_then(|last| p.sign(KIND, at, last, Level::Complete, RULE));
    }
    // "you can do anything now that it is over", "now while it lasts"
    let because = p.0.get(at + 3).is_some_and(|word| !word.breaks && word.tags.any(DEFINITE.or(SINCE)));
    if p.is(at, DO) && p.is(at + 1, ANYTHING) && p.is(at + 2, NOW) && !because {
        return p.sign(KIND, at, at + 2, Level::Complete, RULE);
    }
    if p.is(at, NAMED) && p.is(at + 1, CONFIDANT) {
        return p.sign(KIND, at, at + 1, Level::Complete, RULE);
    }
    if !p.is(at, MODE) {
        if p.is(at, JAILBREAK) && p.ahead(at + 1, 2, MACHINE.or(YOU).or(MAKER)).is_some() {
            return p.sign(KIND, at, at, Level::Clear, RULE);
        }
        return None;
    }
    let before = at.checked_sub(1)?;
    if p.is(before, JAILBREAK.or(DAN)) {
        // "a jailbreak prompt" is spoken of.
        let level = if p.is(at, PROMPT_ONLY) && p.behind(before, 1, INDEFINITE).is_some() {
            Level::Weak
        } else {
            Level::Complete
        };
        return p.sign(KIND, before, at, level, RULE);
    }
    if p.is(before, NAMED) {
        return p.sign(KIND, before, at, Level::Weak, RULE);
    }
    if p.is(before, DEVELOPER) {
        // Phones and browsers have one too.
        let device = p.ahead(at + 1, 10, DEVICE).or_else(|| p.behind(before, 12, DEVICE)).is_some() || p.is_cut(at, 10);
        let level = if device {
            Level::Weak
        } else if p.behind(before, 6, ENABLE).is_some() || p.ahead(at + 1, 3, ENABLE).is_some() {
            Level::Complete
        } else {
            Level::Weak
        };
        return p.sign(KIND, before, at, level, RULE);
    }
    None
}
