//! Detectors, redaction, the streaming scanner.
//!
//! A [`Scanner`] holds guards ([`Config`]): what to look for, what to do then, at which stages. It answers over a whole
//! text ([`Scanner::scan`]) or over one that comes in pieces ([`Stream`]), and both answer the same.
//!
//! ```
//! use tollgate::guard::{Action, Config, Scanner, Stage};
//!
//! let scanner = Scanner::new(vec![Config::pii().with_action(Action::Redact), Config::secrets()]);
//! let scan = scanner.scan("Mail ann@example.com", Stage::Output);
//! assert_eq!(scan.text, "Mail [REDACTED_EMAIL]");
//! assert!(scan.passed);
//! ```
//!
//! Laws, each under a property test: a stream's result is that of the whole text, for every way of cutting it; no byte of
//! a finding is settled before the finding is; redacting twice changes nothing, and redacted text holds no finding;
//! findings never overlap; the time is linear in the text.
//!
//! A finding never holds the value that was found.

mod action;
mod config;
mod context;
mod decoded;
mod finding;
mod injection;
mod kind;
mod pii;
mod report;
mod scanner;
mod secrets;
mod stream;
mod sweep;
mod utf16;
mod view;

pub use action::{Action, Stage};
pub use config::{Config, Detector, Form, Sensitivity, Streaming};
pub use decoded::{Decoded, Encoding};
pub use finding::Finding;
pub use kind::Kind;
pub use report::{Detection, Report, Reports, Source};
pub use scanner::{GuardScan, Scan, Scanner};
pub use stream::{Edit, Step, Stream, TextStream};
pub use utf16::to_utf16;
