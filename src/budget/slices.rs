//! Chunks of budgets that are handed to other objects, as the ledger that hands them out sees them. The protocol is
//! `docs/design/slices.md`; the other side is [`super::child`].
//!
//! A chunk is a reservation like any other. What is added here is its size, and that what was spent of it comes as charges that
//! can be corrected any number of times.

use std::rc::Rc;

use super::{
    Reservation,
    action::Action,
    alert::Alert,
    asked::{Charge, Reserve},
    book::Book,
    clock::{Identity, LEAST_MEMORY},
    config::Config,
    ledger::Ledger,
    promise::{Promise, State},
    unit::{Amounts, Unit},
};
use crate::{
    collections::Map,
    error::Result,
    json::{Raw, ToJson, Writer},
    money::Usd,
    time::{Instant, MINUTE, SECOND, Utc},
};

/// How the id of a chunk begins, and what separates its parts: nobody's reservation is called so.
pub(super) const MARK: &str = "\u{1f}";
/// How long a chunk grants.
pub(super) const GRANTS_MS: i64 = 10 * SECOND;
/// The lease of a chunk.
pub(super) const LEASE_MS: i64 = 20 * MINUTE;
/// A chunk is at most this part of what is left.
const PART: i128 = 16;
/// A chunk for fewer calls is none.
const LEAST_CALLS: i128 = 4;

/// A child asks for a chunk.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// The chunk.
    pub id: &'a str,
    /// The child.
    pub child: &'a str,
    /// Rises with every question of the child.
    pub turn: u32,
    /// How large it would like it to be.
    pub want: Usd,
    /// The call that needs it.
    pub request: Reserve<'a>,
}

/// What the child is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    /// A chunk.
    Chunk {
        /// Its amount.
        usd: Usd,
        /// How long it may grant.
        lasts_ms: i64,
        /// What was raised by it.
        alerts: Vec<Alert>,
    },
    /// No chunk: the call itself was decided.
    Call(Box<Reservation>),
    /// The chunk was there, and is no more.
    Over,
}

impl ToJson for Given {
    fn write(&self, to: &mut Writer) {
        match self {
            Given::Call(answer) => answer.write(to),
            Given::Over => {
                to.open('{');
                to.bool_of("over", true);
                to.close('}');
            }
            Given::Chunk { usd, lasts_ms, alerts } => {
                to.open('{');
                to.key("slice");
                to.open('{');
                to.value_of("usd", usd);
                to.number_of("lastsMs", *lasts_ms as f64);
                to.close('}');
                to.list_of("alerts", alerts);
                to.close('}');
            }
        }
    }
}

/// A reservation of a chunk that was corrected after the chunk was told.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The reservation.
    pub id: String,
    /// What of the chunk's sum was for it.
    pub was: Usd,
    /// What it comes to.
    pub usd: Usd,
    /// A higher one replaces the amount.
    pub revision: u32,
}

/// The chunks that are held.
pub(super) fn chunks(promises: &Map<String, Promise>) -> impl Iterator<Item = &Promise> {
    let marked = promises.range(MARK.to_owned()..).take_while(|(id, _)| id.starts_with(MARK));
    marked.map(|(_, promise)| promise).filter(|promise| promise.state == State::Held)
}

impl Part {
    /// Those of a JSON array of `[id, was, usd, revision]`.
    pub(super) fn read_list(list: Raw<'_>) -> Option<Vec<Self>> {
        let read = |item: Raw<'_>| {
            let [id, was, usd, revision] = <[Raw<'_>; 4]>::try_from(item.items()?).ok()?;
            let money = |value: Raw<'_>| Usd::parse(&value.text()?).ok();
            let revision = u32::try_from(revision.whole()?).ok()?;
            Some(Self { id: id.to_text()?, was: money(was)?, usd: money(usd)?, revision })
        };
        list.items()?.into_iter().map(read).collect()
    }

