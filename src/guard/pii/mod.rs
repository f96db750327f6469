//! Personal data: e-mail addresses, telephone numbers, payment cards, and the numbers of documents, accounts and registers.
//!
//! A detector is anchored at a character (`@`, or the first digit of a number), looks back and ahead by a bounded number
//! of bytes, and answers from those alone.

pub(super) mod card;
mod checks;
pub(super) mod crypto;
pub(super) mod email;
mod hash;
pub(super) mod id;
pub(super) mod net;
pub(super) mod number;
pub(super) mod phone;
pub(super) mod rules;
pub(super) mod ssn;

pub(super) use hash::sha_256;
