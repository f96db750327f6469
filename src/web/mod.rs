//! The shell: the core over JavaScript hosts. Each file is one host API, or one part of the core handed out through
//! wasm-bindgen; none holds a rule.
//!
//! Exported methods take `&self` and hold no borrow, nor any lock, across an await: on Workers the future of a cancelled
//! request never resumes, so what it holds is held for ever. Counts and ids that cross are `f64`, `u32` and text, never
//! 64-bit integers; money crosses as its decimal text.
//!
//! The feature `web-tokens` has tokens and errors of it only.

#[cfg(feature = "web")]
pub mod budget;
#[cfg(feature = "web")]
pub mod call;
#[cfg(feature = "web")]
pub mod clock;
pub mod error;
#[cfg(feature = "web")]
pub mod fetch;
#[cfg(feature = "web")]
pub mod guard;
#[cfg(feature = "web")]
pub mod ids;
#[cfg(feature = "web")]
pub mod kv;
#[cfg(feature = "web")]
pub mod ledger;
#[cfg(feature = "web")]
pub mod local_storage;
#[cfg(feature = "web")]
pub mod options;
#[cfg(feature = "web")]
pub mod price;
#[cfg(feature = "web")]
pub mod price_update;
#[cfg(feature = "web")]
mod seen;
#[cfg(feature = "web")]
pub mod token_requests;
pub mod tokens;
#[cfg(feature = "web")]
pub mod usage;
#[cfg(feature = "web")]
pub mod value;
#[cfg(feature = "web")]
pub mod version;
