use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::error::{ConformalError, check_rate, check_score};
use crate::true_rate::TrueRate;

/// A threshold at the k-th largest of n calibration scores. A score **above** it is an alarm.
///
/// That is the same as `p <= k / (n + 1)` for [`Calibration::p_value`]: a score is above the k-th largest
/// one if and only if fewer than k calibration scores reach it. The rate of alarms among normal rows,
/// for ever after, is a random number that the calibration rows decide: [`TrueRate`]. Equal scores only
/// lower it, so what is said here of the rate being too large holds with ties as well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Threshold {
    value: f64,
    k: usize,
    n: usize,
    tied: usize,
    basis: Basis,
}

/// What a threshold promises.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Basis {
    /// The true rate exceeds `target` with probability at most `1 - confidence`, over the draw of the
    /// calibration rows.
    Certified {
        /// The false-positive rate that is not to be exceeded.
        target: f64,
        /// How sure that is.
        confidence: f64,
    },
    /// The rate is at most `target` on average over the draws of the calibration rows. One draw may lie
    /// well above it.
    Marginal {
        /// The false-positive rate on average.
        target: f64,
    },
}

impl Threshold {
    /// The lowest threshold whose true false-positive rate exceeds `target` with probability at most
    /// `1 - confidence`: the largest k with `P(Beta(k, n + 1 - k) > target) <= 1 - confidence`.
    ///
    /// # Errors
    /// A rate outside (0, 1); [`ConformalError::TooFew`] where no k does, with the number of rows that
    /// would: 0.1 % at 95 % needs 2,995.
    pub fn certified(
        calibration: &Calibration,
        target: f64,
        confidence: f64,
    ) -> Result<Self, ConformalError> {
        check_rate("the target rate", target)?;
        check_rate("the confidence", confidence)?;
        let n = calibration.n();
        let holds = |k| TrueRate::at(k, n).cdf(target) >= confidence;
        if !holds(1) {
            let needed = rows_for_certainty(target, confidence);
            return Err(ConformalError::TooFew { rows: n, needed });
        }
        let (mut good, mut bad) = (1, n + 1);
        while bad - good > 1 {
            let middle = good + (bad - good) / 2;
            if holds(middle) {
                good = middle
            } else {
                bad = middle
            }
        }
        Self::at(calibration, good, Basis::Certified { target, confidence })
    }

    /// The lowest threshold whose false-positive rate is at most `target` on average:
    /// `p <= k / (n + 1) <= target`.
    ///
    /// # Errors
    /// A rate outside (0, 1); [`ConformalError::TooFew`] where `n + 1 < 1 / target`.
    pub fn marginal(calibration: &Calibration, target: f64) -> Result<Self, ConformalError> {
        check_rate("the target rate", target)?;
        let n = calibration.n();
        let allowed = |k: usize| k as f64 / (n + 1) as f64 <= target;
        // `target * (n + 1)` may be rounded to either side of a whole number.
        let mut k = (target * (n + 1) as f64) as usize + 1;
        while !allowed(k) {
            k -= 1;
        }
        if k == 0 {
            let needed = rows_for_rate(target);
            return Err(ConformalError::TooFew { rows: n, needed });
        }
        Self::at(calibration, k.min(n), Basis::Marginal { target })
    }

    fn at(calibration: &Calibration, k: usize, basis: Basis) -> Result<Self, ConformalError> {
        let value = calibration.largest(k).ok_or(ConformalError::Empty)?;
        let tied = calibration.at_least(value) - calibration.above(value);
        let n = calibration.n();
        Ok(Self {
            value,
            k,
            n,
            tied,
            basis,
        })
    }

    /// The score above which a row is an alarm.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// The rank of the threshold among the calibration scores, from 1 for the largest.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The number of calibration scores.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The number of calibration scores that equal the threshold, itself included. Where it is large, the
    /// rate may be far below the target.
    pub fn tied(&self) -> usize {
        self.tied
    }

