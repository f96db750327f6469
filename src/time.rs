//! Instants and calendar windows. The core has no clock and no time-zone data: `now` is an argument, and offsets come
//! in through [`Zone`].

use std::fmt;

use crate::error::{Code, Error, Result};
use crate::json::{number, quote};

/// Milliseconds in a second, minute, hour and day.
pub const SECOND: i64 = 1_000;
/// A minute in milliseconds.
pub const MINUTE: i64 = 60 * SECOND;
/// An hour in milliseconds.
pub const HOUR: i64 = 60 * MINUTE;
/// A day in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// The largest distance from 1970 that a JavaScript `Date` can hold.
const RANGE: i64 = 8_640_000_000_000_000;

/// An instant: UTC milliseconds since 1970. Its text is `YYYY-MM-DDTHH:mm:ss.sssZ`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// From UTC milliseconds, held to the range of a JavaScript `Date`.
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(-RANGE, RANGE))
    }

    /// From a JavaScript number: UTC milliseconds, never guessed to be seconds.
    pub fn from_number(ms: f64) -> Result<Self> {
        if ms.is_finite() && ms.abs() <= RANGE as f64 {
            Ok(Self(ms.floor() as i64))
        } else {
            Err(invalid(&number::show(ms)))
        }
    }

    /// UTC milliseconds since 1970.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// This instant moved by milliseconds.
    #[must_use]
    pub fn plus(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// Reads RFC 3339 with an offset, or `YYYY-MM-DD` (00:00 UTC). A time without an offset is refused: whose noon?
    pub fn parse(text: &str) -> Result<Self> {
        parse(text).ok_or_else(|| {
            // An instant is short; anything else may be private text in the wrong place.
            let plain = text.len() <= 40 && text.bytes().all(|b| b.is_ascii_digit() || b"-+:.TZtz ".contains(&b));
            invalid(&if plain { quote(text) } else { "another text".to_owned() })
        })
    }

    /// The UTC date as `yyyymmdd`.
    pub fn day_key(self) -> String {
        let (year, month, day) = civil_from_days(self.0.div_euclid(DAY));
        format!("{year:04}{month:02}{day:02}")
    }
}

fn invalid(found: &str) -> Error {
    Error::new(
        Code::InvalidTime,
        format!(
            "cannot read instant: expected a Date, milliseconds, RFC 3339 with an offset or YYYY-MM-DD, found {found}"
        ),
    )
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, ms) = (self.0.div_euclid(DAY), self.0.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        // Years beyond four digits take the expanded form of ECMAScript, as Date.prototype.toISOString does.
        match year {
            0..=9999 => write!(f, "{year:04}")?,
            _ => write!(f, "{}{:06}", if year < 0 { '-' } else { '+' }, year.abs())?,
        }
        let (hour, minute, second, milli) = (ms / HOUR, ms / MINUTE % 60, ms / SECOND % 60, ms % SECOND);
        write!(f, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
    }
}

fn parse(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let at = |index: usize, any: &[u8]| bytes.get(index).is_some_and(|b| any.contains(b));
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if !at(4, b"-") || !at(7, b"-") || !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return None;
    }
    let midnight = days_from_civil(year, month, day) * DAY;
    if bytes.len() == 10 {
        return Some(Instant(midnight));
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    // A leap second, which Date does not know either, becomes the second after.
    if !at(10, b"Tt ") || !at(13, b":") || !at(16, b":") || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut position = 19;
    let mut ms = 0;
    if at(position, b".") {
        let digits = bytes.get(20..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return None;
        }
        for index in 0..3 {
            ms = ms * 10 + if index < digits { number(20 + index, 21 + index)? } else { 0 };
        }
        position = 20 + digits;
    }
    let offset = if at(position, b"Zz") && bytes.len() == position + 1 {
        0
    } else if at(position, b"+-") && at(position + 3, b":") && bytes.len() == position + 6 {
        let (hours, minutes) = (number(position + 1, position + 3)?, number(position + 4, position + 6)?);
        if hours > 23 || minutes > 59 {
            return None;
        }
        (hours * HOUR + minutes * MINUTE) * if at(position, b"-") { -1 } else { 1 }
    } else {
        return None;
    };
    Some(Instant(midnight + hour * HOUR + minute * MINUTE + second * SECOND + ms - offset))
}

