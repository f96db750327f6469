//! Prices by the day of the week and the hour.

use crate::error::{Error, Result};
use crate::time::{DAY, Instant, MINUTE};

/// Hours of some days of the week, at a fixed offset from UTC: the offset that the row names, whatever clocks a place keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The days on which it begins, a bit each: 1 for Monday, 64 for Sunday.
    pub days: u8,
    /// The first minute of the day.
    pub from: u16,
    /// The minute of the day at which it ends. At or before `from` it is one of the next day, and the same minute is a whole
    /// day.
    pub to: u16,
    /// Minutes east of UTC.
    pub offset: i16,
}

/// Minutes in a day.
const MINUTES: u16 = 24 * 60;

impl Schedule {
    /// All days.
    pub const EVERY_DAY: u8 = 127;

    /// Reads its words: `days` as in `1-5`, `6,7` or `1-3,5` (1 is Monday; empty for every day), the hours as `HH:MM`, the
    /// offset as `+HH:MM` (empty for UTC).
    pub fn parse(days: &str, from: &str, to: &str, offset: &str) -> Result<Self> {
        let refuse = |what: &str| Error::input(format!("cannot read schedule: expected {what}, found something else"));
        let hours = |text: &str| {
            let (hours, minutes) = text.split_once(':')?;
            let number = |text: &str, below: u16| {
                let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
                digits.then(|| text.parse::<u16>().ok()).flatten().filter(|number| *number < below)
            };
            // The end of a day may be called 24:00.
            if text == "24:00" { Some(0) } else { Some(number(hours, 24)? * 60 + number(minutes, 60)?) }
        };
        let read_offset = || {
            let sign = match offset.as_bytes().first() {
                None => return Some(0),
                Some(b'+') => 1,
                Some(b'-') => -1,
                Some(_) => return None,
            };
            Some(sign * hours(offset.get(1..)?)? as i16)
        };
        Ok(Self {
            days: read_days(days).ok_or_else(|| refuse("days from 1 (Monday) to 7 such as \"1-5\""))?,
            from: hours(from).ok_or_else(|| refuse("from as HH:MM"))?,
            to: hours(to).ok_or_else(|| refuse("to as HH:MM"))?,
            offset: read_offset().ok_or_else(|| refuse("offset as +HH:MM"))?,
        })
    }

    /// Whether it holds at an instant. Its first minute is in it, its last is not.
    pub fn holds(&self, at: Instant) -> bool {
        let local = at.ms() + i64::from(self.offset) * MINUTE;
        // The first of January 1970 was a Thursday.
        let day = (local.div_euclid(DAY) + 3).rem_euclid(7) as u32;
        let minute = (local.rem_euclid(DAY) / MINUTE) as u16;
        let begins = |day: u32| self.days >> (day % 7) & 1 == 1;
        if self.from < self.to {
            return begins(day) && (self.from..self.to).contains(&minute);
        }
        // It passes midnight: the evening of a day that is named, or the morning after one.
        minute >= self.from && begins(day) || minute < self.to && begins(day + 6)
    }

    /// Its words, as [`Schedule::parse`] reads them: days, from, to, offset.
    pub fn words(&self) -> [String; 4] {
        let mut days = String::new();
        let names = |day: u8| self.days >> (day - 1) & 1 == 1;
        let mut day = 1;
        while day <= 7 {
            let last = (day..=7).take_while(|day| names(*day)).last();
            if let Some(last) = last {
                let comma = if days.is_empty() { "" } else { "," };
                days.push_str(&if last > day { format!("{comma}{day}-{last}") } else { format!("{comma}{day}") });
            }
            day = last.unwrap_or(day) + 1;
        }
        let hours = |minutes: u16| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        let sign = if self.offset < 0 { '-' } else { '+' };
        [days, hours(self.from), hours(self.to), format!("{sign}{}", hours(self.offset.unsigned_abs()))]
    }

    /// How many minutes it lasts.
    pub const fn minutes(&self) -> u16 {
        if self.from < self.to { self.to - self.from } else { MINUTES - self.from + self.to }
    }
}

