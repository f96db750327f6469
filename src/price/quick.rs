//! The hot path: four counts at the default tier, without names and allocations.

use crate::catalog::{Row, Variant};
use crate::money::{Factor, Rate, Usd};
use crate::time::Instant;
use crate::usage::Unit;

use super::sheet::{Circumstances, Sheet};

/// The cost of plain and cached tokens by one row, at the default service tier and region: the same digits as
/// [`super::price`]. `None` where a rate that is needed is missing, or the sum passes 10^15 dollars.
pub fn quick_cost(row: &Row, at: Instant, input: u64, output: u64, cache_read: u64, cache_write: u64) -> Option<Usd> {
    let total = input.saturating_add(cache_read).saturating_add(cache_write);
    let holds = |variant: &&Variant| {
        variant.when.context.is_none_or(|edge| edge.is_reached(total, false))
            && variant.when.schedule.is_none_or(|hours| hours.holds(at))
    };
    let variants = row.plain_variants().filter(holds);
    if variants.clone().any(|variant| variant.factor != Factor::ONE) {
        return by_sheet(row, at, [input, output, cache_read, cache_write], total);
    }
    let own = |unit| variants.clone().find_map(|variant| variant.rates.get(unit)).or_else(|| row.rates.get(unit));
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
    let [a, b, c, d] = UNITS;
    add(a, input)?;
    add(b, output)?;
    add(c, cache_read)?;
    add(d, cache_write)?;
    let small = Usd::from_pico(i128::from(small))?;
    if large == Usd::ZERO { Some(small) } else { large.checked_add(small).ok() }
}

/// The units of the counts.
const UNITS: [Unit; 4] = [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite];

/// The long way, for the few rows that multiply their rates by the hour or the context.
fn by_sheet(row: &Row, at: Instant, counts: [u64; 4], input_tokens: u64) -> Option<Usd> {
    let mut sheet = Sheet::default();
    sheet.lay(1, row, &Circumstances { input_tokens, dispute: false, service: None, region: None, at });
    UNITS.into_iter().zip(counts).filter(|(_, count)| *count > 0).try_fold(Usd::ZERO, |sum, (unit, count)| {
        let found = sheet.rate(unit)?;
        sum.checked_add(found.rate.cost(count, 1, found.factor).ok()?).ok()
    })
}

/// The product where four of them fit into 64 bits, which is every call there is: 128-bit arithmetic is a function call
/// for each operation in WebAssembly.
fn small_product(rate: Rate, count: u64) -> Option<u64> {
    let pico = u64::try_from(rate.pico()).ok()?;
    (rate.per() == 1 && pico < 1 << 32 && count < 1 << 30).then(|| pico * count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Book, Handle, MatchKind, Model, Row, Schedule, Variant, When};
    use crate::price::{Query, cost::price_subject, sheet::Subject};
    use crate::usage::Usage;

    #[test]
    fn hours_and_factors_have_the_digits_of_the_long_way() {
        let text = r#"{"tollgate":1,"sources":[{"id":"a","retrievedAt":"2026-11-21"}],
            "models":[{"provider":"p","id":"m","rows":[{"source":"a","rates":{"input":"3","output":"7","cacheRead":"1"},
            "tiers":[{"above":100,"rates":{"input":"5"}}]}]}]}"#;
        let book = Book::from_json(text).unwrap();
        let mut model: Model = book.model(Handle(0)).unwrap().clone();
        let row = model.rows.first_mut().unwrap();
        let night = Schedule::parse("6", "22:00", "02:00", "").unwrap();
        let hours = |factor: &str, context| Variant {
            when: When { schedule: Some(night), context, ..When::default() },
            factor: Factor::parse(factor).unwrap(),
            ..Variant::default()
        };
        row.add(hours("0.3", None));
        let edge = row.tiers().next();
        row.add(hours("0.7", edge));
        row.add(Variant {
            when: When { service: Some("flex".into()), ..When::default() },
            factor: Factor::parse("9").unwrap(),
            ..Variant::default()
        });
        let row: &Row = model.rows.first().unwrap();
        for at in ["2026-11-21T21:59:59Z", "2026-11-21T23:00:00Z", "2026-11-22T01:00:00Z", "2026-11-22T02:00:00Z"] {
            let at = Instant::parse(at).unwrap();
            for input in [0, 1, 60, 100, 101, 1 << 53] {
                let used = Usage::tokens(input, 33).with(Unit::CacheRead, 40).with(Unit::CacheWrite, 1);
                let subject = Subject::of(&model, MatchKind::Exact, at).unwrap();
                let long = price_subject(&subject, &Query::new("m", None, &used, at)).unwrap();
                assert_eq!(quick_cost(row, at, input, 33, 40, 1), Some(long.usd), "{at} {input}");
            }
        }
    }
}
