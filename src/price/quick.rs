//! The hot path: four counts at the default service tier and region, without names and allocations.

use crate::catalog::{Edge, Model, Row};
use crate::money::Factor;
use crate::time::Instant;
use crate::usage::Unit;

use super::sheet::{Circumstances, Sheet};

/// The units of the counts.
const UNITS: [Unit; 4] = [Unit::Input, Unit::Output, Unit::CacheRead, Unit::CacheWrite];

/// A row's prices of the four counts, laid out flat. Only for rows that every call is billed by alike: hours, factors on a
/// context, rates for many units and rates beyond 32 bits go the long way.
#[derive(Clone, Debug)]
pub struct QuickSheet {
    /// From when on it holds, and until when, in milliseconds.
    from: f64,
    until: f64,
    /// The least input of each context tier with its rates in pico-dollars, the highest first; the last is that of no tier.
    tiers: Vec<(u64, [Option<u32>; 4])>,
    /// Edges that the sources differ on.
    disputed: Vec<u64>,
}

impl QuickSheet {
    /// The prices of a model at an instant.
    pub fn of(model: &Model, at: Instant) -> Option<Self> {
        let row = model.row_at(at)?;
        let begins = |row: &Row| row.from.map_or(f64::NEG_INFINITY, |from| from.ms() as f64);
        let next = model.rows.iter().map(begins).find(|next| *next > at.ms() as f64);
        let mut sheet = Self {
            from: begins(row),
            until: next.unwrap_or(f64::INFINITY),
            tiers: vec![(0, Self::rates(row, 0, at)?)],
            disputed: Vec::new(),
        };
        // The variants come by falling threshold where they name nothing but the context.
        for (place, variant) in row.plain_variants().enumerate() {
            let edge = variant.when.context.filter(|_| variant.when.schedule.is_none())?;
            if edge.edge == Edge::Disputed {
                sheet.disputed.push(edge.tokens);
            }
            // A cost takes the low side of a disputed edge.
            let least = if edge.edge == Edge::From { edge.tokens } else { edge.tokens.checked_add(1)? };
            sheet.tiers.insert(place, (least, Self::rates(row, least, at)?));
        }
        Some(sheet)
    }

    fn rates(row: &Row, input_tokens: u64, at: Instant) -> Option<[Option<u32>; 4]> {
        let mut sheet = Sheet::default();
        sheet.lay(1, row, &Circumstances { input_tokens, dispute: false, service: None, region: None, at });
        let mut rates = [None; 4];
        for (slot, unit) in rates.iter_mut().zip(UNITS) {
            if let Some(found) = sheet.rate(unit) {
                if found.factor != Factor::ONE || found.rate.per() != 1 {
                    return None;
                }
                *slot = Some(u32::try_from(found.rate.pico()).ok()?);
            }
        }
        Some(rates)
    }

    /// Whether it holds at an instant, in milliseconds.
    pub fn holds(&self, at: f64) -> bool {
        self.from <= at && at < self.until
    }

    /// Whether the sources differ on what so much input costs.
    pub fn is_disputed(&self, input_tokens: u64) -> bool {
        self.disputed.contains(&input_tokens)
    }

    /// The cost of input, output, cache read and cache write tokens in pico-dollars: the same digits as [`super::price`].
    /// `None` where a rate is missing, and for counts beyond 30 bits.
    pub fn pico(&self, counts: [u64; 4]) -> Option<u64> {
        let [input, output, read, write] = counts;
        if (input | output | read | write) >> 30 != 0 {
            return None;
        }
        let total = input + read + write;
        let (_, rates) = self.tiers.iter().find(|(least, _)| *least <= total)?;
        let mut sum = 0;
        for (rate, count) in rates.iter().zip(counts) {
            match rate {
                // Four products of 62 bits have a place in 64.
                Some(rate) => sum += u64::from(*rate) * count,
                None if count > 0 => return None,
                None => {}
            }
        }
        Some(sum)
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
            QuickSheet::of(&model, at).and_then(|sheet| sheet.pico([101, 1, 0, 0]))
        };
        let hours = Schedule::parse("6", "22:00", "02:00", "").ok();
        let context = Some(crate::catalog::Threshold { tokens: 50, edge: Edge::From });
        assert_eq!(flat(When { schedule: hours, ..When::default() }, "1"), None);
        assert_eq!(flat(When { context, ..When::default() }, "2"), None);
        let plain = Some(101 * 5_000_000 + 7_000_000);
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
            (r#""rates":{"input":"5000"}"#, false),
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
            assert!(sheet.holds(ms(at)));
            if let Some(from) = from {
                assert!(sheet.holds(ms(from)) && !sheet.holds(ms(from) - 1.0));
            }
            if let Some(until) = until {
                assert!(sheet.holds(ms(until) - 1.0) && !sheet.holds(ms(until)));
            }
        }
    }
}
