//! The hot path: four counts at the default tier, without names and allocations.

use crate::catalog::{Row, Variant, When};
use crate::money::{Factor, Rate, Usd};
use crate::usage::Unit;

/// The cost of plain and cached tokens by one row: the same digits as [`super::price`]. `None` where a rate that is
/// needed is missing, or the sum passes 10^15 dollars.
pub fn quick_cost(row: &Row, input: u64, output: u64, cache_read: u64, cache_write: u64) -> Option<Usd> {
    let total = input.saturating_add(cache_read).saturating_add(cache_write);
    let holds = |tier: &&Variant| {
        tier.when.dimensions() == When::CONTEXT && tier.when.context.is_some_and(|edge| edge.is_reached(total, false))
    };
    let tier = row.variants().iter().find(holds);
    let own = |unit| tier.and_then(|tier| tier.rates.get(unit)).or_else(|| row.rates.get(unit));
    let mut small = 0_u64;
    let mut large = Usd::ZERO;
    let mut add = |unit, count| {
        if count == 0 {
            return Some(());
        }
        let rate = match own(unit) {
            None if unit != Unit::Output => own(Unit::Input),
            rate => rate,
        }?;
        match small_product(rate, count) {
            Some(pico) => small += pico,
            None => large = large.checked_add(rate.cost(count, 1, Factor::ONE).ok()?).ok()?,
        }
        Some(())
    };
    add(Unit::Input, input)?;
    add(Unit::Output, output)?;
    add(Unit::CacheRead, cache_read)?;
    add(Unit::CacheWrite, cache_write)?;
    let small = Usd::from_pico(i128::from(small))?;
    if large == Usd::ZERO { Some(small) } else { large.checked_add(small).ok() }
}

/// The product where four of them fit into 64 bits, which is every call there is: 128-bit arithmetic is a function call
/// for each operation in WebAssembly.
fn small_product(rate: Rate, count: u64) -> Option<u64> {
    let pico = u64::try_from(rate.pico()).ok()?;
    (rate.per() == 1 && pico < 1 << 32 && count < 1 << 30).then(|| pico * count)
}
