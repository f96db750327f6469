//! How fast a budget is spent: told before any share of its limit is.
//!
//! The rate that *lasts* is the limit over the length of the window. Over a stretch of time, the burn rate is what was spent in it over its
//! length, in multiples of that: `(spent / stretch) / (limit / window)`. It is taken over two stretches, a 24th of the window and a 12th
//! of that (of a day: an hour, and five minutes), and told when both are at least what was asked for: the long one says that it
//! is more than a moment, the short one that it still goes on. At the rate of the long stretch what is left lasts until
//! `now + left * stretch / spent in it`. That is told where it is before the window ends, also at the rate of the short stretch, since only
//! spending that goes on comes to an end; and also at that of the long one without the moment (half a short stretch) in which most was
//! spent, since one call is no rate.
//!
//! - Of a rolling budget the window is its length up to now, and what is left grows as what was spent goes out of it: spending that this
//!   makes room for lasts for ever, and is no forecast.
//! - A `total` budget has no end. The rate that lasts is the one at which what was left when the stretch began lasts [`PREPAID`]
//!   more, and the forecast looks so far ahead.

use crate::{
    money::Usd,
    time::{DAY, HOUR, Instant},
};

/// The long stretch is so much of the window.
const LONG: i64 = 24;
/// The short one is so much of the long one.
const SHORT: i64 = 12;
/// What is spent is noted this often in a short stretch.
const NOTES: i64 = 2;
/// How long a prepaid balance is to last: a week, in which there is time to add to it.
pub const PREPAID: i64 = 7 * DAY;

/// A window, and how it stands.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// From when on it counts.
    pub start: Instant,
    /// The length of its window.
    pub length: i64,
    /// What is spent by then is told.
    pub until: Instant,
    /// Whether it has no end, so that the rate that lasts is that of what is left.
    pub is_endless: bool,
    /// What may be spent in it.
    pub limit: Usd,
    /// What is spent.
    pub spent: Usd,
    /// The same as its trail counts it: what goes out of a rolling window stays in.
    pub sum: Usd,
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
    /// Whether that is before its end, also at the rate of the short stretch, and of the long one without its dearest moment.
    pub ends: bool,
}

/// What was spent in a window, and until when. The last note of a moment stands for all of it, so that a stretch may count half a
/// short one too much, and never too little.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail(pub(super) Vec<(Instant, Usd)>);

impl Pace {
    fn long(&self) -> i64 {
        (self.length / LONG).max(1)
    }

    fn short(&self) -> i64 {
        (self.long() / SHORT).max(1)
    }

    /// Whether what is of that instant was spent before any stretch. What was reserved a while ago and is settled now, was not.
    pub(super) fn is_long_ago(&self, at: Instant) -> bool {
        at < self.now.plus(-self.long().max(HOUR))
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
            Some(last) if moment(last.0) == moment(pace.now) => *last = (pace.now.max(last.0), pace.sum),
            _ => self.0.push((pace.now, pace.sum)),
        }
        let oldest = pace.now.plus(-pace.long());
        // The last one before the stretch says what was spent when it began.
        let before = self.0.iter().take_while(|(at, _)| *at <= oldest).count();
        self.0.drain(..before.saturating_sub(1));
    }

    /// Counts what was spent before any of its notes: `after` in place of `before`.
    pub fn shift(&mut self, pace: &Pace, (before, after): (Usd, Usd)) {
        if self.0.first().is_some_and(|(at, _)| *at > pace.start) {
            self.0.insert(0, (pace.start, Usd::ZERO));
        }
        self.0.iter_mut().for_each(|(_, spent)| *spent = spent.saturating_add(after).saturating_sub(before));
    }

    /// What was spent at its last note.
    pub fn sum(&self) -> Usd {
        self.0.last().map_or(Usd::ZERO, |(_, spent)| *spent)
    }

    /// The most that was spent in a moment since an instant.
    fn dearest(&self, since: Instant) -> Usd {
        let mut before = self.at(since);
        let mut most = Usd::ZERO;
        for (_, spent) in self.0.iter().filter(|(at, _)| *at > since) {
            most = most.max(spent.saturating_sub(before));
            before = *spent;
        }
        most
    }

    /// What was spent at an instant.
    fn at(&self, at: Instant) -> Usd {
        self.0.iter().take_while(|(known, _)| *known <= at).last().map_or(Usd::ZERO, |(_, spent)| *spent)
    }
}

