//! The phrases: instructions set aside, personas, the system prompt asked for.

use super::{
    Level, Sign,
    lexicon::{
        ACT, ADDRESS, ALL, ANSWERS, AS, ASIDE, BE, BOUND, BOUNDED, CARE, CONTEXT, CREATOR, CREDENTIAL, DEFINITE,
        DESPITE, DISABLE, DO, DROP, EARLIER, ECHO, ENABLE, EVERYTHING, FOCUS, FOLLOW, HARM, HAVE, IMAGINE, INDEFINITE,
        INSTEAD, INSTRUCTIONS, LAST, LAWFUL, MACHINE, MAKER, MANNER, MY, NEGATION, NEW, NOW, OTHERS, OVERRIDE, PRIVATE,
        PROMPT, PROMPT_ONLY, REVEAL, ROLE, SAFETY, SCHEME, SECRET, SEND, SYSTEM, SYSTEM_NOUN, SYSTEM_PROMPT, TAKE,
        TALK, TELL, THEIR, THEN, TOLD, TOP, Tags, VOID, WHAT, WORDS, WORK, WRITTEN, YOU, YOUR,
    },
    words::Word,
};
use crate::kind::Kind;

/// The words of a text, asked by place. No phrase reaches over the ends of the slice.
pub(super) struct Phrases<'a>(pub &'a [Word]);

/// How many words ahead of its place a phrase may depend on.
pub(super) const AHEAD: usize = 24;

/// How many words behind.
pub(super) const BEHIND: usize = 24;

impl Phrases<'_> {
    /// Whether the word there is one of `tags`.
    pub fn is(&self, at: usize, tags: Tags) -> bool {
        self.0.get(at).is_some_and(|word| word.tags.any(tags))
    }

    /// The first of `count` words from `from` on that is one of `tags`, in the same sentence as the word before.
    pub fn ahead(&self, from: usize, count: usize, tags: Tags) -> Option<usize> {
        (from..from + count)
            .map_while(|at| self.0.get(at).filter(|word| !word.breaks || at == 0).map(|word| (at, word)))
            .find(|(_, word)| word.tags.any(tags))
            .map(|(at, _)| at)
    }

    /// As [`Phrases::ahead`], over the ends of sentences, but over no placeholder or what will be one.
    pub fn anywhere_ahead(&self, from: usize, count: usize, tags: Tags) -> Option<usize> {
        let mut words = self.0.iter().enumerate().skip(from).take(count).take_while(|(_, word)| word.mark.is_none());
        words.find(|(_, word)| word.tags.any(tags)).map(|(at, _)| at)
    }

    /// The last of the `count` words before `at` that is one of `tags`, in the same sentence as `at`.
    pub fn behind(&self, at: usize, count: usize, tags: Tags) -> Option<usize> {
        let mut here = at;
        for _ in 0..count {
            if self.0.get(here).is_none_or(|word| word.breaks) {
                return None;
            }
            here = here.checked_sub(1)?;
            if self.is(here, tags) {
                return Some(here);
            }
        }
        None
    }

    /// Whether the sentence, or a part of it, ends after the word there, or goes on with what to do instead.
    pub fn closes(&self, at: usize) -> bool {
        match self.0.get(at + 1) {
            _ if self.0.get(at).is_some_and(|word| word.cut) => false,
            None => true,
            Some(next) => next.breaks || next.tags.any(THEN) || self.0.get(at).is_some_and(|word| word.pauses),
        }
    }

    /// Whether a sentence begins with the word there, or with "do" before it, or goes on there with what to do.
    pub fn begins(&self, at: usize) -> bool {
        let at = at.checked_sub(1).filter(|before| self.is(*before, DO)).unwrap_or(at);
        at == 0 || self.0.get(at).is_some_and(|word| word.breaks) || self.is(at - 1, THEN)
    }

    /// Whether a placeholder stands within `count` words behind that one: who knows what stood there.
    pub fn is_cut(&self, at: usize, count: usize) -> bool {
        self.0.iter().skip(at).take(count).any(|word| word.cut)
    }

    /// A sign from one word to another.
    pub fn sign(&self, kind: Kind, first: usize, last: usize, level: Level, rule: &'static str) -> Option<Sign> {
        let (first, last) = (first.min(last), first.max(last));
        (last < self.0.len()).then_some(Sign { kind, first, last, level, rule })
    }
}

