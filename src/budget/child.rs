//! A child: an object that is handed chunks of budgets and grants reservations out of them. The protocol is
//! `docs/design/slices.md`; the other side is [`super::slices`].
//!
//! Its reservations lie in a [`Ledger`] of its own, in which each chunk is a budget, bound by a scope that only the chunk's
//! reservations have. Here is what the ledger does not know: which chunks there are, and what the parent must be asked and told.
//! A host takes turns:
//!
//! 1. [`Child::run`] answers what it can; for the rest the parent must be asked;
//! 2. [`Child::outgoing`] is what to send to the parent, written before it leaves; one message at a time;
//! 3. [`Child::incoming`] takes the parent's answers; then again 1, for what is not answered.

use super::{
    Scope,
    alert::Alert,
    asked::Reserve,
    chunk::{
        Chunk, PARENTS, Phase, add_book, amounts, chunk_of, grant, holds, mark, read_chunk, spent, taken,
        write_amounts, write_chunk, write_told,
    },
    ledger::Ledger,
    message,
    promise::State,
    rows::{Change, amount},
    slices::{GRANTS_MS, LEASE_MS, MARK, Part},
};
use crate::{
    collections::{Map, Set},
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::Object,
    time::{Instant, SECOND},
};

/// The first chunk is for so many calls.
const CALLS: u64 = 16;
/// What the parent was not told is told again after so long.
const AGAIN_MS: i64 = 5 * SECOND;
/// The row of what a child is.
const OWN: &str = "own:";
/// How the rows of chunks begin.
const CHUNK: &str = "chunk:";

/// What became of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is answered.
    Answer(String),
    /// It waits for what the parent is asked.
    Wait,
    /// The parent is to be asked as it stands: its text.
    Forward(String),
}

/// The chunks of a child.
#[derive(Default)]
pub struct Child {
    /// The parent, by the name that the host has for it.
    parent: String,
    /// Its own name; another one, when it begins anew.
    name: String,
    chunks: Map<String, Chunk>,
    made: u32,
    turn: u32,
    revision: u32,
    /// Rows that have changed.
    dirty: Set<String>,
    /// What the parent answered to calls that it decided itself, for those who wait.
    answers: Map<String, (Instant, String)>,
}

impl Child {
    /// Says whose child this is, and what it is called. It stays the child of the first.
    pub fn be(&mut self, parent: &str, name: &str, now: Instant) -> Result<()> {
        if self.name.is_empty() {
            self.parent = parent.to_owned();
            self.name = format!("{MARK}{name}.{}", now.ms());
            self.dirty.insert(OWN.to_owned());
        }
        if self.parent == parent {
            return Ok(());
        }
        Err(Error::config(
            "cannot use this object as a slice: expected the ledger that it is a slice of, found another",
        ))
    }

    /// Whose child it is; nobody's, by an empty name.
    pub fn parent(&self) -> &str {
        &self.parent
    }

    /// Runs the operations of a message at these places, or all. Nothing waits for the parent that can be `last`: the parent is then
    /// asked for the call alone.
    pub fn run(
        &mut self,
        ledger: &mut Ledger,
        text: &str,
        places: Option<Vec<usize>>,
        last: bool,
        now: Instant,
    ) -> Result<Vec<Step>> {
        let ops = message::operations(text)?;
        let now = ledger.advance(now);
        let places = places.unwrap_or_else(|| (0..ops.len()).collect());
        let mut steps = Vec::with_capacity(places.len());
        for op in places.iter().filter_map(|place| ops.get(*place)) {
            let name = |key: &str| op.get(key).and_then(Raw::to_text);
            let id = match name("op").as_deref() {
                Some("reserve" | "settle" | "release") => name("id"),
                Some("charge") => name("reservationId"),
                Some("tick") => None,
                _ => {
                    steps.push(Step::Forward(op_text(op)));
                    continue;
                }
            };
            let id = id.unwrap_or_default();
            let known = ledger.promises.get(&id).map(|promise| (chunk_of(promise), spent(promise), promise.state));
            steps.push(match known {
                Some((PARENTS, ..)) => Step::Forward(op_text(op)),
                None | Some((_, _, State::Released)) if name("op").as_deref() == Some("reserve") => {
                    self.reserve(ledger, op, &id, last, now)?
                }
                None if self.asked_for(&id) => Step::Wait,
                None if !id.is_empty() => Step::Forward(op_text(op)),
                known => {
                    let before = known.map(|(chunk, usd, _)| (chunk.to_owned(), usd));
                    let answer = message::answered(ledger, op, &super::OnlyUtc, now);
                    if let Some((chunk, was)) = before {
                        self.correct(ledger, &chunk, &id, was, now);
                    }
                    Step::Answer(answer)
                }
            });
        }
        self.tend(ledger, now);
        Ok(steps)
    }

