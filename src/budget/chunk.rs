//! A chunk at the child: what has become of it, its budget in the child's ledger, and its row.

use super::{
    Amounts, Reservation, Scope,
    asked::Reserve,
    config::Config,
    ledger::Ledger,
    promise::{Promise, State},
    rows::{amount, ms, scopes},
    slices::{LEASE_MS, Part},
};
use crate::{
    error::Result,
    json::{Raw, Writer},
    money::Usd,
    object::Object,
    time::Instant,
};

/// The scope of a chunk's reservations.
const SCOPE: &str = "slice";
/// What stands in the place of a chunk where the parent holds the reservation itself.
pub(super) const PARENTS: &str = "parent";

/// A chunk, as the child knows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Chunk {
    pub scopes: Vec<Scope>,
    /// When it was asked for, or was last to be told.
    pub at: Instant,
    pub want: Usd,
    pub phase: Phase,
}

/// What has become of it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// The parent is asked, for a call.
    Asked { call: String, amounts: Amounts, lease_ms: i64 },
    /// It grants until then.
    Open { until: Instant },
    /// The parent is to be told: what was spent, unless it knows, and corrections. The version rises with each.
    Told { usd: Option<Usd>, parts: Vec<Part>, version: u32 },
}

impl Chunk {
    /// Whether it grants. A clock that was set back to before it was asked for says nothing of how long ago that was.
    pub fn is_open(&self, now: Instant) -> bool {
        matches!(self.phase, Phase::Open { until } if self.at <= now && now < until)
    }
}

/// The chunk that a reservation was granted out of.
pub(super) fn chunk_of(promise: &Promise) -> &str {
    promise.scopes.last().filter(|scope| scope.kind == SCOPE).map_or("", |scope| &scope.id)
}

/// What a reservation comes to.
pub(super) fn spent(promise: &Promise) -> Usd {
    match promise.state {
        State::Settled { charged, .. } => charged.usd,
        _ => Usd::ZERO,
    }
}

/// The scopes of a reservation out of a chunk.
pub(super) fn within(scopes: &[Scope], chunk: &str) -> Vec<Scope> {
    let mut scopes = scopes.to_vec();
    scopes.push(Scope::new(SCOPE, chunk));
    scopes
}

/// Grants a reservation out of a chunk that was asked for at an instant, if there is enough in it and it is held longer.
pub(super) fn grant(
    ledger: &mut Ledger,
    chunk: &str,
    at: Instant,
    request: &Reserve<'_>,
    now: Instant,
) -> Result<Option<Reservation>> {
    if now.plus(request.lease_ms) > at.plus(LEASE_MS) {
        return Ok(None);
    }
    let request = Reserve { scopes: &within(request.scopes, chunk), ..*request };
    let answer = ledger.reserve(&request, now)?;
    Ok(Some(answer).filter(|answer| answer.allowed))
}

/// Notes that the parent holds a reservation, or is asked to.
pub(super) fn mark(ledger: &mut Ledger, request: &Reserve<'_>, now: Instant) {
    let promise = Promise {
        amounts: request.amounts,
        scopes: within(&[], PARENTS),
        made: now,
        expires: now.plus(request.lease_ms),
        touched: now,
        state: State::Released,
    };
    ledger.keep(request.id, promise);
}

/// A chunk's budget in the child's ledger.
pub(super) fn add_book(ledger: &mut Ledger, id: &str, usd: Usd) -> Result<()> {
    let mut to = Writer::new();
    to.open('{');
    for (key, text) in [("id", id), ("name", SCOPE), ("period", "total"), ("action", "block")] {
        to.text_of(key, text);
    }
    to.value_of("limit", &usd);
    to.value_of("scope", &Scope::new(SCOPE, id));
    to.raw_of("alertThresholds", "[]");
    to.close('}');
    ledger.add_fresh(Config::parse(&to.end())?);
    Ok(())
}

/// The amount of a chunk, and what of it is granted.
pub(super) fn taken(ledger: &mut Ledger, id: &str, now: Instant) -> (Usd, Usd) {
    ledger.books.get_mut(id).map_or((Usd::ZERO, Usd::ZERO), |book| {
        let standing = book.standing(now);
        (standing.limit, standing.taken())
    })
}

pub(super) fn holds(ledger: &Ledger, id: &str) -> bool {
    ledger.books.get(id).is_some_and(|book| book.windows.values().any(|window| window.held > Usd::ZERO))
}

/// Amounts, as operations and rows say them.
pub(super) fn amounts(object: &Object<'_>) -> Option<Amounts> {
    let count = |key: &str| object.get(key).and_then(Raw::present).map_or(Some(None), |n| n.whole().map(Some));
    Some(Amounts { usd: amount(object, "usd")?, tokens: count("tokens")?, requests: count("requests")?.unwrap_or(1) })
}

pub(super) fn write_amounts(to: &mut Writer, amounts: Amounts) {
    to.value_of("usd", &amounts.usd);
    if let Some(tokens) = amounts.tokens {
        to.number_of("tokens", tokens as f64);
    }
    to.number_of("requests", amounts.requests as f64);
}

pub(super) fn write_told(to: &mut Writer, usd: Option<&Usd>, parts: &[Part], version: u32) {
    if let Some(usd) = usd {
        to.value_of("usd", usd);
    }
    to.list_of("parts", parts);
    to.number_of("version", f64::from(version));
}

pub(super) fn write_chunk(chunk: &Chunk, to: &mut Writer) {
    to.open('{');
    to.list_of("scopes", &chunk.scopes);
    to.number_of("at", chunk.at.ms() as f64);
    to.value_of("want", &chunk.want);
    match &chunk.phase {
        Phase::Asked { call, amounts, lease_ms } => {
            to.text_of("call", call);
            write_amounts(to, *amounts);
            to.number_of("leaseMs", *lease_ms as f64);
        }
        Phase::Open { until } => to.number_of("until", until.ms() as f64),
        Phase::Told { usd, parts, version } => write_told(to, usd.as_ref(), parts, *version),
    }
    to.close('}');
}

pub(super) fn read_chunk(row: &Object<'_>) -> Option<Chunk> {
    let phase = if let Some(until) = ms(row, "until") {
        Phase::Open { until }
    } else if let Some(call) = row.get("call") {
        let lease_ms = row.get("leaseMs")?.number()? as i64;
        Phase::Asked { call: call.to_text()?, amounts: amounts(row)?, lease_ms }
    } else {
        let version = u32::try_from(row.get("version")?.whole()?).ok()?;
        Phase::Told { usd: amount(row, "usd"), parts: Part::read_list(row.get("parts")?)?, version }
    };
    Some(Chunk { scopes: scopes(row)?, at: ms(row, "at")?, want: amount(row, "want")?, phase })
}
