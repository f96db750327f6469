//! How fast a budget is spent: told before any share of its limit is.
//!
//! The rate that *lasts* is the limit over the length of the window. Over a stretch of time, the burn rate is what was spent in it over its
//! length, in multiples of that: `(spent / stretch) / (limit / window)`. It is taken over two stretches, a 24th of the window and a 12th
//! of that (of a day: an hour, and five minutes), and told when both are at least what was asked for: the long one says that it
//! is more than a moment, the short one that it still goes on. At the rate of the long stretch what is left lasts until
//! `now + left * stretch / spent in it`; that is told where it is before the window ends.

use crate::{money::Usd, time::Instant};

/// The long stretch is so much of the window.
const LONG: i64 = 24;
/// The short one is so much of the long one.
const SHORT: i64 = 12;
/// What is spent is noted this often in a short stretch.
const NOTES: i64 = 2;

/// A window, and how it stands.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Its start.
    pub start: Instant,
    /// Its end.
    pub end: Instant,
    /// What may be spent in it.
    pub limit: Usd,
    /// What is spent.
    pub spent: Usd,
    /// When.
    pub now: Instant,
}

/// How fast it is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burn {
    /// Over the short stretch, in millionths of the rate that lasts.
    pub short: u64,
    /// Over the long one.
    pub long: u64,
    /// When nothing will be left at the rate of the long one; never, where nothing was spent in it.
    pub exhausts: Option<Instant>,
}

/// What was spent in a window, and until when. The last note of a moment stands for all of it, so that a stretch may count half a
/// short one too much, and never too little.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail(pub(super) Vec<(Instant, Usd)>);

impl Pace {
    fn long(&self) -> i64 {
        ((self.end.ms() - self.start.ms()) / LONG).max(1)
    }

    fn short(&self) -> i64 {
        (self.long() / SHORT).max(1)
    }
}

impl Trail {
    /// Notes what is spent now, and forgets what is older than any stretch. `before`: what was spent until now; of the first note, when
    /// the window began.
    pub fn note(&mut self, pace: &Pace, before: Usd) {
        if self.0.is_empty() && before > Usd::ZERO {
            self.0.push((pace.start, before));
        }
        let grain = (pace.short() / NOTES).max(1);
        let moment = |at: Instant| at.ms().div_euclid(grain);
        match self.0.last_mut() {
            Some(last) if moment(last.0) == moment(pace.now) => *last = (pace.now.max(last.0), pace.spent),
            _ => self.0.push((pace.now, pace.spent)),
        }
        let oldest = pace.now.plus(-pace.long());
        // The last one before the stretch says what was spent when it began.
        let before = self.0.iter().take_while(|(at, _)| *at <= oldest).count();
        self.0.drain(..before.saturating_sub(1));
    }

    /// What was spent at an instant.
    fn at(&self, at: Instant) -> Usd {
        self.0.iter().take_while(|(known, _)| *known <= at).last().map_or(Usd::ZERO, |(_, spent)| *spent)
    }
}