/// How many words a verb reaches.
const REACH: usize = 9;

/// What every phrase has one of, at the place where it is looked for.
pub(super) const HEADS: Tags = OVERRIDE
    .or(DROP)
    .or(FOLLOW)
    .or(VOID)
    .or(DESPITE)
    .or(PROMPT)
    .or(CONTEXT)
    .or(FOCUS)
    .or(DISABLE)
    .or(YOU)
    .or(NOW)
    .or(ACT)
    .or(IMAGINE)
    .or(ROLE)
    .or(SYSTEM_PROMPT)
    .or(ECHO)
    .or(CREDENTIAL)
    .or(LAST)
    .or(ASIDE)
    .or(SEND)
    .or(WRITTEN)
    .or(WORK);

/// What introduces a persona.
pub(super) const PERSONAS: Tags = YOU.or(NOW).or(ACT).or(IMAGINE).or(ROLE);

/// What a phrase may begin with that has its head later.
pub(super) const STARTS: Tags = HEADS
    .or(super::loosened::HEADS)
    .or(super::released::HEADS)
    .or(super::readers::STARTS)
    .or(HAVE)
    .or(ENABLE)
    .or(ANSWERS)
    .or(SAFETY)
    .or(BOUND)
    .or(WHAT)
    .or(EVERYTHING)
    .or(MY)
    .or(REVEAL)
    .or(NEGATION)
    .or(INSTRUCTIONS)
    .or(EARLIER)
    .or(NEW)
    .or(SYSTEM)
    .or(ALL)
    .or(YOUR)
    .or(CONTEXT);

/// Every phrase of the grammar that has its head there.
pub(super) fn signs(phrases: &Phrases, at: usize, signs: &mut Vec<Sign>) {
    super::loosened::signs(phrases, at, signs);
    super::released::signs(phrases, at, signs);
    super::readers::signs(phrases, at, signs);
    // Most words begin nothing.
    if !phrases.is(at, HEADS) {
        return;
    }
    signs.extend(set_aside(phrases, at));
    signs.extend(set_aside_last(phrases, at));
    signs.extend(not_followed(phrases, at));
    signs.extend(made_void(phrases, at));
    signs.extend(new_instructions(phrases, at));
    signs.extend(safety_disabled(phrases, at));
    signs.extend(persona(phrases, at));
    signs.extend(prompt_asked_for(phrases, at));
    signs.extend(words_asked_for(phrases, at));
    signs.extend(credential_asked_for(phrases, at));
    signs.extend(sent_away(phrases, at));
    signs.extend(written_above(phrases, at));
    signs.extend(something_else(phrases, at));
}

/// "ignore all previous instructions": a verb that sets aside, what it acts on, and how far.
fn set_aside(p: &Phrases, at: usize) -> Option<Sign> {
    const KIND: Kind = Kind::InstructionInjection;
    let drop = p.is(at, DROP);
    if !p.is(at, OVERRIDE) && !drop || p.behind(at, 2, NEGATION).is_some() || p.behind(at, 1, OTHERS).is_some() {
        return None;
    }
    // "the jury was told to ignore": what is told of others
    if p.behind(at, 2, TOLD).is_some_and(|told| p.behind(told, 3, YOU).is_none()) {
        return None;
    }
    let reach = |tags| p.ahead(at + 1, REACH, tags);
    let (earlier, all, your) = (reach(EARLIER), reach(ALL), reach(YOUR.or(YOU)));
    let mine = |object: usize| p.ahead(at + 1, object - at, MY).is_some();
    if let Some(object) = reach(INSTRUCTIONS) {
        // "does the robot override its programming"
        if p.ahead(at + 1, object - at, THEIR).is_some() {
            return None;
        }
        // "your instructions", "the instructions you were given"
        let yours = p
            .behind(object, 3, YOUR)
            .filter(|your| *your > at)
            .or_else(|| p.ahead(object + 1, 2, YOU).filter(|you| p.ahead(you + 1, 4, TOLD.or(EARLIER)).is_some()));
        // "cancel my previous order"
        if drop && mine(object) {
            return None;
        }
        if let Some(scope) = earlier.or(yours.filter(|_| !drop)) {
            return p.sign(KIND, at, object.max(scope), Level::Complete, "instructions-set-aside");
        }
        // "ignore all rules"; "ignore the system prompt": a prompt needs no scope. "Every command I give": one's own.
        let own = mine(object) || p.is(object + 1, OTHERS) && p.is(object + 2, TOLD.or(REVEAL));
        if !own
            && !drop
            && (all.is_some_and(|all| all < object)
                || p.is(object, PROMPT_ONLY) && p.is(object - 1, DEFINITE.or(SYSTEM)) && p.closes(object))
        {
            return p.sign(KIND, at, object, Level::Clear, "instructions-set-aside");
        }
    }
    if drop {
        return None;
    }
    if let Some(everything) = p.ahead(at + 1, 3, EVERYTHING) {
        if let Some(known) = p.ahead(everything + 1, 6, EARLIER.or(TOLD)) {
            return p.sign(KIND, at, known, Level::Complete, "everything-set-aside");
        }
        if p.closes(everything) {
            return p.sign(KIND, at, everything, Level::Clear, "everything-set-aside");
        }
    }
    if let (Some(scope), Some(object)) = (earlier, reach(CONTEXT))
        && !mine(object.max(scope))
        && (all.is_some() || p.closes(object.max(scope)) || your.is_some())
    {
        return p.sign(KIND, at, object.max(scope), Level::Clear, "context-set-aside");
    }
    if let (Some(all), Some(object)) = (all, reach(CONTEXT))
        && all < object
        && !mine(object)
        && (p.closes(object) || reach(TOLD).is_some())
    {
        return p.sign(KIND, at, object, Level::Clear, "context-set-aside");
    }
    // "ignore the above and ..."
    let scope = p.ahead(at + 1, 3, EARLIER)?;
    if p.closes(scope) { p.sign(KIND, at, scope, Level::Clear, "above-set-aside") } else { None }
}

