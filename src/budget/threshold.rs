//! A share of a limit, and when it is reached.

use crate::{
    error::{Error, Result},
    json::Raw,
    money::Usd,
};

/// A percentage of a limit, in millionths of a percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Threshold(pub(super) u64);

impl Threshold {
    /// In the place of a percentage: the soft limit.
    pub const SOFT: Threshold = Threshold(0);

    /// In the place of a percentage: that it is spent too fast.
    pub const BURN: Threshold = Threshold(u64::MAX);
    /// In the place of a percentage: that it will be spent before its window ends.
    pub const FORECAST: Threshold = Threshold(u64::MAX - 1);

    /// 50, 75, 90 and 100 percent.
    pub const DEFAULT: [Threshold; 4] =
        [Threshold(50_000_000), Threshold(75_000_000), Threshold(90_000_000), Threshold(100_000_000)];

    /// Above 0, at most 10,000 percent, with at most 6 decimals.
    pub fn from_percent(percent: f64) -> Result<Self> {
        let micro = (percent * 1e6).round();
        // Six decimals of a number up to 10,000 are exact in a double when it is the nearest to that decimal.
        if percent > 0.0 && percent <= 10_000.0 && micro >= 1.0 && micro / 1e6 == percent {
            Ok(Self(micro as u64))
        } else {
            Err(Error::config(
                "cannot read alertThresholds: expected percentages above 0, at most 10000, with at most 6 decimals, found another value",
            ))
        }
    }

    pub(super) fn read(value: Raw<'_>) -> Result<Self> {
        Self::from_percent(value.number().unwrap_or(f64::NAN))
    }

    /// In millionths.
    pub const fn micro(self) -> u64 {
        self.0
    }

    /// The percentage.
    pub fn percent(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whether an amount is at least this share of a limit. Exact. A limit of 0 is reached by any amount but none.
    pub fn reached_by(self, amount: Usd, limit: Usd) -> bool {
        amount.reaches(self.0, limit) && (limit > Usd::ZERO || amount > Usd::ZERO)
    }
}
