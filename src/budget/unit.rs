//! What a budget counts in.
//!
//! An amount of any unit has the form of money, a [`Usd`]: a token or a request is a whole dollar of it. So every unit is held,
//! added up and compared by the same exact arithmetic, and only what is read and shown differs.

use crate::{
    error::{Code, Error, Result},
    json::{Raw, Writer},
    money::Usd,
    object::Object,
};

/// What a budget counts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Money.
    #[default]
    Usd,
    /// Tokens of every kind, in and out.
    Tokens,
    /// Calls that were answered, or may have been billed.
    Requests,
    /// One of a later release: nobody here can count in it.
    Unknown,
}

impl Unit {
    /// Those that a caller may ask for.
    pub const ALL: [Unit; 3] = [Unit::Usd, Unit::Tokens, Unit::Requests];

    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Unit::Usd => "usd",
            Unit::Tokens => "tokens",
            Unit::Requests => "requests",
            Unit::Unknown => "unknown",
        }
    }

    /// The unit of that name; [`Unit::Unknown`] for any other.
    pub fn of(name: &str) -> Self {
        Self::ALL.into_iter().find(|unit| unit.as_str() == name).unwrap_or(Unit::Unknown)
    }

    /// As people write it behind a number.
    pub const fn label(self) -> &'static str {
        match self {
            Unit::Usd => "USD",
            other => other.as_str(),
        }
    }

    /// An amount as people write it: `$1.50`, `1000 tokens`.
    pub fn show(self, amount: Usd) -> String {
        if self == Unit::Usd { format!("${amount}") } else { format!("{amount} {}", self.as_str()) }
    }

    /// Reads an amount: a decimal of money, a whole number of anything else.
    pub fn read(self, value: Raw<'_>) -> Result<Usd> {
        let text = value.text();
        // A JSON number is its own shortest decimal.
        let amount = match (&text, value.number()) {
            (Some(text), _) => Usd::parse(text)?,
            (None, Some(_)) => Usd::parse(value.get())?,
            _ => {
                return Err(Error::new(
                    Code::InvalidAmount,
                    "cannot read amount: expected a number, found another value",
                ));
            }
        };
        if matches!(self, Unit::Tokens | Unit::Requests) && amount.pico() % ONE != 0 {
            return Err(Error::new(
                Code::InvalidAmount,
                format!("cannot read amount: expected a whole number of {}, found a fraction", self.label()),
            ));
        }
        Ok(amount)
    }

    /// Writes an amount: the number, and for money the exact decimal under a name of its own; of anything else the number is
    /// exact.
    pub(super) fn write(self, to: &mut Writer, key: &str, exact_key: &str, amount: Usd) {
        to.number_of(key, amount.to_f64());
        if self == Unit::Usd {
            to.value_of(exact_key, &amount);
        }
    }

    /// Reads what [`Unit::write`] wrote.
    pub(super) fn read_of(self, object: &Object<'_>, key: &str, exact_key: &str) -> Option<Usd> {
        let key = if self == Unit::Usd { exact_key } else { key };
        self.read(object.get(key)?).ok()
    }
}

/// A whole unit, in millionths of a millionth.
const ONE: i128 = 1_000_000_000_000;

/// So many of a unit that is counted in whole numbers; held at the largest amount.
pub fn whole(count: u64) -> Usd {
    Usd::from_pico(i128::from(count) * ONE).unwrap_or(LARGEST)
}

/// How many a whole amount is; the other way round.
pub fn count(amount: Usd) -> u64 {
    u64::try_from(amount.pico() / ONE).unwrap_or(0)
}

const LARGEST: Usd = match Usd::from_pico(1_000_000_000_000_000 * ONE) {
    Some(largest) => largest,
    None => Usd::ZERO,
};

/// What a call takes of budgets, in every unit that one may count in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// Money.
    pub usd: Usd,
    /// Tokens, where they are known.
    pub tokens: Option<u64>,
    /// How many requests it is: one, but for what is held in addition for one that goes on.
    pub requests: u64,
}

impl Amounts {
    /// Money and tokens, for one request.
    pub const fn new(usd: Usd, tokens: Option<u64>) -> Self {
        Self { usd, tokens, requests: 1 }
    }

    /// In a unit; `None` where it is not known.
    pub fn of(self, unit: Unit) -> Option<Usd> {
        match unit {
            Unit::Usd => Some(self.usd),
            Unit::Tokens => self.tokens.map(whole),
            Unit::Requests => Some(whole(self.requests)),
            Unit::Unknown => None,
        }
    }

    /// As it counts: nothing, where it is not known.
    pub(super) fn counted(self, unit: Unit) -> Usd {
        self.of(unit).unwrap_or_default()
    }
}

impl From<Usd> for Amounts {
    fn from(usd: Usd) -> Self {
        Self::new(usd, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    #[test]
    fn an_amount_is_read_in_its_unit() {
        let read =
            |unit: Unit, json: &str| unit.read(Json::parse(json).unwrap().raw()).map(|amount| amount.to_string());
        assert_eq!(read(Unit::Usd, "0.25").unwrap(), "0.25");
        assert_eq!(read(Unit::Tokens, "1000000").unwrap(), "1000000");
        assert_eq!(read(Unit::Requests, "\"12\"").unwrap(), "12");
        let message = |unit, json| read(unit, json).unwrap_err().message().to_owned();
        assert_eq!(
            message(Unit::Tokens, "0.5"),
            "cannot read amount: expected a whole number of tokens, found a fraction"
        );
        assert_eq!(message(Unit::Usd, "[]"), "cannot read amount: expected a number, found another value");
    }

    #[test]
    fn a_call_is_one_request_and_its_tokens_may_not_be_known() {
        let amounts = Amounts::new(Usd::parse("0.5").unwrap(), Some(120));
        let of = |unit| amounts.of(unit).map(|amount| amount.to_string());
        assert_eq!(
            [of(Unit::Usd), of(Unit::Tokens), of(Unit::Requests), of(Unit::Unknown)],
            [Some("0.5".to_owned()), Some("120".to_owned()), Some("1".to_owned()), None]
        );
        assert_eq!(Amounts::from(Usd::ZERO).of(Unit::Tokens), None);
        assert_eq!(whole(u64::MAX).to_string(), "1000000000000000");
    }
}
