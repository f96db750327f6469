//! The hot path: four counts at the default service tier and region, as numbers that a host multiplies by itself.
//!
//! Calling into the module costs more than four products. A row that bills every call alike is therefore handed out once, as
//! whole pico-dollars in doubles, and the host multiplies: whole numbers in doubles are exact up to 2^53, and what is more, or
//! has no rate, comes back here ([`QuickSheet::pico`] says how).

use crate::catalog::{Edge, Model, Row};
use crate::money::Factor;
use crate::time::Instant;
use crate::usage::{MAX_COUNT, Unit};

use super::sheet::{Circumstances, Sheet};

/// The units of the counts.
const UNITS: [Unit; 4] = [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite];

/// No rate: one that no count can have without passing 2^53.
const MISSING: f64 = 2.0 * MAX_COUNT as f64;

/// A row's prices of the four counts, laid out flat. Only for rows that every call is billed by alike: hours, factors on a
/// context, and rates for many units go the long way.
///
/// The numbers: from when on it holds and until when, in milliseconds; how many tiers there are; of each tier, the highest
/// first, the least input and the four rates in pico-dollars; edges that the sources differ on. The last tier's least input is 0.
#[derive(Clone, Debug, PartialEq)]
pub struct QuickSheet(Vec<f64>);

impl QuickSheet {
    /// The prices of a model at an instant.
    pub fn of(model: &Model, at: Instant) -> Option<Self> {
        let row = model.row_at(at)?;
        let begins = |row: &Row| row.from.map_or(f64::NEG_INFINITY, |from| from.ms() as f64);
        let next = model.rows.iter().map(begins).find(|next| *next > at.ms() as f64);
        let mut numbers = vec![begins(row), next.unwrap_or(f64::INFINITY), 1.0];
        let mut disputed = Vec::new();
        // The variants come by falling threshold where they name nothing but the context.
        for variant in row.plain_variants() {
            let edge = variant.when.context.filter(|_| variant.when.schedule.is_none())?;
            if edge.edge == Edge::Disputed {
                disputed.push(edge.tokens as f64);
            }
            // A cost takes the low side of a disputed edge.
            let least = if edge.edge == Edge::From { edge.tokens } else { edge.tokens.checked_add(1)? };
            Self::add(&mut numbers, row, least, at)?;
            if let Some(count) = numbers.get_mut(2) {
                *count += 1.0;
            }
        }
        Self::add(&mut numbers, row, 0, at)?;
        numbers.append(&mut disputed);
        Some(Self(numbers))
    }

    fn add(numbers: &mut Vec<f64>, row: &Row, input_tokens: u64, at: Instant) -> Option<()> {
        let mut sheet = Sheet::default();
        sheet.lay(1, row, &Circumstances { input_tokens, dispute: false, service: None, region: None, at });
        numbers.push(input_tokens as f64);
        for unit in UNITS {
            numbers.push(match sheet.rate(unit) {
                None => MISSING,
                Some(found) if found.factor == Factor::ONE && found.rate.per() == 1 => {
                    u64::try_from(found.rate.pico()).ok().filter(|pico| *pico <= MAX_COUNT)? as f64
                }
                Some(_) => return None,
            });
        }
        Some(())
    }

    /// The numbers, for a host.
    pub fn numbers(&self) -> &[f64] {
        &self.0
    }