/// How fast a window is spent, by what was noted of it. `releases`: when what is spent goes out of it, of one that is rolling.
pub fn burn(pace: &Pace, trail: &Trail, releases: &[(Instant, Usd)]) -> Burn {
    let within = |stretch: i64| pace.sum.saturating_sub(trail.at(pace.now.plus(-stretch)));
    let left = pace.limit.saturating_sub(pace.spent);
    let times = |stretch: i64| {
        let gone = within(stretch);
        let lasts = if pace.is_endless { left.saturating_add(gone) } else { pace.limit };
        // Three digits more than are shown, so that these are right.
        let share = gone.pico().saturating_mul(1_000_000_000) / lasts.pico().max(1);
        let length = i128::from(pace.length.max(1));
        u64::try_from((share.saturating_mul(length) / i128::from(stretch)).saturating_add(500) / 1_000)
            .unwrap_or(u64::MAX)
    };
    let long = pace.long();
    let (short, gone) = (pace.short(), within(long));
    let steady = gone.saturating_sub(trail.dearest(pace.now.plus(-long)));
    let rates = [(gone, long), (within(short), short), (steady, long)];
    let ends = rates.into_iter().all(|rate| exhausts(pace, rate, releases).is_some_and(|at| at < pace.until));
    Burn { short: times(short), long: times(long), exhausts: exhausts(pace, (gone, long), releases), ends }
}

