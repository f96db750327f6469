//! Ordered maps and sets, and a stable sort, for a module that is downloaded.
//!
//! The standard library's are made for speed and compiled anew for every type: with some twenty kinds of map, its B-trees
//! alone were 200 kB of WebAssembly, and its sorts 50 kB. These are a sorted vector of boxes and an insertion by binary
//! search: moving a hundred thousand pointers takes some microseconds, and what arrives in order, as ids of ours and
//! instants do, is appended.

mod map;
mod set;
mod sort;
#[cfg(test)]
mod tests;

pub use map::Map;
pub use set::Set;
pub use sort::{sort_by, sort_by_key};
