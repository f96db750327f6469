//! The marks of known jailbreaks: some by name, the rest by how many of their habits a text shows.

use super::{
    Level, Sign,
    grammar::{Phrases, unbound},
    lexicon::{
        ANYTHING, BOUND, CHARACTER, CONFIDANT, DAN, DEDUCT, DEVELOPER, DEVICE, DO, ENABLE, FREE, HARM, HESITATION,
        ILLICIT, JAILBREAK, MACHINE, MAKER, MAKER_RULES, MODE, NAMED, NEGATION, NOW, REFUSE, RESPONSES, STAY, TOKENS,
        TWO, Tags, WARNINGS, YOU,
    },
    words::Word,
};
use crate::guard::{detector::Sensitivity, kind::Kind};

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
    (2, |p, at| word(p, at, HARM)),
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
];

/// What every name and habit begins with, or has in the place where it is looked for.
const HEADS: Tags = NEGATION
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
    .or(MODE);

fn word(p: &Phrases, at: usize, tags: Tags) -> Option<(usize, usize)> {
    p.is(at, tags).then_some((at, at))
}

fn pair(p: &Phrases, at: usize, first: Tags, within: usize, second: Tags) -> Option<(usize, usize)> {
    p.is(at, first).then(|| p.ahead(at + 1, within, second)).flatten().map(|last| (at, last))
}

/// Jailbreaks by name, and by their habits: each habit counts once, and is shown wherever it stands.
pub(super) fn signs(words: &[Word], sensitivity: Sensitivity) -> Vec<Sign> {
    let p = Phrases(words);
    let heads: Vec<usize> = (0..words.len()).filter(|at| p.is(*at, HEADS)).collect();
    let mut signs: Vec<Sign> = heads.iter().filter_map(|at| named(&p, *at)).collect();
    let mut shown = Vec::new();
    let mut weight = 0;
    for (habit, find) in HABITS {
        let before = shown.len();
        let found = heads.iter().filter_map(|at| find(&p, *at));
        shown.extend(
            found.filter_map(|(first, last)| p.sign(Kind::Jailbreak, first, last, Level::Complete, "jailbreak-habits")),
        );
        if shown.len() > before {
            weight += habit;
        }
    }
    if weight >= threshold(sensitivity) {
        signs.extend(shown);
    }
    signs
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
    if p.is(at, DO) && p.is(at + 1, ANYTHING) && p.is(at + 2, NOW) {
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
        return p.sign(KIND, before, at, Level::Complete, RULE);
    }
    if p.is(before, NAMED) {
        return p.sign(KIND, before, at, Level::Weak, RULE);
    }
    if p.is(before, DEVELOPER) {
        // Phones and browsers have one too.
        let device = p.ahead(at + 1, 10, DEVICE).or_else(|| p.behind(before, 12, DEVICE)).is_some();
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
