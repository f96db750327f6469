//! The hot path: four counts at the default tier, without names and allocations.

use crate::catalog::{Rates, Row};
use crate::money::{Factor, Usd};
use crate::usage::Unit;

/// The cost of plain and cached tokens by one row: the same digits as [`super::price`]. `None` where a rate that is
/// needed is missing, or the sum passes 10^15 dollars.
pub fn quick_cost(row: &Row, input: u64, output: u64, cache_read: u64, cache_write: u64) -> Option<Usd> {
    let no_tier = Rates::default();
    let total = input.saturating_add(cache_read).saturating_add(cache_write);
    let tier = if row.tiers.is_empty() { None } else { row.tier_at(total).0 };
    let tier = tier.map_or(&no_tier, |tier| &tier.rates);
    let own = |unit| tier.get(unit).or_else(|| row.rates.get(unit));
    let mut sum = Usd::ZERO;
    for (unit, count) in
        [(Unit::Input, input), (Unit::CacheRead, cache_read), (Unit::CacheWrite, cache_write), (Unit::Output, output)]
    {
        if count > 0 {
            let rate = match own(unit) {
                None if unit != Unit::Output => own(Unit::Input),
                rate => rate,
            };
            sum = sum.checked_add(rate?.cost(count, 1, Factor::ONE).ok()?).ok()?;
        }
    }
    Some(sum)
}
