//! Detectors, redaction, the streaming scanner.
//!
//! A [`Scanner`] holds guards ([`Config`]): what to look for, what to do then, at which stages. It answers over a whole
//! text ([`Scanner::scan`]) or over one that comes in pieces ([`Stream`]), and both answer the same.
//!
//! ```
//! use tollgate_guard::{Action, Config, Scanner, Stage};
//!
//! let scanner = Scanner::new(vec![Config::pii().with_action(Action::Redact), Config::secrets()])?;
//! let scan = scanner.scan("Mail ann@example.com", Stage::Output);
//! assert_eq!(scan.text, "Mail [REDACTED_EMAIL]");
//! assert!(scan.passed);
//! # Ok::<(), tollgate_base::error::Error>(())
//! ```
//!
//! Laws, each under a property test: a stream's result is that of the whole text, for every way of cutting it; no byte of
//! a finding is settled before the finding is; redacting twice changes nothing, and redacted text holds no finding;
//! findings never overlap; the time is linear in the text.
//!
//! A finding never holds the value that was found.

#![warn(missing_docs)]

use tollgate_base::{collections, error, json, object};
use tollgate_tokens as tokens;

mod action;
mod allow;
mod blocks;
mod config;
mod context;
mod decoded;
mod detector;
mod finding;
mod injection;
mod keywords;
mod kind;
mod leak;
mod leave;
mod limits;
mod mark;
pub mod moderation;
mod pass;
mod pii;
mod plan;
pub mod regex;
mod replace;
mod report;
mod scanner;
pub mod schema;
mod script;
mod seams;
mod secrets;
#[cfg(not(any(test, fuzzing)))]
mod steps;
#[cfg(any(test, fuzzing))]
pub mod steps;
mod stream;
mod surrogate;
mod sweep;
pub mod tools;
mod urls;
mod utf16;
mod vault;
mod view;

pub use action::{Action, Stage};
pub use config::Config;
pub use decoded::{Decoded, Encoding};
pub use detector::{Detector, Form, Sensitivity, Streaming};
pub use finding::Finding;
pub use injection::{Ngrams, Trust, buckets};
pub use keywords::Keywords;
pub use kind::Kind;
pub use leak::Leak;
pub use limits::{Counter, Limits, TokenLimit};
pub use report::{Detection, Report, Reports, Source};
pub use scanner::{GuardScan, Scan, Scanner};
pub use script::{Script, Scripts};
pub use seams::Seam;
pub use stream::{Edit, Step, Stream, TextStream};
pub use urls::Urls;
pub use utf16::to_utf16;
pub use vault::{Cover, KEY, RestoreStream, Restored, TextRestore, Vault, Way};