    /// The charge that it is at the parent.
    pub(super) fn record(chunk: &str, id: &str) -> String {
        [chunk, "/", id].concat()
    }
}

impl ToJson for Part {
    fn write(&self, to: &mut Writer) {
        to.open('[');
        to.text(&self.id);
        to.value(&self.was);
        to.value(&self.usd);
        to.number(f64::from(self.revision));
        to.close(']');
    }
}

impl Ledger {
    /// Stores a budget that nothing was spent of yet, without asking what was.
    pub(super) fn add_fresh(&mut self, config: Config) {
        self.created += 1;
        self.bind(&config, self.created);
        self.journal.budget(&config.id);
        let (id, order) = (config.id.clone(), self.created);
        let book = Book {
            config,
            order,
            zone: Rc::new(Utc),
            since: None,
            windows: Map::new(),
            horizon: None,
            adjustments: Default::default(),
        };
        self.books.insert(id, book);
    }

    /// Keeps a reservation as it is.
    pub(super) fn keep(&mut self, id: &str, promise: Promise) {
        self.remember(promise.touched.plus(LEAST_MEMORY), Identity::Reservation(id.to_owned()));
        self.journal.reservation(id);
        self.promises.insert(id.to_owned(), promise);
    }

    /// Hands out a chunk, or decides the call itself where a chunk would be too small.
    pub fn slice(&mut self, ask: &Ask<'_>, now: Instant) -> Result<Given> {
        let now = self.advance(now);
        match self.promises.get(ask.id) {
            Some(chunk) if chunk.state == State::Held => {
                let (usd, made, scopes) = (chunk.amounts.usd, chunk.made, chunk.scopes.clone());
                let lasts_ms = self.room(&scopes, made).1;
                return Ok(Given::Chunk { usd, lasts_ms, alerts: self.with_news(Vec::new()) });
            }
            Some(_) => return Ok(Given::Over),
            None => {}
        }
        let call = self.promises.get(ask.request.id).is_some_and(|promise| promise.state != State::Released);
        // The last turn is a charge of nothing by the child.
        let turn = Charge {
            record_id: ask.child,
            revision: ask.turn,
            amounts: money(Usd::ZERO),
            scopes: &[],
            at: now,
            reservation_ids: &[],
        };
        if !self.take(&turn, now).counted && !call {
            return Ok(Given::Over);
        }
        let (most, lasts_ms) = self.room(ask.request.scopes, now);
        let usd = most.map_or(ask.want, |most| most.min(ask.want));
        if call || usd.pico() < LEAST_CALLS * ask.request.amounts.usd.pico() || usd == Usd::ZERO {
            return Ok(Given::Call(Box::new(self.reserve(&ask.request, now)?)));
        }
        let chunk = Reserve { id: ask.id, amounts: money(usd), lease_ms: LEASE_MS, ..ask.request };
        let alerts = self.reserve(&chunk, now)?.alerts;
        Ok(Given::Chunk { usd, lasts_ms, alerts })
    }

    /// Takes what was spent of a chunk: first all of it, which ends its hold, and then what was corrected.
    ///
    /// What is so old that it can't be told from a repeat stays as the lease has settled it, in full.
    pub fn sliced(&mut self, id: &str, usd: Option<Usd>, parts: &[Part], now: Instant) -> Vec<Alert> {
        let now = self.advance(now);
        let mut alerts = Vec::new();
        if let Some((at, scopes)) = self.promises.get(id).map(|chunk| (chunk.made, chunk.scopes.clone()))
            && self.bound(&scopes).iter().filter_map(|id| self.books.get(id)).all(|book| book.remembers(at, self.over))
        {
            let mut take = |ledger: &mut Self, record_id: &str, revision, usd| {
                let amounts = money(usd);
                let charge = Charge { record_id, revision, amounts, scopes: &scopes, at, reservation_ids: &[] };
                alerts.extend(ledger.take(&charge, now).alerts);
            };
            if let Some(usd) = usd {
                self.release(id, now);
                take(self, id, 0, usd);
            }
            for part in parts {
                let record = Part::record(id, &part.id);
                if !self.charges.contains_key(&record)
                    && let Some((revision, usd)) = self.charges.get(id).map(|sum| (sum.revision, sum.amounts.usd))
                {
                    take(self, id, revision.saturating_add(1), usd.saturating_sub(part.was));
                }
                take(self, &record, part.revision, part.usd);
            }
        }
        self.with_news(alerts)
    }

