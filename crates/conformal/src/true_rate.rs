use statrs::function::gamma::ln_gamma;

use crate::error::ConformalError;

/// The distribution of the true false-positive rate of a threshold at the k-th largest of n
/// calibration scores, over the draw of the calibration rows: `Beta(k, n + 1 - k)` for scores without
/// ties. With ties the rate is at most that, in distribution.
///
/// `P(Beta(k, n + 1 - k) <= x) = P(Binomial(n, x) >= k)`, which is summed term by term: continued
/// fractions of the incomplete beta function want thousands of steps where n is a million.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrueRate {
    k: usize,
    n: usize,
}

impl TrueRate {
    /// Of a threshold at the k-th largest of n scores.
    ///
    /// # Errors
    /// `k` below 1 or above `n`; `n` of 2^32 or more.
    pub fn new(k: usize, n: usize) -> Result<Self, ConformalError> {
        if k == 0 || k > n || n > u32::MAX as usize {
            let (name, value) = ("the rank of the threshold", k as f64);
            let expected = "1 to the number of calibration scores, fewer than 2^32";
            return Err(ConformalError::OutOfRange {
                name,
                value,
                expected,
            });
        }
        Ok(Self { k, n })
    }

    /// Where k and n are known to fit.
    pub(crate) fn at(k: usize, n: usize) -> Self {
        Self { k, n }
    }

    /// `k / (n + 1)`.
    pub fn mean(self) -> f64 {
        self.k as f64 / (self.n + 1) as f64
    }

    /// `P(rate <= x)`; 0 for a NaN.
    pub fn cdf(self, x: f64) -> f64 {
        if x.is_nan() || x <= 0.0 {
            return 0.0;
        }
        if x >= 1.0 {
            return 1.0;
        }
        let (n, k) = (self.n as f64, self.k as f64);
        let odds = x / (1.0 - x);
        // The tail that does not hold the mean, from its largest term outwards.
        if k > n * x {
            let mut term = self.binomial(k, x);
            let (mut sum, mut j) = (0.0, k);
            while term > sum * 1e-17 {
                sum += term;
                term *= (n - j) / (j + 1.0) * odds;
                j += 1.0;
            }
            sum.min(1.0)
        } else {
            let mut term = self.binomial(k - 1.0, x);
            let (mut sum, mut j) = (0.0, k - 1.0);
            while term > sum * 1e-17 {
                sum += term;
                term *= j / (n - j + 1.0) / odds;
                j -= 1.0;
            }
            (1.0 - sum).max(0.0)
        }
    }

    /// `P(Binomial(n, x) = j)`.
    fn binomial(self, j: f64, x: f64) -> f64 {
        let n = self.n as f64;
        let ways = ln_gamma(n + 1.0) - ln_gamma(j + 1.0) - ln_gamma(n - j + 1.0);
        (ways + j * x.ln() + (n - j) * (-x).ln_1p()).exp()
    }

    /// The rate that is not exceeded with probability `q`, by bisection: 0 for `q <= 0`, 1 for `q >= 1`.
    pub fn quantile(self, q: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        loop {
            let middle = 0.5 * (low + high);
            if middle <= low || middle >= high {
                return high;
            }
            if self.cdf(middle) < q {
                low = middle
            } else {
                high = middle
            }
        }
    }
}