/// When nothing is left, where so much goes in a stretch.
fn exhausts(pace: &Pace, (gone, stretch): (Usd, i64), releases: &[(Instant, Usd)]) -> Option<Instant> {
    let (gone, stretch) = (gone.pico(), i128::from(stretch));
    let mut left = pace.limit.saturating_sub(pace.spent).pico();
    let mut from = pace.now;
    for (at, released) in releases {
        let lasts = left.saturating_mul(stretch).checked_div(gone)?;
        let until = i128::from(at.ms() - from.ms());
        if lasts <= until {
            break;
        }
        left = left.saturating_sub(until.saturating_mul(gone) / stretch).saturating_add(released.pico());
        from = *at;
    }
    let lasts = left.saturating_mul(stretch).checked_div(gone)?;
    let end = from.plus(i64::try_from(lasts).unwrap_or(i64::MAX));
    // By then what is spent from now on goes out of a rolling window as fast as it comes in.
    (releases.is_empty() || end <= pace.until).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::MINUTE;
    use proptest::prelude::*;

    fn usd(cents: i64) -> Usd {
        Usd::from_pico(i128::from(cents) * 10_000_000_000).unwrap()
    }

    fn pace(now: i64, spent: i64) -> Pace {
        let at = Instant::from_ms;
        Pace {
            start: at(0),
            length: DAY,
            until: at(DAY),
            is_endless: false,
            limit: usd(2_400),
            spent: usd(spent),
            sum: usd(spent),
            now: at(now),
        }
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
            let found = burn(&pace(2 * HOUR, spent), &trail, &[]);
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
        let during = burn(&pace(HOUR + 2 * MINUTE, 1_200), &trail, &[]);
        assert_eq!((during.short, during.long), (144_000_000, 12_000_000));
        let after = burn(&pace(HOUR + 30 * MINUTE, 1_200), &trail, &[]);
        assert_eq!((after.short, after.long), (0, 12_000_000));
        let later = burn(&pace(3 * HOUR, 1_200), &trail, &[]);
        assert_eq!(later, Burn { short: 0, long: 0, exhausts: None, ends: false });
        // Nothing is divided by nothing.
        let none = burn(&Pace { limit: Usd::ZERO, ..pace(HOUR + 2 * MINUTE, 1_200) }, &trail, &[]);
        assert_eq!(none.exhausts, Some(Instant::from_ms(HOUR + 2 * MINUTE)));
    }

    #[test]
    fn only_what_goes_on_and_is_more_than_a_moment_comes_to_an_end() {
        // Minutes and cents of each, of 24 dollars a day, seen at the last of them.
        for (spent, ends) in [
            ([(60, 1_200)].as_slice(), false),
            (&[(60, 1_200), (61, 1)], false),
            // Without the dearest moment twelve cents an hour are spent, or as many dollars.
            (&[(60, 12), (65, 1_200)], false),
            (&[(60, 1_100), (65, 1_200)], true),
            // At 10:20 there are 21.30 left: with 1.80 an hour not enough for the day.
            (&[(600, 90), (610, 90), (620, 90)], true),
            (&[(600, 90), (610, 90), (655, 1)], false),
        ] {
            let (mut trail, mut sum, mut last) = (Trail::default(), 0, 0);
            for (minute, cents) in spent {
                (sum, last) = (sum + cents, minute * MINUTE);
                trail.note(&pace(last, sum), Usd::ZERO);
            }
            assert_eq!(burn(&pace(last, sum), &trail, &[]).ends, ends, "{spent:?}");
        }
    }

    #[test]
    fn a_prepaid_balance_lasts_a_week_or_is_forecast() {
        // Of 24 dollars 2 a day: 12 days more. Of what was left when the hours began a week's share is 7 % more than is spent.
        let at = |cents: i64| Pace {
            length: PREPAID,
            until: Instant::from_ms(DAY + PREPAID),
            is_endless: true,
            ..pace(DAY, cents)
        };
        for (before, spent, long, exhausts) in [
            (0, 0, 0, None),
            (400, 400, 0, None),
            (400, 500, 1_200_000, Some(19 * 7 * HOUR)),
            (1_000, 2_400, 24_000_000, Some(0)),
        ] {
            let mut trail = Trail::default();
            trail.note(&Pace { now: Instant::from_ms(DAY - 7 * HOUR), ..at(before) }, usd(before));
            trail.note(&at(spent), usd(before));
            let found = burn(&at(spent), &trail, &[]);
            assert_eq!((found.long, found.exhausts), (long, exhausts.map(|ms| Instant::from_ms(DAY + ms))), "{spent}");
        }
    }

    #[test]
    fn what_goes_out_of_a_rolling_window_makes_room() {
        let now = Instant::from_ms(DAY);
        // A dollar in the last hour, 20 of 24 spent.
        let pace = Pace { start: Instant::from_ms(0), until: now.plus(DAY), sum: usd(100), ..pace(DAY, 2_000) };
        let mut trail = Trail::default();
        trail.note(&pace, Usd::ZERO);
        let exhausts = |releases: &[(i64, i64)]| {
            let releases: Vec<_> =
                releases.iter().map(|(hours, cents)| (now.plus(hours * HOUR), usd(*cents))).collect();
            burn(&pace, &trail, &releases).exhausts.map(|at| (at.ms() - DAY) / HOUR)
        };
        for (releases, hours) in [
            // Four dollars last four hours, whatever goes out later.
            (vec![(5, 2_000)], Some(4)),
            (vec![(3, 200), (9, 1_800)], Some(6)),
            (vec![(4, 2_000)], Some(4)),
            // All of it goes out in time: a dollar an hour is what lasts.
            (vec![(1, 500), (5, 1_500)], Some(24)),
            (vec![(1, 600), (5, 1_600)], None),
        ] {
            assert_eq!(exhausts(&releases), hours, "{releases:?}");
        }
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
                    let found = burn(&pace(now, spent), &trail, &[]);
                    let times = if shown { found.short } else { found.long };
                    let micro = |cents: i64| (i128::from(cents) * 1_000_000 * 24 / 2_400 * i128::from(HOUR) / i128::from(stretch)) as u64;
                    let (least, most) = (spent - before(now - stretch), spent - before(now - stretch - 150_000));
                    prop_assert!(times >= micro(least).saturating_sub(300) && times <= micro(most) + 300, "{times} of {least} to {most} in {stretch}");
                }
            }
        }
    }
}
