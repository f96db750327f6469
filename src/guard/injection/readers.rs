//! What stands in a text for a model that reads it on somebody's behalf, and is to be kept from him.

use super::{
    Level, Sign,
    grammar::Phrases,
    lexicon::{CONTEXT, IF, MENTION, MUST, NEGATION, OTHERS, POINTS, READER, READING, Tags, USER, WORDS},
};
use crate::kind::Kind;

/// What one of these phrases has at the place where it is looked for.
pub(super) const HEADS: Tags = READING.or(MENTION);

/// What a phrase may begin with that has its head later.
pub(super) const STARTS: Tags = HEADS.or(READER).or(IF);

/// Every phrase of these that has its head there.
pub(super) fn signs(p: &Phrases, at: usize, signs: &mut Vec<Sign>) {
    signs.extend(addressed(p, at));
    signs.extend(kept_from(p, at));
}

/// "AI assistants that read this page must", "if you are a model summarising this".
fn addressed(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, READING) {
        return None;
    }
    let reader = p.behind(at, 4, READER)?;
    let this = p.ahead(at + 1, 2, POINTS)?;
    let last = p.ahead(this + 1, 2, CONTEXT.or(WORDS)).unwrap_or(this);
    let (first, last) = match p.behind(reader, 6, IF) {
        Some(condition) => (condition, last),
        None => (reader, p.ahead(last + 1, 4, MUST)?),
    };
    p.sign(Kind::InstructionInjection, first, last, Level::Clear, "reader-addressed")
}

/// "do not tell the user about this", "never mention this to the user".
fn kept_from(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, MENTION) {
        return None;
    }
    let not = p.behind(at, 2, NEGATION)?;
    if p.behind(not, 2, OTHERS).is_some() {
        return None;
    }
    let user = p.ahead(at + 1, 5, USER)?;
    let this = p.ahead(at + 1, user - at, POINTS).or_else(|| p.ahead(user + 1, 3, POINTS))?;
    p.sign(Kind::InstructionInjection, not, user.max(this), Level::Clear, "kept-from-the-user")
}
