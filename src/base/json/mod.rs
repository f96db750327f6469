//! JSON: texts that were checked, read where they lie, and texts written value by value.
//!
//! The core reads and writes JSON at many places and downloads with every page, so this is one reader and one writer for all
//! types instead of code derived for each: a third of the module went away with it. It also keeps bytes, which a value
//! tree would not: what nobody asked for leaves as it came.
//!
//! | file | holds |
//! |---|---|
//! | [`raw`] | [`Raw`]: a value as its text, where it lies |
//! | `owned` | [`Json`]: a value that owns its text |
//! | `scan` | bytes read as JSON |
//! | [`reader`] | objects read while they are checked |
//! | `plain` | how much of a string is plain |
//! | [`mod@write`] | [`Writer`], [`ToJson`] |
//! | [`strict`] | texts of strangers, looked through as a whole |
//! | [`number`] | doubles: read exactly, written shortest, as JavaScript does |

pub mod number;
mod owned;
mod plain;
pub mod raw;
pub mod reader;
mod scan;
pub mod strict;
pub mod write;

pub use owned::Json;
pub use raw::{Bad, Raw};
pub use reader::Reader;
pub use write::{ToJson, Writer, quote};
