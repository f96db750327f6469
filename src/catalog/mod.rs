//! The model catalogue: which models there are, what they are called, and what they cost from when on.
//!
//! A [`Book`] is read from the packed text that `scripts/prices/update.mjs` makes of `data/prices/main.json`. A name finds
//! its model exactly, as an alias, as a dated snapshot or under a provider's prefix, and otherwise not at all: a wrong
//! price is worse than none.

mod book;
mod find;
mod model;
mod names;
mod read;
mod schedule;
mod words;

pub use book::{Book, Handle};
pub use find::{Match, MatchKind};
pub use model::{Capabilities, Edge, Model, RateSource, Rates, Row, Threshold, Variant, When};
pub use schedule::Schedule;
pub use words::{Per, Words};
