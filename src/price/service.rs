//! Which service tier a request was served by.

use super::cost::{Reason, Unpriced};
use super::sheet::{Subject, shown};

/// A service tier, as far as a price is concerned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Service<'a> {
    /// The default tier.
    Default,
    /// One that the model has rates for, by the name that its variants have for it.
    Priced(&'a str),
    /// One that the model has no rates for, and that no provider sells above the default: the default's rates are the most
    /// that it can cost.
    Cheaper,
    /// `auto`: the provider chose among the tiers, and nobody says which.
    Open,
}

/// Names of the default tier.
const DEFAULT: [&str; 5] = ["default", "standard", "standard_only", "on_demand", ""];

/// Tiers that are sold below the default tier wherever they are sold.
const CHEAPER: [&str; 2] = ["batch", "flex"];

/// Tiers that nobody gets who does not ask for them, by a parameter or an endpoint of their own.
const ASKED_FOR: [&str; 3] = ["batch", "fast", "ultrafast"];

/// Whether a name is one of the default tier's.
pub fn is_default_tier(name: &str) -> bool {
    is(name, &DEFAULT)
}

fn is(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

impl<'a> Service<'a> {
    /// The tier of a request. The one that served wins over the one that was asked for.
    ///
    /// A tier that the model has no rates for at all is priced at the default's where that can't be too little (`batch`,
    /// `flex`); any other is no rate: a wrong price is worse than none.
    pub fn of(subject: &Subject<'a>, asked: Option<&str>, served: Option<&str>) -> Result<Self, Unpriced> {
        let named = |name: &&str| !name.is_empty() && !name.eq_ignore_ascii_case("auto");
        let Some(name) = served.filter(named).or(asked) else { return Ok(Self::Default) };
        if is(name, &DEFAULT) {
            return Ok(Self::Default);
        }
        if name.eq_ignore_ascii_case("auto") {
            return Ok(Self::Open);
        }
        // Some providers call their priority tier fast; where a model has both, they are two.
        let priced = |name: &str| names(subject).find(|known| known.eq_ignore_ascii_case(name));
        let alias = || if name.eq_ignore_ascii_case("fast") { priced("priority") } else { None };
        match priced(name).or_else(alias) {
            Some(known) => Ok(Self::Priced(known)),
            None if is(name, &CHEAPER) => Ok(Self::Cheaper),
            None => Err(Unpriced::new(
                Reason::NoRate,
                format!("no rates of the service tier {} are known of the model {}", shown(name), shown(subject.model)),
            )),
        }
    }
}

/// The tiers that the model has rates for, each once.
fn names<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    let mut seen: Vec<&str> = Vec::new();
    subject.variants().filter_map(|variant| variant.when.service.as_deref()).filter(move |name| {
        let first = !seen.contains(name);
        if first {
            seen.push(name);
        }
        first
    })
}

/// The tiers that may serve a request that leaves the choice to the provider, besides the default.
pub(super) fn open<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
    names(subject).filter(|name| !is(name, &ASKED_FOR))
}
