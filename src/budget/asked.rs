//! What a ledger is asked, and of whom it asks what it can't know.

use std::rc::Rc;

use super::{Scope, config::is_utc, unit::Amounts};
use crate::{
    error::{Error, Result},
    time::{Instant, Utc, Zone},
};

/// Time zones by name: the core has no data of its own.
pub trait Zones {
    /// The zone of that name, or [`crate::error::Code::InvalidConfig`].
    fn zone(&self, name: &str) -> Result<Rc<dyn Zone>>;
}

/// A host that knows no zone but UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnlyUtc;

impl Zones for OnlyUtc {
    fn zone(&self, name: &str) -> Result<Rc<dyn Zone>> {
        if is_utc(name) {
            Ok(Rc::new(Utc))
        } else {
            Err(Error::config("cannot read timeZone: expected UTC, found another zone"))
        }
    }
}

/// What happens to a budget that is stored already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The stored one stays.
    Attach,
    /// It is changed.
    Update,
}

impl Mode {
    /// The mode of that name.
    pub fn parse(text: &str) -> Result<Self> {
        match text {
            "attach" => Ok(Mode::Attach),
            "update" => Ok(Mode::Update),
            _ => Err(Error::input("cannot put budgets: expected mode to be attach or update, found another value")),
        }
    }
}

/// A reservation asked for.
#[derive(Clone, Debug)]
pub struct Reserve<'a> {
    /// The attempt it is for.
    pub id: &'a str,
    /// The most it can take.
    pub amounts: Amounts,
    /// Whose money it is.
    pub scopes: &'a [Scope],
    /// How long it is held at most.
    pub lease_ms: i64,
}

/// Spending that nobody reserved, or that was reserved elsewhere.
#[derive(Clone, Debug)]
pub struct Charge<'a> {
    /// The record it is of.
    pub record_id: &'a str,
    /// The record's revision: a higher one replaces the amount.
    pub revision: u32,
    /// What it took.
    pub amounts: Amounts,
    /// Whose money it is.
    pub scopes: &'a [Scope],
    /// The record's timestamp.
    pub at: Instant,
    /// Reservations that may have paid for it: the first that the ledger knows did.
    pub reservation_ids: &'a [&'a str],
}