/// How fast a window is spent, by what was noted of it.
pub fn burn(pace: &Pace, trail: &Trail) -> Burn {
    let within = |stretch: i64| pace.spent.saturating_sub(trail.at(pace.now.plus(-stretch)));
    let window = i128::from((pace.end.ms() - pace.start.ms()).max(1));
    let times = |stretch: i64| {
        // Three digits more than are shown, so that these are right.
        let share = within(stretch).pico().saturating_mul(1_000_000_000) / pace.limit.pico().max(1);
        u64::try_from((share.saturating_mul(window) / i128::from(stretch)).saturating_add(500) / 1_000)
            .unwrap_or(u64::MAX)
    };
    let (long, gone) = (pace.long(), within(pace.long()).pico());
    let left = pace.limit.saturating_sub(pace.spent).pico();
    let lasts = left.saturating_mul(i128::from(long)).checked_div(gone);
    let exhausts = lasts.map(|ms| pace.now.plus(i64::try_from(ms).unwrap_or(i64::MAX)));
    Burn { short: times(pace.short()), long: times(long), exhausts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY, HOUR, MINUTE};
    use proptest::prelude::*;

    fn usd(cents: i64) -> Usd {
        Usd::from_pico(i128::from(cents) * 10_000_000_000).unwrap()
    }

    fn pace(now: i64, spent: i64) -> Pace {
        let at = Instant::from_ms;
        Pace { start: at(0), end: at(DAY), limit: usd(2_400), spent: usd(spent), now: at(now) }
    }

    /// Of 24 dollars a day one an hour lasts.
    #[test]
    fn six_dollars_an_hour_last_two_hours_more() {
        for (cents, micro, exhausts) in [(120, 1_200_000, 20 * HOUR), (600, 6_000_000, 4 * HOUR), (0, 0, 0)] {
            let mut trail = Trail::default();
            let mut spent = 0;
            for minute in (0..=120).step_by(5) {
                spent = cents * minute / 60;
                trail.note(&pace(minute * MINUTE, spent), Usd::ZERO);
            }
            let found = burn(&pace(2 * HOUR, spent), &trail);
            assert_eq!((found.long, found.short), (micro, micro), "{cents}");
            let expected = (cents > 0).then(|| Instant::from_ms(exhausts));
            assert_eq!(found.exhausts, expected, "{cents}");
        }
    }

    #[test]
    fn a_burst_that_is_over_shows_in_the_long_stretch_alone() {
        let mut trail = Trail::default();
        trail.note(&pace(HOUR, 0), Usd::ZERO);
        trail.note(&pace(HOUR + MINUTE, 1_200), Usd::ZERO);
        let during = burn(&pace(HOUR + 2 * MINUTE, 1_200), &trail);
        assert_eq!((during.short, during.long), (144_000_000, 12_000_000));
        let after = burn(&pace(HOUR + 30 * MINUTE, 1_200), &trail);
        assert_eq!((after.short, after.long), (0, 12_000_000));
        let later = burn(&pace(3 * HOUR, 1_200), &trail);
        assert_eq!(later, Burn { short: 0, long: 0, exhausts: None });
        // Nothing is divided by nothing.
        let none = burn(&Pace { limit: Usd::ZERO, ..pace(HOUR + 2 * MINUTE, 1_200) }, &trail);
        assert_eq!(none.exhausts, Some(Instant::from_ms(HOUR + 2 * MINUTE)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        /// What is noted of a day takes little, and says of each stretch what all of the day would, to one note's time.
        #[test]
        fn a_trail_says_what_the_whole_history_would(
            steps in prop::collection::vec((1..20 * MINUTE, 0..200_i64), 1..150),
        ) {
            let (mut trail, mut all, mut now, mut spent) = (Trail::default(), Vec::new(), 0, 0);
            for (wait, cents) in steps {
                now = (now + wait).min(DAY - 1);
                spent += cents;
                trail.note(&pace(now, spent), Usd::ZERO);
                all.push((now, spent));
                prop_assert!(trail.0.len() <= 27, "{} notes", trail.0.len());
                for (stretch, shown) in [(HOUR, false), (5 * MINUTE, true)] {
                    let before = |at: i64| all.iter().take_while(|(known, _)| *known <= at).last().map_or(0, |(_, spent)| *spent);
                    let found = burn(&pace(now, spent), &trail);
                    let times = if shown { found.short } else { found.long };
                    let micro = |cents: i64| (i128::from(cents) * 1_000_000 * 24 / 2_400 * i128::from(HOUR) / i128::from(stretch)) as u64;
                    let (least, most) = (spent - before(now - stretch), spent - before(now - stretch - 150_000));
                    prop_assert!(times >= micro(least).saturating_sub(300) && times <= micro(most) + 300, "{times} of {least} to {most} in {stretch}");
                }
            }
        }
    }
}