/// Days since 1970 of a civil date. Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The civil date (year, month, day) of days since 1970. The same source, `civil_from_days`.
pub fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

fn days_in_month(year: i64, month: i64) -> i64 {
    let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next_year, next_month, 1) - days_from_civil(year, month, 1)
}

/// A time zone: what to add to UTC to get local time.
pub trait Zone {
    /// The offset from UTC in milliseconds in force at an instant; positive east of Greenwich.
    fn offset(&self, at: Instant) -> i64;
}

/// UTC itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Utc;

impl Zone for Utc {
    fn offset(&self, _: Instant) -> i64 {
        0
    }
}

/// The instant at which a local date begins. Where a change of the clocks skips midnight it is the day's first instant;
/// where midnight comes twice, the first of the two.
pub fn start_of_day(zone: &dyn Zone, days: i64) -> Instant {
    let local = days * DAY;
    // Offsets lie within 26 hours of each other, so the offsets a day before and after cover every candidate.
    let before = zone.offset(Instant::from_ms(local - DAY));
    let after = zone.offset(Instant::from_ms(local + DAY));
    // The larger offset gives the earlier instant.
    for offset in [before.max(after), before.min(after)] {
        let candidate = Instant::from_ms(local - offset);
        if zone.offset(candidate) == offset {
            return candidate;
        }
    }
    // Midnight is skipped: the day begins at the transition, found by bisection between the two candidates.
    let (mut low, mut high) = (local - before.max(after), local - before.min(after));
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if zone.offset(Instant::from_ms(middle)) == before { low = middle } else { high = middle }
    }
    Instant::from_ms(high)
}

/// A window around `at`, cut where the offset changes inside it: windows of two offsets must not overlap, and a change by
/// half an hour would make them.
fn clip(zone: &dyn Zone, at: Instant, start: i64, end: i64) -> (Instant, Instant) {
    let offset = zone.offset(at);
    let same = |ms: i64| zone.offset(Instant::from_ms(ms)) == offset;
    let start = if same(start) { start } else { transition(start, at.ms(), same) };
    let end = if same(end - 1) { end } else { transition(end - 1, at.ms(), same) };
    (Instant::from_ms(start), Instant::from_ms(end))
}

/// The first instant of the later offset, between one `outside` and one `inside` the offset that `same` knows.
fn transition(mut outside: i64, mut inside: i64, same: impl Fn(i64) -> bool) -> i64 {
    while outside.abs_diff(inside) > 1 {
        let middle = outside + (inside - outside) / 2;
        if same(middle) { inside = middle } else { outside = middle }
    }
    outside.max(inside)
}

/// The first day of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeekStart {
    /// ISO 8601.
    #[default]
    Monday,
    /// As in North America.
    Sunday,
}

/// The length of a calendar window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// A clock hour.
    Hourly,
    /// A local calendar day.
    Daily,
    /// A local calendar week.
    Weekly,
    /// A local calendar month.
    Monthly,
    /// One window for all time.
    Total,
}

impl Period {
    /// All five, shortest first.
    pub const ALL: [Period; 5] = [Period::Hourly, Period::Daily, Period::Weekly, Period::Monthly, Period::Total];