    fn reserve(&mut self, ledger: &mut Ledger, op: &Object<'_>, id: &str, last: bool, now: Instant) -> Result<Step> {
        if let Some((_, answer)) = self.answers.remove(id) {
            return Ok(Step::Answer(answer));
        }
        if self.asked_for(id) {
            return Ok(Step::Wait);
        }
        let read = || {
            let scopes = Scope::parse_list(op.get("scopes")?.get()).ok()?;
            Some((amounts(op)?, scopes, op.get("leaseMs")?.number()? as i64))
        };
        // What is no reservation is for the parent to refuse.
        let Some((amounts, scopes, lease_ms)) = read().filter(|(_, _, lease)| *lease > 0 && !id.is_empty()) else {
            return Ok(Step::Forward(op_text(op)));
        };
        let request = Reserve { id, amounts, scopes: &scopes, lease_ms };
        let usd = amounts.usd;
        let open = self.chunks.iter().rev().find(|(_, chunk)| chunk.is_open(now) && chunk.scopes == scopes);
        if let Some((chunk, at)) = open.map(|(id, chunk)| (id.clone(), chunk.at))
            && let Some(answer) = grant(ledger, &chunk, at, &request, now)?
        {
            return Ok(Step::Answer(["{\"ok\":", &answer.to_json(), "}"].concat()));
        }
        if last || lease_ms > LEASE_MS - GRANTS_MS {
            // It is the parent's from now on, whatever chunks there will be.
            mark(ledger, &request, now);
            return Ok(Step::Forward(op_text(op)));
        }
        for chunk in self.chunks.values_mut() {
            if let Phase::Asked { .. } = chunk.phase
                && chunk.scopes == scopes
            {
                chunk.want = chunk.want.saturating_add(usd).saturating_add(usd);
                return Ok(Step::Wait);
            }
        }
        let mut want = Usd::from_pico(usd.pico().saturating_mul(i128::from(CALLS))).unwrap_or(usd);
        for (id, chunk) in self.chunks.iter_mut() {
            let Phase::Open { until } = &mut chunk.phase else { continue };
            if chunk.scopes == scopes {
                let (limit, taken) = taken(ledger, id, now);
                // What it was used up in, or what was used of it.
                want = want.max(if *until > now { limit.saturating_add(limit) } else { taken });
                *until = (*until).min(now);
                self.dirty.insert(id.clone());
            }
        }
        self.made = self.made.saturating_add(1);
        let phase = Phase::Asked { call: id.to_owned(), amounts, lease_ms };
        let chunk = format!("{}{MARK}{:010}", self.name, self.made);
        self.dirty.insert(OWN.to_owned());
        self.dirty.insert(chunk.clone());
        self.chunks.insert(chunk, Chunk { scopes, at: now, want, phase });
        Ok(Step::Wait)
    }

    fn asked_for(&self, id: &str) -> bool {
        self.chunks.values().any(|chunk| matches!(&chunk.phase, Phase::Asked { call, .. } if call == id))
    }

    /// Notes that a reservation of a chunk which is closed comes to something else now.
    fn correct(&mut self, ledger: &Ledger, chunk: &str, id: &str, was: Usd, now: Instant) {
        let Some(promise) = ledger.promises.get(id) else { return };
        let usd = spent(promise);
        if usd == was || ledger.books.contains_key(chunk) {
            return;
        }
        self.revision = self.revision.saturating_add(1);
        self.dirty.insert(OWN.to_owned());
        self.dirty.insert(chunk.to_owned());
        let revision = self.revision;
        let told = self.chunks.get_or_insert_with(chunk.to_owned(), || Chunk {
            scopes: Vec::new(),
            at: now,
            want: Usd::ZERO,
            phase: Phase::Told { usd: None, parts: Vec::new(), version: 0 },
        });
        if let Phase::Told { parts, version, .. } = &mut told.phase {
            *version = revision;
            match parts.iter_mut().find(|part| part.id == id) {
                Some(part) => (part.usd, part.revision) = (usd, revision),
                None => parts.push(Part { id: id.to_owned(), was, usd, revision }),
            }
        }
    }

