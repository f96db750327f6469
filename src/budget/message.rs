//! Operations as a ledger elsewhere is asked for them: one text with several, each answered on its own, in order.
//!
//! `{"v":1,"ops":[{"op":"reserve","id":...}, ...]}`. The answer to each is `{"ok":...}` with what the ledger's method answers, or
//! `{"error":{"tollgate":code,"message":...,"context":"..."}}`. Who answers accepts the previous version, since deploys overlap.

use super::{
    Amounts, Charge, Config, Ledger, Mode, Reserve, Scope, Zones,
    journal::Key,
    slices::{Ask, Part},
};
use crate::{
    collections::Set,
    error::{Error, Result},
    json::{Raw, ToJson, Writer},
    money::Usd,
    object::Object,
    time::Instant,
};

const VERSION: u64 = 1;

/// The operations of a message.
pub(super) fn operations(message: &str) -> Result<Vec<Object<'_>>> {
    let read = || {
        let message = Object::of(Raw::parse(message).ok()?)?;
        if message.get("v")?.whole()? > VERSION {
            return None;
        }
        message.get("ops")?.items()?.into_iter().map(Object::of).collect()
    };
    read().ok_or_else(|| Error::input("cannot read a message: expected operations of version 1, found something else"))
}

/// A message that was read.
pub struct Message<'a>(Vec<Object<'a>>);

impl<'a> Message<'a> {
    /// Reads it.
    pub fn parse(text: &'a str) -> Result<Self> {
        operations(text).map(Self)
    }

    /// The rows that it names, beside those that are hot.
    pub(super) fn keys(&self) -> Set<Key> {
        let mut keys = Set::new();
        for op in &self.0 {
            let name = |key: &str| op.get(key).and_then(Raw::to_text);
            if let Some(id) = name("id") {
                match name("op").as_deref() {
                    Some("reserve" | "settle" | "release") => keys.insert(Key::Reservation(id)),
                    Some("charge") => keys.insert(Key::Record(id)),
                    Some("claim") => keys.insert(Key::Claim(id)),
                    Some("slice") => {
                        let named = [name("request").map(Key::Reservation), name("of").map(Key::Record)];
                        keys.extend(named.into_iter().flatten());
                        keys.insert(Key::Reservation(id))
                    }
                    Some("sliced") => {
                        let parts = op.get("parts").and_then(Part::read_list).unwrap_or_default();
                        keys.extend(parts.into_iter().map(|part| Key::Record(Part::record(&id, &part.id))));
                        keys.insert(Key::Record(id.clone()));
                        keys.insert(Key::Reservation(id))
                    }
                    _ => false,
                };
            }
            if let Some(id) = name("reservationId") {
                keys.insert(Key::Reservation(id));
            }
        }
        keys
    }

    /// As [`run()`].
    pub fn run(&self, ledger: &mut Ledger, from: usize, zones: &dyn Zones, now: Instant) -> (String, usize) {
        let mut to = Writer::new();
        let mut next = from;
        for op in self.0.iter().skip(from) {
            next += 1;
            to.raw(&answered(ledger, op, zones, now));
            if ledger.is_adopting() {
                break;
            }
        }
        (to.end(), next)
    }
}

/// The keys of the rows that a message needs, beside those that are hot.
pub fn wants(message: &str) -> Result<Vec<String>> {
    Ok(Message::parse(message)?.keys().iter().map(Key::text).collect())
}

/// Runs the operations of a message from the given one on, until one has made a budget that is still to be offered what is
/// kept. Answers with the answers, separated by commas, and with the place of the first that was not run.
pub fn run(
    ledger: &mut Ledger,
    message: &str,
    from: usize,
    zones: &dyn Zones,
    now: Instant,
) -> Result<(String, usize)> {
    Ok(Message::parse(message)?.run(ledger, from, zones, now))
}

/// Runs one operation, and answers as the message does.
pub(super) fn answered(ledger: &mut Ledger, op: &Object<'_>, zones: &dyn Zones, now: Instant) -> String {
    match answer(ledger, op, zones, now) {
        Ok(answer) => ["{\"ok\":", &answer, "}"].concat(),
        Err(error) => {
            let mut to = Writer::new();
            to.open('{');
            to.key("error");
            to.open('{');
            to.text_of("tollgate", error.code().as_str());
            to.text_of("message", error.message());
            to.text_of("context", &error.context().to_json());
            to.close('}');
            to.close('}');
            to.end()
        }
    }
}

