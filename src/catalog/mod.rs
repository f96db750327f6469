//! The model catalogue: which models there are, what they are called, and what they cost from when on.
//!
//! A [`Book`] is read from the packed text that `scripts/prices/update.mjs` makes of `data/prices/*.json`, or from a table of
//! prices as JSON, ours or another's. A name finds its model exactly, as an alias, as a dated snapshot, under a provider's
//! prefix or a region's, and otherwise not at all: a wrong price is worse than none.

mod book;
mod difference;
mod find;
mod import;
mod json;
mod known;
mod merge;
mod model;
mod read;
mod region;
mod schedule;
mod stale;
mod taken;
mod words;

pub use book::{Book, Handle};
pub(crate) use difference::condition;
pub use difference::{Difference, Limits, Refusal};
pub use find::{Match, MatchKind};
pub use json::{Clock, translate, write_variants};
pub use model::{Capabilities, Edge, Model, RateSource, Rates, Row, Threshold, Variant, When};
pub use schedule::Schedule;
pub use stale::Stale;
pub use words::{Per, Words};