    /// What the threshold promises.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The distribution of the true false-positive rate.
    pub fn true_rate(&self) -> TrueRate {
        TrueRate::at(self.k, self.n)
    }

    /// `k / (n + 1)`, the false-positive rate to expect (at most, with ties).
    pub fn expected_rate(&self) -> f64 {
        self.true_rate().mean()
    }

    /// The 5 % and the 95 % quantile of the true rate.
    pub fn interval(&self) -> (f64, f64) {
        let rate = self.true_rate();
        (rate.quantile(0.05), rate.quantile(0.95))
    }

    /// Alarms to expect among 1,000 normal rows.
    pub fn alarms_per_1000(&self) -> f64 {
        1000.0 * self.expected_rate()
    }

    /// Whether a score is an alarm: `score > value`.
    ///
    /// # Errors
    /// A score that is not finite.
    pub fn alarm(&self, score: f64) -> Result<bool, ConformalError> {
        Ok(check_score(0, score)? > self.value)
    }
}

/// The target rate of so many alarms per day among normal rows.
///
/// # Errors
/// A number that is not positive, and more alarms than rows.
pub fn alarms_per_day(alarms: f64, rows_per_day: f64) -> Result<f64, ConformalError> {
    for (name, value) in [("alarms per day", alarms), ("rows per day", rows_per_day)] {
        if !(value > 0.0 && value.is_finite()) {
            let expected = "a number above 0";
            return Err(ConformalError::OutOfRange {
                name,
                value,
                expected,
            });
        }
    }
    check_rate("alarms per row", alarms / rows_per_day)
}

/// The least n with `P(Beta(1, n) <= target) = 1 - (1 - target)^n >= confidence`.
fn rows_for_certainty(target: f64, confidence: f64) -> usize {
    let rows = (-confidence).ln_1p() / (-target).ln_1p();
    let holds = |n: usize| TrueRate::at(1, n).cdf(target) >= confidence;
    // The quotient may be rounded to either side of a whole number.
    let mut n = (rows as usize).saturating_sub(1).max(1);
    while !holds(n) && n < usize::MAX / 2 {
        n += 1;
    }
    n
}

/// The least n with `1 / (n + 1) <= target`.
fn rows_for_rate(target: f64) -> usize {
    let mut n = ((1.0 / target) as usize).saturating_sub(1);
    while 1.0 / (n as f64 + 1.0) > target {
        n += 1;
    }
    n
}

/// What a file holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    value: f64,
    k: usize,
    n: usize,
    tied: usize,
    basis: Basis,
}

impl From<Threshold> for Stored {
    fn from(of: Threshold) -> Self {
        let Threshold {
            value,
            k,
            n,
            tied,
            basis,
        } = of;
        Self {
            value,
            k,
            n,
            tied,
            basis,
        }
    }
}

impl TryFrom<Stored> for Threshold {
    type Error = ConformalError;

