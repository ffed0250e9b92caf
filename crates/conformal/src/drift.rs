use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::calibration::Calibration;
use crate::error::{ConformalError, check_rate, check_score};
use crate::ranks::Ranks;

/// Exponents of the power bets. The last bets nothing.
const EXPONENTS: [f64; 8] = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95, 1.0];

/// An alarm when a stream stops being exchangeable with the calibration rows: a test martingale on
/// p-values (Vovk, Nouretdinov and Gammerman, "Testing exchangeability on-line", ICML 2003).
///
/// Each row is ranked among the calibration rows **and the stream so far**, ties broken at random, which
/// makes the p-values of an exchangeable stream independent and uniform. (Ranked among the calibration
/// rows alone they are not, and alarms would come four times too often.) A mixture of bets multiplies a
/// capital of 1: `e p^(e - 1)` on scores that rise and `e (1 - p)^(e - 1)` on scores that fall, for several
/// exponents e. After row t a share `1 / (t + 1)` of the capital is dealt out evenly again, so that a change
/// after a long calm is found as well (tracking the best expert; Herbster and Warmuth 1998). The
/// capital is a martingale from 1, so `P(it ever reaches 1 / level) <= level` (Ville).
///
/// It holds every score that it has seen: 8 bytes a row.
#[derive(Debug, Clone)]
pub struct Drift {
    seen: Ranks,
    rng: Xoshiro256PlusPlus,
    level: f64,
    rows: u64,
    /// Shares of the capital on scores that rise and on scores that fall, for each exponent; of sum 1.
    shares: [[f64; EXPONENTS.len()]; 2],
    log_capital: f64,
    alarm: bool,
}

/// What is known after a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftStep {
    /// The row's randomised p-value among the calibration rows and the stream before it.
    pub p_value: f64,
    /// The natural logarithm of the martingale.
    pub log_capital: f64,
    /// Whether the martingale has reached `1 / level`, at this row or before.
    pub alarm: bool,
}

impl Drift {
    /// At most one stream of 20 gives a false alarm, however long it is.
    pub const LEVEL: f64 = 0.05;

    /// With at most a share `level` of false alarms. `seed` breaks ties.
    ///
    /// # Errors
    /// `level` outside (0, 1).
    pub fn new(calibration: &Calibration, level: f64, seed: u64) -> Result<Self, ConformalError> {
        check_rate("the level", level)?;
        Ok(Self {
            seen: Ranks::new(calibration.scores()),
            rng: Xoshiro256PlusPlus::seed_from_u64(seed),
            level,
            rows: 0,
            shares: even(),
            log_capital: 0.0,
            alarm: false,
        })
    }

    /// Takes the score of the next row.
    ///
    /// # Errors
    /// A score that is not finite, which is not counted as a row.
    pub fn push(&mut self, score: f64) -> Result<DriftStep, ConformalError> {
        check_score(0, score)?;
        // In (0, 1), so that no bet is infinite.
        let u = self.rng.random::<f64>().max(f64::EPSILON);
        let above = self.seen.above(score);
        let tied = 1 + self.seen.at_least(score) - above;
        let p_value = (above as f64 + u * tied as f64) / (self.seen.len() + 1) as f64;
        self.seen.insert(score);
        self.bet(p_value);
        let log_capital = self.log_capital;
        Ok(DriftStep {
            p_value,
            log_capital,
            alarm: self.alarm,
        })
    }

    fn bet(&mut self, p: f64) {
        // Rounding may have made p equal to 1.
        let sides = [p, (1.0 - p).max(f64::EPSILON)];
        let mut total = 0.0;
        for (shares, side) in self.shares.iter_mut().zip(sides) {
            for (share, exponent) in shares.iter_mut().zip(EXPONENTS) {
                *share *= exponent * side.powf(exponent - 1.0);
                total += *share;
            }
        }
        self.log_capital += total.ln();
        self.alarm |= self.log_capital >= -self.level.ln();
        self.rows += 1;
        let dealt = 1.0 / (self.rows + 1) as f64;
        for (share, even) in self
            .shares
            .iter_mut()
            .flatten()
            .zip(even().into_iter().flatten())
        {
            *share = (1.0 - dealt) * *share / total + dealt * even;
        }
    }
}

/// Capital spread evenly.
fn even() -> [[f64; EXPONENTS.len()]; 2] {
    [[0.5 / EXPONENTS.len() as f64; EXPONENTS.len()]; 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capital_is_a_martingale() {
        // The mean of one step over p, by the midpoint rule, is the capital before.
        let calibration = Calibration::new(vec![1.0]).unwrap();
        let mut drift = Drift::new(&calibration, 0.05, 0).unwrap();
        for p in [0.01, 0.2, 0.9] {
            drift.bet(p);
        }
        let steps = 1_000_000;
        let mean = (0..steps).map(|i| {
            let mut next = drift.clone();
            next.bet((f64::from(i) + 0.5) / f64::from(steps));
            (next.log_capital - drift.log_capital).exp()
        });
        let mean = mean.sum::<f64>() / f64::from(steps);
        // The midpoint rule misses a part of the mass of p^-0.9 near 0, and never adds any.
        assert!(mean > 0.9 && mean < 1.0 + 1e-6, "{mean}");
    }

    #[test]
    fn bad_numbers_are_errors_and_the_same_seed_gives_the_same_steps() {
        let calibration = Calibration::new(vec![1.0, 2.0]).unwrap();
        assert!(Drift::new(&calibration, 0.0, 0).is_err());
        let mut a = Drift::new(&calibration, Drift::LEVEL, 7).unwrap();
        let mut b = a.clone();
        assert!(a.push(f64::NAN).is_err());
        for score in [1.0, 1.0, 5.0, -3.0] {
            assert_eq!(a.push(score).unwrap(), b.push(score).unwrap());
        }
    }
}
