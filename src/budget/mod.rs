//! Budgets: whether money may be promised, and what became of the promise. A pure state machine over instants that come
//! in as arguments; its contract is `docs/design/budgets.md`.
//!
//! | file | holds |
//! |---|---|
//! | [`action`] | [`Action`]: what happens at a limit |
//! | [`config`] | [`Config`]: a budget, its id; `fields`: as it came |
//! | [`threshold`] | [`Threshold`]: a share of a limit |
//! | [`mod@unit`] | [`Unit`]: what it counts in; [`Amounts`]: what a call takes |
//! | [`adjust`] | what is added to a limit: a raise for a time, a top-up for good |
//! | [`book`] | a budget in a ledger: where it stands, when it tells |
//! | [`window`] | [`Window`](window::Window): what was spent and is held in one stretch of time, and its alerts |
//! | [`alert`] | [`Alert`]: a threshold that was reached |
//! | [`ledger`] | [`Ledger`]: the budgets, and where they stand |
//! | [`asked`] | what a ledger is asked |
//! | [`promise`] | reservations: reserve, settle, release |
//! | [`mod@charge`] | what nobody reserved |
//! | [`clock`] | the ledger's time: leases that end, what is forgotten |
//! | [`answer`] | what the ledger answers |
//! | [`mod@burn`] | how fast a budget is spent, and until when it lasts |
//! | [`claim`] | who of several instances is first |
//! | [`journal`] | [`Key`](journal::Key): the rows of a ledger that is kept, and which of them have changed |
//! | [`rows`] | those rows: read, written, forgotten |
//! | [`message`] | [`run()`](message::run): operations as a ledger elsewhere is asked for them |
//! | [`slices`] | chunks of budgets that are handed to other objects |
//! | [`child`] | [`Child`]: what grants reservations out of such chunks |
//! | `chunk` | a chunk at the child |
//! | [`mod@check`] | [`check()`]: the advisory question, over any ledger's statuses |
//!
//! Limits are money, tokens or requests. Windows are the calendar's, or the last stretch of time of that length.

pub mod action;
pub mod adjust;
pub mod alert;
pub mod answer;
pub mod asked;
pub mod book;
pub mod burn;
pub mod charge;
pub mod check;
pub mod child;
mod chunk;
pub mod claim;
pub mod clock;
pub mod config;
mod fields;
pub mod journal;
pub mod ledger;
pub mod message;
pub mod promise;
pub mod rows;
pub mod slices;
pub mod threshold;
pub mod unit;
pub mod window;

pub use crate::ledger::Scope;
pub use action::Action;
pub use alert::Alert;
pub use answer::{Guarantee, Outcome, Reservation, Settlement, Status};
pub use asked::{Charge, Mode, OnlyUtc, Reserve, Zones};
pub use book::Standing;
pub use charge::{Charged, Taken};
pub use check::{Verdict, check};
pub use child::Child;
pub use config::Config;
pub use ledger::Ledger;
pub use threshold::Threshold;
pub use unit::{Amounts, Unit, count};