    fn try_from(of: Stored) -> Result<Self, ConformalError> {
        let Stored {
            value,
            k,
            n,
            tied,
            basis,
        } = of;
        check_score(0, value)?;
        TrueRate::new(k, n)?;
        if tied == 0 || tied > n {
            let what = format!("threshold: {tied} of {n} scores equal it");
            return Err(ConformalError::Stored { what });
        }
        match basis {
            Basis::Certified { target, confidence } => {
                check_rate("the target rate", target)?;
                check_rate("the confidence", confidence)?;
            }
            Basis::Marginal { target } => {
                check_rate("the target rate", target)?;
            }
        }
        Ok(Self {
            value,
            k,
            n,
            tied,
            basis,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ascending(n: usize) -> Calibration {
        Calibration::new((1..=n).map(|i| i as f64).collect()).unwrap()
    }

    #[test]
    fn one_in_a_thousand_at_95_percent_needs_2995_rows() {
        let error = Threshold::certified(&ascending(2994), 0.001, 0.95).unwrap_err();
        assert_eq!(
            error,
            ConformalError::TooFew {
                rows: 2994,
                needed: 2995
            }
        );
        let threshold = Threshold::certified(&ascending(2995), 0.001, 0.95).unwrap();
        assert_eq!((threshold.k(), threshold.value()), (1, 2995.0));
    }

    #[test]
    fn the_rank_is_the_largest_that_holds() {
        for (n, target, confidence) in [(500, 0.05, 0.9), (2000, 0.01, 0.95), (400, 0.4, 0.99)] {
            let k = Threshold::certified(&ascending(n), target, confidence)
                .unwrap()
                .k();
            assert!(TrueRate::at(k, n).cdf(target) >= confidence);
            assert!(TrueRate::at(k + 1, n).cdf(target) < confidence);
        }
    }

    #[test]
    fn a_marginal_threshold_is_a_bound_on_p() {
        for n in [99, 100, 150, 1000] {
            let calibration = ascending(n);
            for target in [0.01, 0.05, 0.07, 0.29, 0.5] {
                let Ok(threshold) = Threshold::marginal(&calibration, target) else {
                    assert!(((n + 1) as f64) < 1.0 / target);
                    continue;
                };
                for score in (0..=2 * n + 2).map(|i| i as f64 / 2.0) {
                    let p = calibration.p_value(score).unwrap();
                    assert_eq!(
                        threshold.alarm(score).unwrap(),
                        p <= target,
                        "{n} {target} {score}"
                    );
                }
            }
        }
    }

    #[test]
    fn rows_that_are_missing_are_named() {
        let too_few = |rows, needed| Err(ConformalError::TooFew { rows, needed });
        assert_eq!(Threshold::marginal(&ascending(98), 0.01), too_few(98, 99));
        assert_eq!(Threshold::marginal(&ascending(1), 0.3), too_few(1, 3));
        assert!(Threshold::marginal(&ascending(99), 0.01).is_ok());
        for rate in [0.0, 1.0, -0.1, f64::NAN] {
            assert!(Threshold::marginal(&ascending(9), rate).is_err(), "{rate}");
            assert!(
                Threshold::certified(&ascending(9), rate, 0.9).is_err(),
                "{rate}"
            );
            assert!(
                Threshold::certified(&ascending(9), 0.1, rate).is_err(),
                "{rate}"
            );
        }
    }

    #[test]
    fn equal_scores_at_the_threshold_are_counted() {
        let scores = [vec![1.0; 60], vec![2.0; 39], vec![3.0]].concat();
        let calibration = Calibration::new(scores).unwrap();
        let threshold = Threshold::marginal(&calibration, 0.1).unwrap();
        assert_eq!((threshold.value(), threshold.tied()), (2.0, 39));
        assert!(!threshold.alarm(2.0).unwrap());
        assert!(threshold.alarm(2.5).unwrap());
        assert!(threshold.alarm(f64::NAN).is_err());
    }

    #[test]
    fn alarms_per_day_are_a_rate() {
        assert_eq!(alarms_per_day(2.0, 1000.0).unwrap(), 0.002);
        for (alarms, rows) in [
            (0.0, 10.0),
            (10.0, 10.0),
            (1.0, 0.0),
            (f64::NAN, 1.0),
            (1.0, f64::INFINITY),
        ] {
            assert!(alarms_per_day(alarms, rows).is_err(), "{alarms} of {rows}");
        }
    }

    #[test]
    fn a_stored_threshold_is_checked() {
        let threshold = Threshold::certified(&ascending(500), 0.05, 0.9).unwrap();
        let text = serde_json::to_string(&threshold).unwrap();
        assert_eq!(serde_json::from_str::<Threshold>(&text).unwrap(), threshold);
        let wrong = [
            ("\"n\":500", "\"n\":5"),
            ("\"tied\":1", "\"tied\":0"),
            ("0.9", "1.9"),
            ("certified", "promised"),
        ];
        for (right, wrong) in wrong {
            let bad = text.replace(right, wrong);
            assert_ne!(bad, text);
            assert!(serde_json::from_str::<Threshold>(&bad).is_err(), "{bad}");
        }
    }
}