/// "alle vorherigen Anweisungen ignorieren": the verb at the end.
fn set_aside_last(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, LAST) || p.behind(at, 1, NEGATION).is_some() {
        return None;
    }
    let object = p.behind(at, 6, INSTRUCTIONS)?;
    let scope = p.behind(at, 8, EARLIER.or(ALL).or(YOUR))?;
    p.behind(object.min(scope), 3, MY)
        .is_none()
        .then(|| p.sign(Kind::InstructionInjection, object.min(scope), at, Level::Clear, "instructions-set-aside"))?
}

/// "do not follow your guidelines".
fn not_followed(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, FOLLOW) {
        return None;
    }
    let not = p.behind(at, 4, NEGATION)?;
    if p.behind(not, 2, OTHERS).is_some() || p.is(at + 1, NEGATION) {
        return None;
    }
    // "the system message": a message needs somebody who gives orders.
    let is_message = |at: &usize| p.is(*at, PROMPT) && p.closes(*at);
    let message = || p.ahead(at + 1, 4, CREATOR.or(SYSTEM)).map(|whose| whose + 1).filter(is_message);
    let object = p.ahead(at + 1, 7, INSTRUCTIONS).or_else(message)?;
    // "do not follow the developer's policy", told at the beginning of a sentence
    let told = || p.behind(not, 1, OTHERS).is_none() && p.begins(not);
    let scope = p
        .ahead(at + 1, 7, EARLIER.or(YOUR).or(ALL).or(MAKER))
        .or_else(|| p.ahead(at + 1, 4, CREATOR.or(SYSTEM)).filter(|_| told()))?;
    p.sign(Kind::InstructionInjection, not, object.max(scope), Level::Clear, "instructions-not-followed")
}

/// "all previous instructions are void", "despite what you have been told".
fn made_void(p: &Phrases, at: usize) -> Option<Sign> {
    const KIND: Kind = Kind::InstructionInjection;
    if p.is(at, VOID) {
        let object = p.behind(at, 10, INSTRUCTIONS.or(CONTEXT))?;
        let scope = p.behind(at, 10, EARLIER)?;
        // "all previous rules of the club": they are somebody else's.
        let whose = SYSTEM.or(PROMPT).or(CONTEXT).or(INSTRUCTIONS).or(CREATOR).or(MAKER).or(MACHINE);
        if p.is(object, BOUND) && p.is(object + 2, DEFINITE) && object + 3 < at && !p.is(object + 3, whose) {
            return None;
        }
        return p.sign(KIND, object.min(scope), at, Level::Clear, "instructions-made-void");
    }
    // "all previous instructions must be ignored"
    if p.is(at, ASIDE) && p.behind(at, 2, BE).is_some() && p.behind(at, 3, NEGATION.or(OTHERS)).is_none() {
        let object = p.behind(at, 6, INSTRUCTIONS)?;
        let scope = p.behind(at, 10, EARLIER)?;
        return p.sign(KIND, object.min(scope), at, Level::Clear, "instructions-made-void");
    }
    if p.is(at, DESPITE) {
        let told = p.ahead(at + 1, 6, TOLD.or(INSTRUCTIONS))?;
        p.ahead(at + 1, 6, YOU.or(EARLIER))?;
        return p.sign(KIND, at, told, Level::Clear, "despite-instructions");
    }
    None
}