fn read_days(text: &str) -> Option<u8> {
    if text.is_empty() {
        return Some(Schedule::EVERY_DAY);
    }
    let mut days = 0;
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let day = |text: &str| text.parse::<u8>().ok().filter(|day| text.len() == 1 && (1..=7).contains(day));
        let (first, last) = (day(first)?, day(last)?);
        if first > last {
            return None;
        }
        for day in first..=last {
            days |= 1 << (day - 1);
        }
    }
    Some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(days: &str, from: &str, to: &str, offset: &str) -> Schedule {
        Schedule::parse(days, from, to, offset).unwrap()
    }

    #[test]
    fn it_holds_on_its_days_from_its_first_minute_to_before_its_last() {
        let work = schedule("1-5", "09:00", "17:30", "");
        let night = schedule("1-5", "16:30", "00:30", "+00:00");
        let asia = schedule("6,7", "00:00", "24:00", "+08:00");
        let always = schedule("", "00:00", "00:00", "-03:30");
        let friday_night = schedule("5", "22:00", "06:00", "");
        for (name, schedule, at, holds) in [
            ("a Monday at the first minute", work, "2026-11-16T09:00:00Z", true),
            ("the millisecond before", work, "2026-11-16T08:59:59.999Z", false),
            ("the last millisecond", work, "2026-11-16T17:29:59.999Z", true),
            ("the end", work, "2026-11-16T17:30:00Z", false),
            ("a Saturday", work, "2026-11-21T12:00:00Z", false),
            ("a Friday's evening", night, "2026-11-20T23:00:00Z", true),
            ("the morning after a Friday", night, "2026-11-21T00:29:59Z", true),
            ("its end", night, "2026-11-21T00:30:00Z", false),
            ("a Saturday's evening", night, "2026-11-21T23:00:00Z", false),
            ("the morning after a Sunday", night, "2026-11-16T00:10:00Z", false),
            ("Saturday in Asia, Friday in UTC", asia, "2026-11-20T16:00:00Z", true),
            ("Friday in Asia", asia, "2026-11-20T15:59:59Z", false),
            ("Sunday in Asia to the end", asia, "2026-11-22T15:59:59Z", true),
            ("Monday in Asia, Sunday in UTC", asia, "2026-11-22T16:00:00Z", false),
            ("always", always, "2026-11-18T03:17:00Z", true),
            ("before 1970", friday_night, "1969-12-26T23:00:00Z", true),
            ("a Friday's morning", friday_night, "2026-11-20T05:00:00Z", false),
            ("the morning after", friday_night, "2026-11-21T05:00:00Z", true),
        ] {
            assert_eq!(schedule.holds(Instant::parse(at).unwrap()), holds, "{name}");
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for (days, from, to, offset, expected) in [
            ("0", "00:00", "01:00", "", "days from 1 (Monday) to 7 such as \"1-5\""),
            ("5-1", "00:00", "01:00", "", "days from 1 (Monday) to 7 such as \"1-5\""),
            ("1,", "00:00", "01:00", "", "days from 1 (Monday) to 7 such as \"1-5\""),
            ("8", "00:00", "01:00", "", "days from 1 (Monday) to 7 such as \"1-5\""),
            ("1", "0:00", "01:00", "", "from as HH:MM"),
            ("1", "25:00", "01:00", "", "from as HH:MM"),
            ("1", "00:00", "01:60", "", "to as HH:MM"),
            ("1", "00:00", "+1:00", "", "to as HH:MM"),
            ("1", "00:00", "01:00", "08:00", "offset as +HH:MM"),
            ("1", "00:00", "01:00", "Z", "offset as +HH:MM"),
        ] {
            let error = Schedule::parse(days, from, to, offset).unwrap_err();
            assert_eq!(error.message(), format!("cannot read schedule: expected {expected}, found something else"));
        }
    }

    #[test]
    fn a_week_has_its_minutes() {
        for schedule in [
            schedule("1-5", "16:30", "00:30", "+05:30"),
            schedule("", "00:00", "00:00", ""),
            schedule("2,4", "08:00", "12:15", "-11:00"),
        ] {
            let begin = Instant::parse("2026-11-16").unwrap();
            let held = (0..7 * 24 * 60).filter(|minute| schedule.holds(begin.plus(minute * MINUTE))).count() as u32;
            assert_eq!(held, u32::from(schedule.minutes()) * schedule.days.count_ones());
        }
    }
}
