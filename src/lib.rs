//! Tollgate: exact cost, hard budgets and guardrails for LLM calls.
//!
//! This crate is the rules. Without features it knows no JavaScript, no clock, no randomness and no I/O: instants, zone
//! offsets and random bytes come in as arguments, and what has to be done outside goes out as data. The feature `web`
//! adds the shell that makes the npm package `tollgate` out of it.
//!
//! Modules depend on each other in one direction only, as listed:
//!
//! | module | holds |
//! |---|---|
//! | [`json`] | JSON texts: read where they lie, written value by value |
//! | [`collections`] | ordered maps and sets that compile small |
//! | [`error`] | the one error type, the tables of error and warning codes |
//! | [`money`] | [`money::Usd`], whole pico-dollars; the one place that rounds |
//! | [`time`] | instants, calendar windows, and the trait through which zone offsets come in |
//! | [`id`] | UUIDv7, monotone within a millisecond |
//! | [`usage`] | disjoint counts of what was consumed |
//! | [`catalog`] | models, aliases and dated price rows |
//! | [`price`] | usage and a price row to an itemised cost; a demand to an upper bound |
//! | [`tokens`] | exact token counts by packed vocabularies, estimates, the sizes of images and files |
//! | [`ledger`] | cost records: encoding, queries, summaries, segments |
//! | [`budget`] | windows, reserve / settle / release / charge, alerts |
//! | [`guard`] | detectors, redaction, the streaming scanner |
//! | [`provider`] | wire formats and server-sent events |
//! | [`call`] | the guarded call as a state machine |
#![warn(missing_docs)]

#[doc(inline)]
pub use tollgate_base::{collections, error, json};
#[doc(inline)]
pub use tollgate_guard as guard;
#[doc(inline)]
pub use tollgate_tokens as tokens;

pub(crate) use tollgate_base::object;

pub mod budget;
pub mod call;
pub mod catalog;
pub mod id;
pub mod ledger;
pub mod money;
pub mod price;
pub mod provider;
pub mod time;
pub mod usage;

#[cfg(feature = "web")]
pub mod web;

/// The version of the crate, which is the version of the npm package.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
