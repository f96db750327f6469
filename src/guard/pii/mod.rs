//! Personal data: e-mail addresses, telephone numbers, social security numbers, payment cards.
//!
//! A detector is anchored at a character (`@`, or the first digit of a number), looks back and ahead by a bounded number
//! of bytes, and answers from those alone.

pub(super) mod card;
pub(super) mod email;
pub(super) mod number;
pub(super) mod phone;
pub(super) mod ssn;
