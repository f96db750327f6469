//! The guarded call as a state machine.
//!
//! It does nothing itself: [`Call::next`] says what to do ([`Step`]), the host does it and tells the outcome, until the
//! step is [`Step::Done`] or [`Step::Fail`]. So the order in which things happen (guard, estimate, reserve, send, meter,
//! guard again, settle, record) is one rule, tested without a host, and the same on each of them.
//!
//! ```text
//!            guard(input) -> reserve -> fetch -+-> body ---> guard(output) -+-> settle -> store -> done
//!               |              |               +-> stream -> (judge) -------+
//!               v              v               +-> error --> release -> wait -> reserve (the next try)
//!              fail           fail                             \-> fail -> (fall back) -> reserve (the next target)
//! ```
//!
//! What was reserved is always settled or released, also on the ways that end in an error, and what was paid for is
//! always recorded.

mod bound;
mod count;
#[cfg(test)]
mod judged;
mod machine;
mod options;
mod relay;
mod response;
mod vaulted;

pub use bound::{BoundOptions, Count, upper_bound};
pub use count::{CountOptions, Part, RequestCount, Tokens, count_request};
pub use machine::{Call, Counter, Expected, Growth, Guarded, Outcome, Reserved, SoFar, Step, Text, ToGuard};
pub use options::{Fallback, Options, OutputBound};
pub use relay::{End, Judge, Meter, Out, Relay, Waiting};
pub use response::{Asked, Billed, Quick, Reported, TIERS, price_response, told};
pub use vaulted::restore_arguments;
