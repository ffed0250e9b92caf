use std::collections::VecDeque;

use crate::error::{ConformalError, check_rate, check_share};

/// Rejections that a level looks back on. Older ones would raise it by very little; without them it is
/// smaller, so the guarantee stands, and a row costs the same however long the stream is.
const REMEMBERED: usize = 1000;

/// The sum of `m^-1.6` over all m, by which [`gamma`] is divided (Riemann's zeta function at 1.6).
const ZETA: f64 = 2.285_765_665_680_129;

/// LORD++: a decision for each row of a stream at once (Ramdas, Yang, Wainwright and Jordan, "Online
/// control of the false discovery rate with decaying memory", NeurIPS 2017).
///
/// Row t is rejected where its p-value is at most the level
/// `gamma(t) W + (alpha - W) gamma(t - t_1) + alpha sum over j >= 2 of gamma(t - t_j)`, where `t_j` is the
/// row of the j-th rejection, `W = alpha / 2` and `gamma(m) = m^-1.6 / zeta(1.6)`. (The usual sequence,
/// `ln m / (m exp(sqrt(ln m)))`, spends less on the first rows and finds less with p-values that are
/// never tiny.) The false discovery rate at any time is at most `alpha` for independent p-values. Conformal p-values share their calibration rows, so that
/// this holds approximately. No p-value is below `1 / (n + 1)`: once the level is, nothing can be rejected
/// for ever after, which [`LordStep::reachable`] shows. Where discoveries may wait, [`crate::Window`]
/// finds far more.
#[derive(Debug, Clone)]
pub struct Lord {
    alpha: f64,
    smallest_p: f64,
    rows: u64,
    first: Option<u64>,
    later: VecDeque<u64>,
}

/// What LORD++ says of one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LordStep {
    /// Whether the row is called anomalous.
    pub rejected: bool,
    /// The level that its p-value was held against.
    pub level: f64,
    /// Whether any p-value could have been as small as the level: `level >= 1 / (n + 1)`.
    pub reachable: bool,
}

impl Lord {
    /// For p-values from `n` calibration scores.
    ///
    /// # Errors
    /// `alpha` outside (0, 1).
    pub fn new(alpha: f64, n: usize) -> Result<Self, ConformalError> {
        check_rate("alpha", alpha)?;
        let smallest_p = 1.0 / (n as f64 + 1.0);
        let later = VecDeque::new();
        Ok(Self {
            alpha,
            smallest_p,
            rows: 0,
            first: None,
            later,
        })
    }

    /// Decides about the next row.
    ///
    /// # Errors
    /// A p-value outside [0, 1], which is not counted as a row.
    pub fn push(&mut self, p: f64) -> Result<LordStep, ConformalError> {
        check_share("a p-value", p)?;
        self.rows += 1;
        let level = self.level();
        let rejected = p <= level;
        if rejected {
            self.remember();
        }
        let reachable = level >= self.smallest_p;
        Ok(LordStep {
            rejected,
            level,
            reachable,
        })
    }

    fn level(&self) -> f64 {
        let wealth = self.alpha / 2.0;
        let since = |row: u64| gamma(self.rows - row);
        let first = self.first.map_or(0.0, since);
        let later: f64 = self.later.iter().map(|&row| since(row)).sum();
        gamma(self.rows) * wealth + (self.alpha - wealth) * first + self.alpha * later
    }

    fn remember(&mut self) {
        if self.first.is_none() {
            self.first = Some(self.rows);
            return;
        }
        if self.later.len() == REMEMBERED {
            self.later.pop_front();
        }
        self.later.push_back(self.rows);
    }
}

fn gamma(m: u64) -> f64 {
    (m as f64).powf(-1.6) / ZETA
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_sums_to_one() {
        // What is left of the sum lies between two integrals.
        let m = 100_000;
        let sum: f64 = (1..=m).map(gamma).sum();
        let rest = |from: f64| from.powf(-0.6) / (0.6 * ZETA);
        assert!(sum + rest(m as f64) >= 1.0);
        assert!(sum + rest((m + 1) as f64) <= 1.0);
    }

    #[test]
    fn a_level_out_of_reach_is_marked() {
        let mut lord = Lord::new(0.1, 1000).unwrap();
        let first = lord.push(1.0).unwrap();
        assert!(first.reachable && !first.rejected);
        let mut last = first;
        for _ in 0..100 {
            last = lord.push(1.0).unwrap();
        }
        assert!(!last.reachable, "{last:?}");
        assert!(lord.push(f64::NAN).is_err());
        let hit = lord.push(last.level / 2.0).unwrap();
        assert!(hit.rejected);
        assert!(lord.push(1.0).unwrap().level > hit.level);
    }
}