    /// Closes the chunks that grant no more and hold nothing.
    fn tend(&mut self, ledger: &mut Ledger, now: Instant) {
        for (id, chunk) in self.chunks.iter_mut() {
            let Phase::Open { .. } = chunk.phase else { continue };
            let Some(book) = ledger.books.get_mut(id).filter(|_| !chunk.is_open(now)) else { continue };
            let standing = book.standing(now);
            if standing.held > Usd::ZERO {
                continue;
            }
            (chunk.at, chunk.phase) = (now, Phase::Told { usd: Some(standing.spent), parts: Vec::new(), version: 0 });
            ledger.remove(id);
            self.dirty.insert(id.clone());
        }
    }

    /// What the parent is to be asked and told, as operations; nothing, where there is nothing.
    pub fn outgoing(&mut self, ledger: &mut Ledger, now: Instant) -> String {
        let now = ledger.advance(now);
        self.tend(ledger, now);
        // Who waited for these has gone.
        self.answers.retain(|_, (at, _)| now.ms() - at.ms() < AGAIN_MS);
        let mut to = Writer::new();
        for (id, chunk) in self.chunks.iter() {
            match &chunk.phase {
                Phase::Open { .. } => {}
                Phase::Asked { call, amounts, lease_ms } => {
                    self.turn = self.turn.saturating_add(1);
                    self.dirty.insert(OWN.to_owned());
                    to.open('{');
                    for (key, text) in [("op", "slice"), ("id", id), ("of", &self.name), ("request", call)] {
                        to.text_of(key, text);
                    }
                    to.number_of("turn", f64::from(self.turn));
                    to.value_of("want", &chunk.want);
                    write_amounts(&mut to, *amounts);
                    to.list_of("scopes", &chunk.scopes);
                    to.number_of("leaseMs", *lease_ms as f64);
                    to.close('}');
                }
                Phase::Told { usd, parts, version } => {
                    to.open('{');
                    to.text_of("op", "sliced");
                    to.text_of("id", id);
                    write_told(&mut to, usd.as_ref(), parts, *version);
                    to.close('}');
                }
            }
        }
        to.end()
    }

    /// Takes the parent's answers to a message: a JSON array of them, for the operations of `sent`, which was the last that went out.
    pub fn incoming(&mut self, ledger: &mut Ledger, sent: &str, answers: &str, now: Instant) -> Result<()> {
        let bad = || Error::input("cannot read the parent's answers: expected one for each operation, found others");
        let now = ledger.advance(now);
        let ops = message::operations(sent)?;
        let answers = Raw::parse(answers).ok().and_then(Raw::items).ok_or_else(bad)?;
        for (op, answer) in ops.iter().zip(answers) {
            let Some(id) = op.get("id").and_then(Raw::to_text) else { continue };
            let ok = answer.member("ok");
            match self.chunks.get(&id).map(|chunk| chunk.phase.clone()) {
                Some(Phase::Asked { call, amounts, lease_ms }) => {
                    let call = Reserve { id: &call, amounts, scopes: &[], lease_ms };
                    self.given(ledger, &id, &call, answer, ok, now)?;
                    self.dirty.insert(id);
                }
                Some(Phase::Told { version, .. }) if ok.is_some() => {
                    // What was corrected meanwhile is still to be told.
                    if op.get("version").and_then(Raw::whole) == Some(u64::from(version)) {
                        self.chunks.remove(&id);
                        self.dirty.insert(id);
                    }
                    self.hear(ledger, ok);
                }
                _ => {}
            }
        }
        self.tend(ledger, now);
        Ok(())
    }

    /// Takes the answer to a question for a chunk.
    fn given(
        &mut self,
        ledger: &mut Ledger,
        id: &str,
        call: &Reserve<'_>,
        answer: Raw<'_>,
        ok: Option<Raw<'_>>,
        now: Instant,
    ) -> Result<()> {
        let Some(chunk) = self.chunks.get_mut(id) else { return Ok(()) };
        let slice = ok.and_then(|ok| ok.member("slice")).and_then(Object::of);
        let scopes = chunk.scopes.clone();
        let call = Reserve { scopes: &scopes, ..call.clone() };
        if let Some(slice) = slice
            && let (Some(usd), Some(lasts)) = (amount(&slice, "usd"), slice.get("lastsMs").and_then(Raw::number))
        {
            let at = chunk.at;
            chunk.phase = Phase::Open { until: at.plus(GRANTS_MS.min(lasts as i64)) };
            let open = chunk.is_open(now);
            add_book(ledger, id, usd)?;
            self.hear(ledger, ok);
            // What was asked for is granted at once, before anybody else takes it.
            if open {
                // Should it be settled by now, it needs nothing.
                let _ = grant(ledger, id, at, &call, now);
            }
        } else if ok.is_some_and(|ok| ok.member("over").is_some()) {
            (chunk.at, chunk.phase) = (now, Phase::Told { usd: Some(Usd::ZERO), parts: Vec::new(), version: 0 });
        } else {
            self.chunks.remove(id);
            let allowed = ok.and_then(|ok| ok.member("allowed")).and_then(Raw::bool) == Some(true);
            if allowed && ledger.promises.get(call.id).is_none_or(|known| known.state == State::Released) {
                mark(ledger, &call, now);
            }
            self.answers.insert(call.id.to_owned(), (now, answer.get().to_owned()));
        }
        Ok(())
    }