fn answer(ledger: &mut Ledger, op: &Object<'_>, zones: &dyn Zones, now: Instant) -> Result<String> {
    let missing = |key: &str| Error::input(format!("cannot read an operation: expected {key}, found none"));
    let text = |key: &str| op.get(key).and_then(Raw::text).ok_or_else(|| missing(key));
    let scopes = || op.get("scopes").ok_or_else(|| missing("scopes"));
    let amounts = || {
        let count = |key| op.get(key).and_then(Raw::present).map(|n| n.whole().ok_or_else(|| missing(key))).transpose();
        let (tokens, requests) = (count("tokens")?, count("requests")?.unwrap_or(1));
        Ok(Amounts { usd: Usd::parse(&text("usd")?)?, tokens, requests })
    };
    let yes = |value: bool| if value { "true" } else { "false" }.to_owned();
    Ok(match &*text("op")? {
        "reserve" => {
            let scopes = Scope::parse_list(scopes()?.get())?;
            let lease_ms = op.get("leaseMs").and_then(Raw::number).ok_or_else(|| missing("leaseMs"))? as i64;
            let request = Reserve { id: &text("id")?, amounts: amounts()?, scopes: &scopes, lease_ms };
            ledger.reserve(&request, now)?.to_json()
        }
        "settle" => ledger.settle(&text("id")?, amounts()?, op.get("mark").is_some(), now).to_json(),
        "release" => yes(ledger.release(&text("id")?, now)),
        "charge" => {
            let reservation = op.get("reservationId").and_then(Raw::text);
            let reservation = reservation.as_deref();
            let revision = op.get("revision").and_then(Raw::whole).and_then(|number| u32::try_from(number).ok());
            let charge = Charge {
                record_id: &text("id")?,
                revision: revision.unwrap_or(0),
                amounts: amounts()?,
                scopes: &Scope::parse_open_list(scopes()?.get())?,
                at: Instant::parse(&text("at")?)?,
                reservation_ids: reservation.as_slice(),
            };
            yes(ledger.take(&charge, now).counted)
        }
        "put" => {
            let mode = Mode::parse(&text("mode")?)?;
            let configs = Config::parse_list(op.get("budgets").ok_or_else(|| missing("budgets"))?.get())?;
            let stored = configs.into_iter().map(|config| ledger.put(config, mode, zones, now));
            stored.collect::<Result<Vec<_>>>()?.to_json()
        }
        "list" => ledger.list().to_json(),
        "claim" => {
            let ms = op.get("ms").and_then(Raw::whole).ok_or_else(|| missing("ms"))?;
            yes(ledger.claim(&text("id")?, &text("owner")?, i64::try_from(ms).unwrap_or(i64::MAX), now))
        }
        "adjust" => yes(ledger.adjust(&text("budget")?, op, now)?),
        "remove" => yes(ledger.remove(&text("id")?)),
        "status" => {
            let ids = match op.get("ids") {
                None => None,
                Some(ids) => {
                    let ids = ids.items().and_then(|ids| ids.into_iter().map(Raw::to_text).collect::<Option<Vec<_>>>());
                    Some(ids.ok_or_else(|| missing("ids"))?)
                }
            };
            ledger.status(ids.as_deref(), now).to_json()
        }
        "slice" => {
            let scopes = Scope::parse_list(scopes()?.get())?;
            let number = |key: &str| op.get(key).and_then(Raw::number).ok_or_else(|| missing(key));
            let lease_ms = number("leaseMs")? as i64;
            let request = Reserve { id: &text("request")?, amounts: amounts()?, scopes: &scopes, lease_ms };
            let (child, want) = (text("of")?, Usd::parse(&text("want")?)?);
            ledger
                .slice(&Ask { id: &text("id")?, child: &child, turn: number("turn")? as u32, want, request }, now)?
                .to_json()
        }
        "sliced" => {
            let usd = op.get("usd").and_then(Raw::text).map(|usd| Usd::parse(&usd)).transpose()?;
            let parts = op.get("parts").and_then(Part::read_list).ok_or_else(|| missing("parts"))?;
            let alerts = ledger.sliced(&text("id")?, usd, &parts, now);
            let mut to = Writer::new();
            to.open('{');
            to.list_of("alerts", &alerts);
            to.close('}');
            to.end()
        }
        // Leases that have ended are settled, which is done before anything else.
        "tick" => {
            ledger.advance(now);
            "null".to_owned()
        }
        _ => return Err(Error::input("cannot read an operation: expected one of this release, found another")),
    })
}