/// "new instructions:", "system message:", "focus on your new task".
fn new_instructions(p: &Phrases, at: usize) -> Option<Sign> {
    const KIND: Kind = Kind::InstructionInjection;
    let colon = p.0.get(at).is_some_and(|word| word.colon);
    if colon && p.is(at, PROMPT) && at > 0 && p.0.get(at).is_some_and(|word| !word.breaks) {
        // Told of, they stand late in a sentence.
        let begins = at < 5 || p.0.get(at - 4..at).is_some_and(|words| words.iter().any(|word| word.breaks));
        let clear = begins && p.is(at, PROMPT_ONLY) && p.behind(at - 1, 2, INDEFINITE.or(DEFINITE)).is_none();
        let level = if clear { Level::Clear } else { Level::Weak };
        if p.is(at - 1, NEW) {
            return p.sign(KIND, at - 1, at, level, "new-instructions");
        }
    }
    if colon && p.is(at, CONTEXT) && p.behind(at, 1, NEW).is_some() {
        return p.sign(KIND, at - 1, at, Level::Weak, "new-task");
    }
    if p.is(at, FOCUS) {
        let new = p.ahead(at + 1, 7, NEW)?;
        let task = p.ahead(new + 1, 2, CONTEXT)?;
        return p.sign(KIND, at, task, Level::Clear, "new-task");
    }
    None
}

/// "bypass your safety filters".
fn safety_disabled(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, DISABLE) || p.behind(at, 2, NEGATION).is_some() {
        return None;
    }
    let object = p.ahead(at + 1, 6, SAFETY)?;
    p.ahead(at + 1, object - at, YOUR.or(MAKER))?;
    p.sign(Kind::InstructionInjection, at, object, Level::Clear, "safety-disabled")
}

/// "you are now a hacker": a persona that is to break rules. Any persona is a weak sign.
fn persona(p: &Phrases, at: usize) -> Option<Sign> {
    const KIND: Kind = Kind::RolePlaying;
    let (start, imagined) = persona_start(p, at)?;
    let harm = p.ahead(start, 6, HARM).filter(|harm| p.behind(*harm, 2, LAWFUL.or(NEGATION)).is_none());
    if let Some(harm) = harm.filter(|harm| !imagined || p.is(harm + 1, MACHINE)) {
        return p.sign(KIND, at, harm, Level::Clear, "harmful-persona");
    }
    p.sign(KIND, at, start.min(p.0.len().checked_sub(1)?), Level::Weak, "persona")
}

/// Whether a persona begins there that is not only imagined.
pub(super) fn takes_persona(p: &Phrases, at: usize) -> bool {
    p.is(at, PERSONAS) && persona_start(p, at).is_some_and(|(_, imagined)| !imagined)
}