    /// The cost of input, output, cache read and cache write tokens in pico-dollars: the same digits as [`super::price`].
    /// `None` where a rate is missing, and beyond 2^53.
    ///
    /// This is what a host does, number for number; whole counts are its business, too.
    pub fn pico(&self, counts: [f64; 4]) -> Option<f64> {
        let [input, _, read, write] = counts;
        let total = input + read + write;
        let tier = self.0.get(3..)?.chunks(5).find(|tier| tier.first().is_some_and(|least| *least <= total))?;
        let sum: f64 = tier.iter().skip(1).zip(counts).map(|(rate, count)| rate * count).sum();
        (sum <= MAX_COUNT as f64).then_some(sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Book, Handle, Schedule, Variant, When};

    /// A book of one model, of these rows.
    fn book(rows: &str) -> Book {
        let text = format!(
            r#"{{"tollgate":1,"sources":[{{"id":"a","retrievedAt":"2026-11-21"}}],"models":[{{"provider":"p","id":"m","rows":[{rows}]}}]}}"#
        );
        Book::from_json(&text).unwrap()
    }

    #[test]
    fn hours_and_factors_are_not_flat_and_other_services_and_regions_do_not_matter() {
        let book = book(
            r#"{"source":"a","rates":{"input":"3","output":"7","cacheRead":"1"},"tiers":[{"above":100,"rates":{"input":"5"}}]}"#,
        );
        let at = Instant::parse("2026-11-21").unwrap();
        let flat = |when: When, factor: &str| {
            let mut model = book.model(Handle(0)).unwrap().clone();
            let variant = Variant { when, factor: Factor::parse(factor).unwrap(), ..Variant::default() };
            model.rows.first_mut().unwrap().add(variant);
            QuickSheet::of(&model, at).and_then(|sheet| sheet.pico([101.0, 1.0, 0.0, 0.0]))
        };
        let hours = Schedule::parse("6", "22:00", "02:00", "").ok();
        let context = Some(crate::catalog::Threshold { tokens: 50, edge: Edge::From });
        assert_eq!(flat(When { schedule: hours, ..When::default() }, "1"), None);
        assert_eq!(flat(When { context, ..When::default() }, "2"), None);
        let plain = Some(101.0 * 5_000_000.0 + 7_000_000.0);
        assert_eq!(flat(When { service: Some("flex".into()), ..When::default() }, "2"), plain);
        assert_eq!(flat(When { region: Some("eu".into()), schedule: hours, ..When::default() }, "2"), plain);
    }

    #[test]
    fn a_row_that_differs_by_the_call_is_not_flat() {
        for (rows, flat) in [
            (
                r#""rates":{"input":"3","output":"7","cacheRead":"1"},"tiers":[{"above":100,"edge":"disputed","rates":{"input":"5"}},{"above":300,"edge":"from","rates":{"input":"6","output":"9"}}]"#,
                true,
            ),
            (r#""rates":{"input":"3","output":"7/2"}"#, false),
            (r#""rates":{"input":"5000"}"#, true),
            (r#""rates":{"input":"10000000000"}"#, false),
            (r#""rates":{"output":"7"}"#, true),
        ] {
            let book = book(&format!(r#"{{"source":"a",{rows}}}"#));
            let at = Instant::parse("2026-11-21").unwrap();
            let sheet = QuickSheet::of(book.model(Handle(0)).unwrap(), at);
            assert_eq!(sheet.is_some(), flat, "{rows}");
        }
    }

    #[test]
    fn it_holds_as_long_as_its_row() {
        let book = book(
            r#"{"source":"a","rates":{"input":"1"}},{"source":"a","from":"2026-01-01","rates":{"input":"2"}},{"source":"a","from":"2027-01-01","rates":{"input":"3"}}"#,
        );
        let model = book.model(Handle(0)).unwrap();
        for (at, from, until) in [
            ("2025-12-31", None, Some("2026-01-01")),
            ("2026-01-01", Some("2026-01-01"), Some("2027-01-01")),
            ("2027-01-01", Some("2027-01-01"), None),
        ] {
            let sheet = QuickSheet::of(model, Instant::parse(at).unwrap()).unwrap();
            let ms = |day: &str| Instant::parse(day).unwrap().ms() as f64;
            let bounds = |day: Option<&str>, none: f64| day.map_or(none, ms);
            let held = (bounds(from, f64::NEG_INFINITY), bounds(until, f64::INFINITY));
            assert_eq!((sheet.numbers()[0], sheet.numbers()[1]), held, "{at}");
        }
    }
}
