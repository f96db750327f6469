//! Cost records: what they are, how they are written down, and what they add up to.
//!
//! | file | holds |
//! |---|---|
//! | [`record`] | [`Record`], version 1: what is stored and what is derived |
//! | [`scope`] | whose money it is |
//! | [`memory`] | the store in memory, which every other storage must agree with |
//! | [`summary`] | totals of many records, and of parts of them that were counted before |
//! | [`spread`] | percentiles, exact |
//! | [`filter`] | which records are meant |
//! | [`ask`] | questions: what to read for one, and its answer from what was read |
//! | [`keys`] | the keys of a namespace |
//! | [`segment`] | JSON Lines: a segment's text to lines and back |
//! | [`files`] | a namespace as read from a host: folding, and plans of what to write |
//!
//! The format is a contract: `docs/design/storage.md`, held by `tests/fixtures/storage/v1/`.

pub mod ask;
pub mod files;
pub mod filter;
pub mod keys;
pub mod memory;
mod packed;
pub mod record;
pub mod scope;
pub mod segment;
pub mod spread;
pub mod summary;
mod table;

pub use ask::{Ask, Fold};
pub use files::{Files, Write};
pub use filter::Filter;
pub use keys::{Key, Name, Namespace, SegmentKey};
pub use memory::{Bounds, Memory};
pub use record::{Breakdown, Record};
pub use scope::Scope;
pub use segment::Segment;
pub use summary::{Summary, summarize};