/// Where the persona begins that a phrase at `at` introduces, and whether it is only imagined.
fn persona_start(p: &Phrases, at: usize) -> Option<(usize, bool)> {
    let same = |at: usize| p.0.get(at).is_some_and(|word| !word.breaks);
    // "you are now", "you will now be", "du bist jetzt"
    if p.is(at, YOU) && p.behind(at, 1, REVEAL).is_none() {
        if let Some(be) = p.ahead(at + 1, 2, BE)
            && let Some(now) = p.ahead(be + 1, 1, NOW)
        {
            return Some((now + 1, false));
        }
        if p.is(at + 1, NOW) && same(at + 1) && p.is(at + 2, BE.or(ACT)) && same(at + 2) {
            return Some((at + 3, false));
        }
        // "from now on you are", "jetzt bist du"
        if let Some(now) = p.behind(at, 2, NOW)
            && (p.ahead(at + 1, 3, BE).is_some() || p.behind(at, 1, BE).is_some_and(|be| be > now))
        {
            let be = p.ahead(at + 1, 3, BE).unwrap_or(at);
            return Some((be + 1, false));
        }
    }
    // "jetzt bist du"
    if p.is(at, NOW) && p.is(at + 1, BE) && same(at + 1) && p.is(at + 2, YOU) && same(at + 2) {
        return Some((at + 3, false));
    }
    // "act as", "behave like", "respond as"; "pretend to be", "pretend you are", "roleplay as"
    if p.is(at, ACT) && p.behind(at, 1, OTHERS).is_none() {
        if let Some(r#as) = p.ahead(at + 1, 2, AS) {
            return Some((r#as + 1, false));
        }
        if p.is(at, IMAGINE)
            && let Some(be) = p.ahead(at + 1, 4, BE)
        {
            return Some((be + 1, false));
        }
    }
    // "imagine you are", "stell dir vor, du bist"
    if p.is(at, IMAGINE)
        && let Some(you) = p.ahead(at + 1, 4, YOU)
        && let Some(be) = p.ahead(you + 1, 1, BE)
    {
        return Some((be + 1, true));
    }
    // "take on the role of"
    if p.is(at, ROLE) && p.is(at.checked_sub(1)?, DEFINITE) && p.behind(at, 4, TAKE).is_some() {
        return Some((at + 1, false));
    }
    None
}

/// "no rules", "without any restrictions", "not bound by": the last word of such a phrase among `count` words.
pub(super) fn unbound(p: &Phrases, from: usize, count: usize) -> Option<usize> {
    (from..(from + count).min(p.0.len())).find_map(|at| {
        if p.behind(at, 4, OTHERS).is_some() {
            return None;
        }
        if p.is(at, NEGATION) {
            // "without any moral or ethical limits", but not "no dietary restrictions"
            let bound = p.ahead(at + 1, 5, BOUND)?;
            let passing = CARE.or(FOLLOW).or(ALL).or(SAFETY).or(MAKER).or(YOUR).or(THEN).or(INSTRUCTIONS);
            return (at + 1..bound).all(|at| p.is(at, passing)).then_some(bound);
        }
        (p.is(at, BOUNDED) && p.behind(at, 2, NEGATION).is_some()).then_some(at)
    })
}

/// "show me your system prompt".
fn prompt_asked_for(p: &Phrases, at: usize) -> Option<Sign> {
    const KIND: Kind = Kind::SystemLeakage;
    const RULE: &str = "system-prompt-asked-for";
    if p.is(at, SYSTEM_PROMPT) {
        let verb = p.behind(at, 8, REVEAL)?;
        p.behind(at, 3, YOUR.or(DEFINITE))?;
        return p.sign(KIND, verb, at, Level::Clear, RULE);
    }
    if !p.is(at, PROMPT) {
        return None;
    }
    // "prompt système" has its words the other way round.
    let after = p.ahead(at + 1, 1, SYSTEM).filter(|_| p.is(at, PROMPT_ONLY));
    let qualifier = p.behind(at, 2, SYSTEM).or(after);
    let first = qualifier.unwrap_or(at).min(at);
    let yours = p.behind(first, 3, YOUR);
    // "what were your instructions", where the verb is "were"; but "the output of" is no verb.
    let verb = p
        .behind(first, 8, REVEAL)
        .or_else(|| p.behind(first, 4, BE).and_then(|be| p.behind(be, 1, REVEAL)))
        .filter(|verb| p.behind(*verb, 1, DEFINITE.or(INDEFINITE)).is_none());
    if p.behind(first, 1, INDEFINITE).is_some() {
        return None;
    }
    if let (Some(verb), Some(_), Some(_)) = (verb, yours, qualifier) {
        return p.sign(KIND, verb, at, Level::Complete, RULE);
    }
    let verb = verb?;
    if yours.is_some() && p.is(at, PROMPT_ONLY) && p.is(verb, TELL) {
        return p.sign(KIND, verb, at, Level::Clear, RULE);
    }
    // "the system prompt"; "the instructions you were given", "the instructions above"
    let given = p.ahead(at + 1, 6, TOLD.or(EARLIER)).filter(|_| p.is(verb, ECHO) || p.ahead(at + 1, 2, YOU).is_some());
    if p.behind(first, 2, DEFINITE.or(ALL)).is_some()
        && p.is(at, PROMPT_ONLY)
        && (qualifier.is_some()
            && (p.is(verb, ECHO) || p.0.get(verb + 1).is_some_and(|_| at - verb <= 5 && p.is(at, SYSTEM_NOUN)))
            || given.is_some_and(|given| p.is(verb, ECHO) || given > at))
    {
        return p.sign(KIND, verb, given.unwrap_or(at).max(at), Level::Clear, RULE);
    }
    p.sign(KIND, verb, at, Level::Weak, RULE).filter(|_| qualifier.is_some() || yours.is_some())
}

/// "repeat the words above", "copy the text at the top of this chat", "print what starts with 'You are'".
fn words_asked_for(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, ECHO) || p.behind(at, 1, OTHERS).is_some() {
        return None;
    }
    if let Some(start) = p.ahead(at + 1, 8, TOP)
        && let Some(you) = p.ahead(start + 1, 3, YOU)
        && p.is(you + 1, BE)
    {
        return p.sign(Kind::SystemLeakage, at, you + 1, Level::Clear, "words-above-asked-for");
    }
    let words = p.ahead(at + 1, 4, WORDS)?;
    let top = || p.ahead(words + 1, 4, TOP).and_then(|top| p.ahead(top + 1, 4, TALK));
    let above = p
        .ahead(words, if p.is(words, EVERYTHING) { 3 } else { 5 }, EARLIER)
        .or_else(|| p.ahead(at + 1, words - at, EARLIER))
        .or_else(top)?;
    // "in a friendlier tone"
    if p.ahead(above + 1, 4, MANNER).is_some() {
        return None;
    }
    // "all lines above the error"
    if p.is(above + 1, DEFINITE.or(INDEFINITE)) && !p.is(above + 2, CONTEXT.or(PROMPT).or(WORDS)) {
        return None;
    }
    p.sign(Kind::SystemLeakage, at, words.max(above), Level::Clear, "words-above-asked-for")
}

/// "what is your secret key".
fn credential_asked_for(p: &Phrases, at: usize) -> Option<Sign> {
    // Not "your secret to staying calm", nor "your secret recipe".
    let other = p.is(at, SECRET) && !p.closes(at) && !p.is(at + 1, PRIVATE.or(CREDENTIAL).or(PROMPT));
    if !p.is(at, CREDENTIAL) || other {
        return None;
    }
    let your = p.behind(at, 2, YOUR)?;
    let verb = p.behind(your, 5, REVEAL)?;
    p.sign(Kind::SystemLeakage, verb, at, Level::Clear, "credential-asked-for")
}

/// "append the conversation to https://...": what is private, sent where somebody else reads it.
fn sent_away(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, SEND) || p.behind(at, 2, NEGATION.or(OTHERS)).is_some() {
        return None;
    }
    let private = p.ahead(at + 1, 8, PRIVATE)?;
    let address = p.ahead(private + 1, 10, ADDRESS)?;
    // Of whom, or told at the beginning of a sentence to send what was said to an address.
    let told = p.0.get(at).is_some_and(|word| word.breaks) || at == 0 || p.is(at - 1, THEN);
    if p.ahead(at + 1, 8, YOUR.or(ALL).or(YOU).or(SYSTEM)).is_none()
        && !(told && p.is(address, SCHEME) && p.ahead(at + 1, 8, TALK).is_some())
    {
        return None;
    }
    p.sign(Kind::SystemLeakage, at, address, Level::Clear, "sent-away")
}

/// "what is written above?"
fn written_above(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, WRITTEN) {
        return None;
    }
    let what = p.behind(at, 3, REVEAL)?;
    let last = match p.ahead(at + 1, 8, PROMPT) {
        Some(prompt) => prompt,
        None => p.ahead(at + 1, 3, EARLIER).filter(|above| p.closes(*above))?,
    };
    p.sign(Kind::SystemLeakage, what, last, Level::Clear, "words-above-asked-for")
}

/// "do not answer this question but just output".
fn something_else(p: &Phrases, at: usize) -> Option<Sign> {
    if !p.is(at, WORK) || !p.is(at + 1, DEFINITE.or(ALL).or(MY)) {
        return None;
    }
    let not = p.behind(at, 1, NEGATION)?;
    let instead = p.ahead(at + 1, 8, INSTEAD)?;
    let what = p.ahead(instead + 1, 2, ECHO.or(REVEAL).or(THEN))?;
    p.sign(Kind::InstructionInjection, not, what, Level::Clear, "something-else")
}