    /// The most that a chunk for these scopes may be, if any budget can refuse, and how long it may grant: a call counts in the
    /// window, or the part of a rolling one, in which its chunk was made.
    fn room(&mut self, scopes: &[super::Scope], at: Instant) -> (Option<Usd>, i64) {
        let (mut most, mut lasts) = (None, GRANTS_MS);
        for id in self.bound(scopes) {
            let Some(book) = self.books.get_mut(&id) else { continue };
            let standing = book.standing(at);
            lasts = lasts.min(standing.end.ms().saturating_sub(at.ms()));
            let config = &book.config;
            let part = if config.unit != Unit::Usd {
                // A chunk is money: who counts anything else is asked for each call.
                Usd::ZERO
            } else if config.enabled && config.action != Action::Alert {
                Usd::from_pico(standing.available().pico() / PART).unwrap_or_default()
            } else {
                continue;
            };
            most = Some(most.map_or(part, |most: Usd| most.min(part)));
        }
        (most, lasts)
    }
}

/// Money, of no call: those are the children's.
fn money(usd: Usd) -> Amounts {
    Amounts { usd, tokens: None, requests: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        budget::{Guarantee, Mode, OnlyUtc, Scope},
        time::{DAY, HOUR},
    };

    const NOON: i64 = 1_795_262_400_000; // 2026-11-21T12:00:00Z

    fn at(ms: i64) -> Instant {
        Instant::from_ms(NOON + ms)
    }

    fn usd(text: &str) -> Usd {
        Usd::parse(text).unwrap()
    }

    /// A ledger with a budget of 16 dollars in an hour.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(Guarantee::Hard);
        let config = r#"{"id":"b","name":"b","limit":16,"period":"hourly","action":"block","alertThresholds":[]}"#;
        ledger.put(Config::parse(config).unwrap(), Mode::Attach, &OnlyUtc, at(0)).unwrap();
        ledger
    }

    fn ask(ledger: &mut Ledger, id: &str, turn: u32, want: &str, call: (&str, &str), now: i64) -> Given {
        let scopes: [Scope; 0] = [];
        let request = Reserve { id: call.0, amounts: usd(call.1).into(), scopes: &scopes, lease_ms: 60_000 };
        let id = [MARK, id].concat();
        ledger.slice(&Ask { id: &id, child: "child", turn, want: usd(want), request }, at(now)).unwrap()
    }

    fn stands(ledger: &mut Ledger, now: i64) -> [String; 3] {
        let status = ledger.status(None, at(now)).remove(0);
        [status.spent, status.held, status.sliced].map(|usd| usd.to_string())
    }

    fn chunk(text: &str, lasts_ms: i64) -> Given {
        Given::Chunk { usd: usd(text), lasts_ms, alerts: Vec::new() }
    }

    #[test]
    fn a_chunk_is_a_part_of_what_is_left_and_lasts_no_longer_than_its_window() {
        let mut ledger = ledger();
        assert_eq!(ask(&mut ledger, "1", 1, "0.5", ("a", "0.1"), 0), chunk("0.5", GRANTS_MS));
        // A sixteenth of 15.5.
        assert_eq!(ask(&mut ledger, "2", 2, "9", ("b", "0.1"), HOUR - 4_000), chunk("0.96875", 4_000));
        assert_eq!(ask(&mut ledger, "2", 3, "9", ("b", "0.1"), HOUR - 3_000), chunk("0.96875", 4_000));
        assert_eq!(stands(&mut ledger, HOUR - 3_000), ["0.5", "0.96875", "0.96875"]);
        // Not worth a chunk: the call itself is held, or refused.
        assert!(
            matches!(ask(&mut ledger, "3", 4, "9", ("c", "14"), HOUR - 2_000), Given::Call(answer) if answer.allowed)
        );
        assert!(
            matches!(ask(&mut ledger, "4", 5, "9", ("d", "1"), HOUR - 1_000), Given::Call(answer) if !answer.allowed)
        );
        assert_eq!(stands(&mut ledger, HOUR - 1_000), ["0.5", "14.96875", "0.96875"]);
        assert_eq!(stands(&mut ledger, HOUR), ["0", "0", "0"]);
    }

    #[test]
    fn a_late_copy_of_a_question_makes_nothing() {
        let mut ledger = ledger();
        ask(&mut ledger, "1", 1, "9", ("all", "16"), 0);
        assert!(matches!(ask(&mut ledger, "2", 2, "9", ("a", "0.1"), 1), Given::Call(answer) if !answer.allowed));
        assert!(ledger.release("all", at(2)));
        for turn in [1, 2] {
            assert_eq!(ask(&mut ledger, "2", turn, "9", ("a", "0.1"), 3), Given::Over);
        }
        assert_eq!(stands(&mut ledger, 4), ["0", "0", "0"]);
        assert_eq!(ask(&mut ledger, "2", 3, "9", ("a", "0.1"), 5), chunk("1", GRANTS_MS));
        ledger.sliced("\u{1f}2", Some(usd("0.1")), &[], at(6));
        assert_eq!(ask(&mut ledger, "2", 4, "9", ("a", "0.1"), 7), Given::Over);
        assert_eq!(stands(&mut ledger, 8), ["0.1", "0", "0"]);
    }

    #[test]
    fn a_dead_child_counts_in_full_until_it_tells_and_for_ever_after_a_day() {
        for (back, spent) in [(LEASE_MS + 1, "0.2"), (20 * HOUR, "0.2"), (3 * DAY, "1")] {
            let mut ledger = Ledger::new(Guarantee::Hard);
            let config = r#"{"id":"b","name":"b","limit":16,"period":"total","action":"block","alertThresholds":[]}"#;
            ledger.put(Config::parse(config).unwrap(), Mode::Attach, &OnlyUtc, at(0)).unwrap();
            assert_eq!(ask(&mut ledger, "1", 1, "9", ("a", "0.1"), 0), chunk("1", GRANTS_MS));
            assert_eq!(stands(&mut ledger, LEASE_MS), ["1", "0", "0"]);
            if back > DAY {
                // It has forgotten something of that time.
                ledger.books.get_mut("b").unwrap().horizon = Some(at(DAY));
            }
            ledger.sliced("\u{1f}1", Some(usd("0.2")), &[], at(back));
            assert_eq!(stands(&mut ledger, back), [spent, "0", "0"]);
        }
    }

    #[test]
    fn what_is_corrected_moves_out_of_the_sum() {
        let mut ledger = ledger();
        ask(&mut ledger, "1", 1, "9", ("a", "0.1"), 0);
        let part = |revision, text: &str| Part { id: "a".to_owned(), was: usd("0.1"), usd: usd(text), revision };
        for (told, parts, spent) in [
            (Some(usd("0.3")), vec![], "0.3"),
            (None, vec![part(1, "0.05")], "0.25"),
            (Some(usd("0.3")), vec![part(1, "0.05")], "0.25"),
            (None, vec![part(3, "0.02")], "0.22"),
            (None, vec![part(2, "0.09")], "0.22"),
        ] {
            ledger.sliced("\u{1f}1", told, &parts, at(1));
            assert_eq!(stands(&mut ledger, 1), [spent, "0", "0"]);
        }
        assert_eq!(ledger.sliced("\u{1f}unknown", Some(usd("5")), &[], at(2)), []);
        assert_eq!(stands(&mut ledger, 3), ["0.22", "0", "0"]);
    }
}
