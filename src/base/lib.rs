//! What all rules are written with: JSON texts, ordered maps that compile small, objects read key by key, the one error type.
//!
//! A crate of its own, as those of [`tollgate`](../tollgate/index.html) are whose speed counts for more than their size: the
//! profiles of the workspace's manifest say how each is compiled.
#![warn(missing_docs)]

pub mod collections;
pub mod error;
pub mod json;
pub mod object;

#[cfg(feature = "web")]
mod thrown;
