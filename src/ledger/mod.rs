//! Cost records: what they are, how they are written down, and what they add up to.
//!
//! | file | holds |
//! |---|---|
//! | [`record`] | [`Record`], version 1: what is stored and what is derived |
//! | [`scope`] | whose money it is |
//! | [`memory`] | the store in memory, which every other storage must agree with |
//! | [`summary`] | totals of many records |
//! | [`keys`] | the keys of a namespace |
//! | [`segment`] | JSON Lines: a segment's text to lines and back |
//! | [`files`] | a namespace as read from a host: folding, and plans of what to write |
//!
//! The format is a contract: `docs/design/storage.md`, held by `tests/fixtures/storage/v1/`.

pub mod files;
pub mod keys;
pub mod memory;
pub mod record;
pub mod scope;
pub mod segment;
pub mod summary;

pub use files::{Files, Write};
pub use keys::{Key, Name, Namespace, SegmentKey};
pub use memory::Memory;
pub use record::{Breakdown, Record};
pub use scope::Scope;
pub use segment::Segment;
pub use summary::{Summary, summarize};