    /// Keeps the alerts of an answer for the next one that is given.
    fn hear(&self, ledger: &mut Ledger, ok: Option<Raw<'_>>) {
        let alerts = ok.and_then(|ok| ok.member("alerts")).and_then(Raw::items).unwrap_or_default();
        ledger.news.extend(alerts.into_iter().filter_map(Alert::read));
    }

    /// When there is something to do that nobody asks for.
    pub fn next_expiry(&self, ledger: &Ledger) -> Option<Instant> {
        let chunks = self.chunks.iter().filter_map(|(id, chunk)| match &chunk.phase {
            // One that holds something closes with it.
            Phase::Open { until } => (!holds(ledger, id)).then_some(*until),
            _ => Some(chunk.at.plus(AGAIN_MS)),
        });
        chunks.chain(ledger.next_expiry()).min()
    }

    /// Takes in its rows, as [`Ledger::load`] takes in those of the ledger.
    pub fn load(&mut self, rows: &str) -> Option<()> {
        for row in Raw::parse(rows).ok()?.items()? {
            let [key, value] = <[Raw<'_>; 2]>::try_from(row.items()?).ok()?;
            let key = key.text()?;
            if key == OWN && self.name.is_empty() {
                let own = Object::of(value)?;
                let number = |key: &str| own.get(key)?.whole().and_then(|number| u32::try_from(number).ok());
                (self.parent, self.name) = (own.get("parent")?.to_text()?, own.get("name")?.to_text()?);
                (self.made, self.turn, self.revision) = (number("made")?, number("turn")?, number("revision")?);
            } else if let Some(id) = key.strip_prefix(CHUNK)
                && !self.chunks.contains_key(id)
            {
                self.chunks.insert(id.to_owned(), read_chunk(&Object::of(value)?)?);
            }
        }
        Some(())
    }

    /// What has changed since this was last asked, beside the ledger's own.
    pub fn changes(&mut self) -> Vec<Change> {
        let dirty = std::mem::take(&mut self.dirty);
        let change = |id: &String| {
            let mut to = Writer::new();
            let (key, there) = if id == OWN {
                to.open('{');
                to.text_of("parent", &self.parent);
                to.text_of("name", &self.name);
                for (key, number) in [("made", self.made), ("turn", self.turn), ("revision", self.revision)] {
                    to.number_of(key, f64::from(number));
                }
                to.close('}');
                (OWN.to_owned(), true)
            } else {
                let chunk = self.chunks.get(id);
                chunk.into_iter().for_each(|chunk| write_chunk(chunk, &mut to));
                ([CHUNK, id].concat(), chunk.is_some())
            };
            Change { key, hot: true, due: None, value: Some(to.end()).filter(|_| there) }
        };
        dirty.iter().map(change).collect()
    }
}

/// An operation as it was said.
fn op_text(op: &Object<'_>) -> String {
    let mut to = Writer::new();
    to.open('{');
    for (key, value) in op.entries() {
        to.raw_of(key, value.get());
    }
    to.close('}');
    to.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::{Guarantee, OnlyUtc};

    const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z

    fn at(ms: i64) -> Instant {
        Instant::from_ms(NOON + ms)
    }

    /// A child that was asked for `first` at an instant, and handed a dollar for so long.
    fn child(asked: i64, lasts_ms: i64) -> (Ledger, Child) {
        let (mut ledger, mut child) = (Ledger::kept(Guarantee::Hard), Child::default());
        child.be("parent", "me", at(asked)).unwrap();
        assert_eq!(reserve(&mut ledger, &mut child, "first", asked), Step::Wait);
        let sent = [r#"{"v":1,"ops":["#, &child.outgoing(&mut ledger, at(asked)), "]}"].concat();
        let answers = format!(r#"[{{"ok":{{"slice":{{"usd":"1","lastsMs":{lasts_ms}}},"alerts":[]}}}}]"#);
        child.incoming(&mut ledger, &sent, &answers, at(asked)).unwrap();
        (ledger, child)
    }

    fn run(ledger: &mut Ledger, child: &mut Child, op: &str, now: i64) -> Step {
        let text = [r#"{"v":1,"ops":["#, op, "]}"].concat();
        child.run(ledger, &text, None, false, at(now)).unwrap().remove(0)
    }

    fn reserve(ledger: &mut Ledger, child: &mut Child, id: &str, now: i64) -> Step {
        let op = format!(r#"{{"op":"reserve","id":"{id}","usd":"0.3","scopes":[],"leaseMs":60000}}"#);
        run(ledger, child, &op, now)
    }

    #[test]
    fn a_chunk_grants_what_it_has_and_as_long_as_it_may() {
        // Whether it is granted, after so long, with so long a window.
        for (later, lasts_ms, granted) in [
            (0, GRANTS_MS, true),
            (GRANTS_MS - 1, GRANTS_MS, true),
            (GRANTS_MS, GRANTS_MS, false),
            (3_999, 4_000, true),
            (4_000, 4_000, false),
            // More than a day back: nobody knows how long it was.
            (-2 * crate::time::DAY, GRANTS_MS, false),
        ] {
            let (mut ledger, mut child) = child(0, lasts_ms);
            let step = reserve(&mut ledger, &mut child, "second", later);
            assert_eq!(matches!(step, Step::Answer(_)), granted, "{later} of {lasts_ms}: {step:?}");
        }
        let (mut ledger, mut child) = child(0, GRANTS_MS);
        for (id, granted) in [("second", true), ("third", true), ("fourth", false), ("first", true)] {
            let step = reserve(&mut ledger, &mut child, id, 1);
            assert_eq!(matches!(step, Step::Answer(_)), granted, "{id}: {step:?}");
        }
    }

    #[test]
    fn a_chunk_is_told_once_nothing_of_it_is_held() {
        let (mut ledger, mut child) = child(0, GRANTS_MS);
        assert!(matches!(reserve(&mut ledger, &mut child, "second", 1), Step::Answer(_)));
        run(&mut ledger, &mut child, r#"{"op":"settle","id":"first","usd":"0.1"}"#, 2);
        assert_eq!(child.outgoing(&mut ledger, at(GRANTS_MS)), "");
        // The other lease ends: it counts in full.
        assert_eq!(child.next_expiry(&ledger), Some(at(60_001)));
        run(&mut ledger, &mut child, r#"{"op":"tick"}"#, 60_001);
        let told = child.outgoing(&mut ledger, at(60_001));
        assert!(told.contains(r#""usd":"0.4","parts":[]"#), "{told}");
        // What comes to less after all is told with the sum.
        run(&mut ledger, &mut child, r#"{"op":"settle","id":"second","usd":"0.2"}"#, 60_002);
        let told = child.outgoing(&mut ledger, at(60_002));
        assert!(told.contains(r#""usd":"0.4","parts":[["second","0.3","0.2",1]]"#), "{told}");
    }

    #[test]
    fn what_was_written_is_read_again() {
        let (mut ledger, mut child) = child(0, GRANTS_MS);
        for op in [r#"{"op":"settle","id":"first","usd":"0.1","mark":"aborted"}"#, r#"{"op":"tick"}"#] {
            run(&mut ledger, &mut child, op, GRANTS_MS);
        }
        assert_eq!(reserve(&mut ledger, &mut child, "next", GRANTS_MS), Step::Wait);
        let mut rows: Vec<String> = Vec::new();
        for change in ledger.changes().into_iter().chain(child.changes()) {
            rows.extend(change.value.map(|value| format!("[{},{value}]", crate::json::quote(&change.key))));
        }
        let rows = format!("[{}]", rows.join(","));
        let (mut again, mut twin) = (Ledger::kept(Guarantee::Hard), Child::default());
        again.load(&rows, &OnlyUtc).unwrap();
        twin.load(&rows).unwrap();
        assert_eq!((twin.parent(), &twin.name, &twin.chunks), (child.parent(), &child.name, &child.chunks));
        assert_eq!(twin.outgoing(&mut again, at(GRANTS_MS)), child.outgoing(&mut ledger, at(GRANTS_MS)));
        assert!(twin.be("another", "me", at(0)).is_err());
    }
}
