//! The shell: the core over JavaScript hosts. Each file is one host API, or one part of the core handed out through
//! wasm-bindgen; none holds a rule.
//!
//! Exported methods take `&self` and hold no borrow, nor any lock, across an await: on Workers the future of a cancelled
//! request never resumes, so what it holds is held for ever. Counts and ids that cross are `f64`, `u32` and text, never
//! 64-bit integers; money crosses as its decimal text.

pub mod budget;
pub mod call;
mod call_wire;
pub mod clock;
pub mod error;
pub mod fetch;
pub mod guard;
pub mod ids;
pub mod judges;
pub mod kv;
pub mod ledger;
pub mod local_storage;
pub mod moderation;
pub mod options;
pub mod price;
pub mod price_update;
mod seen;
pub mod token_requests;
pub mod tokens;
pub mod usage;
pub mod value;
pub mod vault;
pub mod version;