    /// The name in the public interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Period::Hourly => "hourly",
            Period::Daily => "daily",
            Period::Weekly => "weekly",
            Period::Monthly => "monthly",
            Period::Total => "total",
        }
    }

    /// The period of that name.
    pub fn parse(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == text).ok_or_else(|| {
            Error::config(
                "cannot read period: expected one of hourly, daily, weekly, monthly, total, found another value",
            )
        })
    }

    /// The window that holds an instant: its start (inclusive) and end (exclusive). `Total` runs over all time.
    pub fn window(self, at: Instant, zone: &dyn Zone, week_start: WeekStart) -> (Instant, Instant) {
        let offset = zone.offset(at);
        let local = at.ms() + offset;
        // Where clocks go back over midnight the new day has begun by the first of the two: 00:13, then 23:13 of "yesterday".
        let begun = |day| at >= start_of_day(zone, day + 1);
        let date = local.div_euclid(DAY);
        let today = if self != Period::Hourly && begun(date) { date + 1 } else { date };
        let days = |from, to| (start_of_day(zone, from), start_of_day(zone, to));
        match self {
            Period::Hourly => {
                let start = local.div_euclid(HOUR) * HOUR - offset;
                clip(zone, at, start, start + HOUR)
            }
            Period::Daily => days(today, today + 1),
            Period::Weekly => {
                // 1970-01-01 was a Thursday: 3 days after a Monday, 4 after a Sunday.
                let into_week = (today + if week_start == WeekStart::Monday { 3 } else { 4 }).rem_euclid(7);
                days(today - into_week, today - into_week + 7)
            }
            Period::Monthly => {
                let (year, month, _) = civil_from_days(today);
                let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                days(days_from_civil(year, month, 1), days_from_civil(next.0, next.1, 1))
            }
            Period::Total => (Instant(-RANGE), Instant(RANGE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> Instant {
        Instant::parse(text).unwrap()
    }

    /// A zone that changes its offset once.
    struct Change {
        at: Instant,
        before: i64,
        after: i64,
    }

    impl Zone for Change {
        fn offset(&self, at: Instant) -> i64 {
            if at < self.at { self.before } else { self.after }
        }
    }

    #[test]
    fn reads_instants() {
        for (text, shown) in [
            ("2026-02-28", "2026-02-28T00:00:00.000Z"),
            ("2026-02-28T12:30:45Z", "2026-02-28T12:30:45.000Z"),
            ("2026-02-28T12:30:45.6789+02:00", "2026-02-28T10:30:45.678Z"),
            ("2024-02-29T00:00:00-11:30", "2024-02-29T11:30:00.000Z"),
            ("1969-12-31T23:59:59.999z", "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(at(text).to_string(), shown, "{text}");
        }
        for text in
            ["", "2026-02-29", "2026-13-01", "2026-01-01T00:00:00", "2026-01-01T24:00:00Z", "yesterday", "2026-1-1"]
        {
            assert_eq!(Instant::parse(text).unwrap_err().code(), Code::InvalidTime, "{text}");
        }
        assert!(Instant::from_number(f64::NAN).is_err());
        assert_eq!(Instant::from_ms(RANGE).to_string(), "+275760-09-13T00:00:00.000Z");
    }

    #[test]
    fn windows_in_utc() {
        let now = at("2026-11-21T06:15:30Z"); // a Saturday
        for (period, start, end) in [
            (Period::Hourly, "2026-11-21T06:00:00Z", "2026-11-21T07:00:00Z"),
            (Period::Daily, "2026-11-21", "2026-11-22"),
            (Period::Weekly, "2026-11-16", "2026-11-23"),
            (Period::Monthly, "2026-11-01", "2026-12-01"),
        ] {
            assert_eq!(period.window(now, &Utc, WeekStart::Monday), (at(start), at(end)), "{period:?}");
        }
        assert_eq!(Period::Weekly.window(now, &Utc, WeekStart::Sunday).0, at("2026-11-15"));
    }

    #[test]
    fn a_day_can_have_23_or_25_hours() {
        let spring = Change { at: at("2026-03-29T01:00:00Z"), before: HOUR, after: 2 * HOUR };
        let (start, end) = Period::Daily.window(at("2026-03-29T12:00:00Z"), &spring, WeekStart::Monday);
        assert_eq!((start, end.ms() - start.ms()), (at("2026-03-28T23:00:00Z"), 23 * HOUR));
        let autumn = Change { at: at("2026-10-25T01:00:00Z"), before: 2 * HOUR, after: HOUR };
        let (start, end) = Period::Daily.window(at("2026-10-25T12:00:00Z"), &autumn, WeekStart::Monday);
        assert_eq!((start, end.ms() - start.ms()), (at("2026-10-24T22:00:00Z"), 25 * HOUR));
    }

    #[test]
    fn a_missing_midnight_is_the_first_instant_and_a_repeated_one_the_first() {
        // Clocks go from 24:00 to 01:00, so the day begins at 01:00 local time.
        let skipped = Change { at: at("2026-04-24T22:00:00Z"), before: 2 * HOUR, after: 3 * HOUR };
        let day = days_from_civil(2026, 4, 25);
        assert_eq!(start_of_day(&skipped, day), at("2026-04-24T22:00:00Z"));
        // Clocks go from 00:30 back to 23:30: midnight comes at 22:00Z and at 23:00Z.
        let repeated = Change { at: at("2026-10-24T22:30:00Z"), before: 2 * HOUR, after: HOUR };
        let day = days_from_civil(2026, 10, 25);
        assert_eq!(start_of_day(&repeated, day), at("2026-10-24T22:00:00Z"));
    }

    #[test]
    fn hours_do_not_overlap_where_the_clock_moves_by_half_of_one() {
        // Lord Howe Island: from +10:30 to +11:00 at 02:00 local time.
        let zone = Change { at: at("2026-10-03T15:30:00Z"), before: 10 * HOUR + HOUR / 2, after: 11 * HOUR };
        let window = |text| Period::Hourly.window(at(text), &zone, WeekStart::Monday);
        assert_eq!(window("2026-10-03T15:10:00Z"), (at("2026-10-03T14:30:00Z"), at("2026-10-03T15:30:00Z")));
        assert_eq!(window("2026-10-03T15:40:00Z"), (at("2026-10-03T15:30:00Z"), at("2026-10-03T16:00:00Z")));
        let back = Change { at: at("2026-04-04T15:00:00Z"), before: 11 * HOUR, after: 10 * HOUR + HOUR / 2 };
        let window = |text| Period::Hourly.window(at(text), &back, WeekStart::Monday);
        assert_eq!(window("2026-04-04T14:59:59Z"), (at("2026-04-04T14:00:00Z"), at("2026-04-04T15:00:00Z")));
        assert_eq!(window("2026-04-04T15:10:00Z"), (at("2026-04-04T15:00:00Z"), at("2026-04-04T15:30:00Z")));
    }

    proptest! {
        #[test]
        fn windows_around_a_change_of_the_clocks_touch_and_do_not_overlap(
            minute in 0_i64..120, after in -4_i64..=4, before in -24_i64..=24, which in 0_usize..4, near in -7_200_000_i64..7_200_000,
        ) {
            let change = Instant::from_ms(1_790_000_000_000 / MINUTE * MINUTE + minute * MINUTE);
            let (before, after) = (before * HOUR / 2, before * HOUR / 2 + after * HOUR / 2);
            let zone = Change { at: change, before, after };
            let period = Period::ALL[which];
            let now = change.plus(near);
            let (start, end) = period.window(now, &zone, WeekStart::Monday);
            prop_assert!(start <= now && now < end, "{start} {now} {end}");
            prop_assert_eq!(period.window(start, &zone, WeekStart::Monday), (start, end));
            prop_assert_eq!(period.window(end.plus(-1), &zone, WeekStart::Monday), (start, end));
            prop_assert_eq!(period.window(end, &zone, WeekStart::Monday).0, end);
        }

        #[test]
        fn text_round_trips(ms in -62_135_596_800_000_i64..253_402_300_800_000) {
            let instant = Instant::from_ms(ms);
            prop_assert_eq!(at(&instant.to_string()), instant);
        }

        #[test]
        fn a_window_holds_its_instant_and_touches_the_next(
            ms in 0_i64..4_102_444_800_000, offset in -14_i64..=14, sunday: bool, which in 0_usize..4,
        ) {
            let zone = Change { at: Instant::from_ms(ms / 2), before: offset * HOUR, after: offset * HOUR + HOUR / 2 };
            let week = if sunday { WeekStart::Sunday } else { WeekStart::Monday };
            let period = Period::ALL[which];
            let now = Instant::from_ms(ms);
            let (start, end) = period.window(now, &zone, week);
            prop_assert!(start <= now && now < end);
            prop_assert_eq!(period.window(end, &zone, week).0, end);
            prop_assert_eq!(period.window(start, &zone, week), (start, end));
        }
    }
}
