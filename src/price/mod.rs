//! Prices: what a usage costs, and what a demand can cost at most.
//!
//! An item is a quantity times a rate, computed exactly and rounded up once; a total is the sum of its items. Estimate,
//! bound, cost and record of one usage therefore have the same digits. A price that is not known is an answer of its own
//! ([`Unpriced`]), never zero.

mod bound;
mod breakdown;
mod cost;
mod custom;
mod explain;
mod public;
mod quick;
mod service;
mod sheet;
mod tracker;
mod view;

pub use bound::{Bound, BoundAnswer, CacheWrites, Demand, upper_bound};
pub use breakdown::Breakdown;
pub use cost::{Answer, Cost, Item, Query, Reason, Unpriced, price, price_model};
pub use custom::Custom;
pub use explain::explain;
pub(crate) use public::write_cost;
pub use quick::QuickSheet;
pub use service::is_default_tier;
pub use tracker::{Estimate, Tracker, UnknownModel, read_token_usage};
pub use view::ModelPricing;
