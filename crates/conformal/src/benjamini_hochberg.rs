//! Benjamini and Hochberg, "Controlling the false discovery rate", J. R. Stat. Soc. B 57 (1995).
//!
//! Conformal p-values of several rows share their calibration rows. They are positively dependent in the
//! way that the procedure allows (Bates, Candès, Lei, Romano and Sesia, "Testing for outliers with
//! conformal p-values", Ann. Stat. 51, 2023), so the false discovery rate stays at most `alpha`.

use crate::error::{ConformalError, check_rate, check_share};

/// Which of the rows are called anomalous so that, on average, at most a share `alpha` of those called
/// are normal: the rows whose adjusted p-value is at most `alpha`.
///
/// # Errors
/// A p-value outside [0, 1], `alpha` outside (0, 1).
pub fn benjamini_hochberg(p: &[f64], alpha: f64) -> Result<Vec<bool>, ConformalError> {
    check_rate("alpha", alpha)?;
    Ok(adjusted(p)?.into_iter().map(|p| p <= alpha).collect())
}

/// The adjusted p-values, `min over j >= i of m p_(j) / j` for the i-th smallest: the smallest `alpha` at
/// which each row would be called anomalous.
///
/// # Errors
/// A p-value outside [0, 1].
pub fn adjusted(p: &[f64]) -> Result<Vec<f64>, ConformalError> {
    for &p in p {
        check_share("a p-value", p)?;
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut least = 1.0_f64;
    for (before, &row) in order.iter().enumerate().rev() {
        least = least.min(scaled(p[row], p.len(), before + 1));
        adjusted[row] = least;
    }
    Ok(adjusted)
}

/// The least number of rows that can be called anomalous among `m` rows with `n` calibration scores: the
/// least k with `n + 1 >= m / (alpha k)`. None where even all rows at the smallest p-value would not be.
///
/// # Errors
/// `alpha` outside (0, 1).
pub fn can_reject(n: usize, m: usize, alpha: f64) -> Result<Option<usize>, ConformalError> {
    check_rate("alpha", alpha)?;
    let smallest = 1.0 / (n as f64 + 1.0);
    let rejects = |k: usize| scaled(smallest, m, k) <= alpha;
    // The quotient may be rounded to either side of a whole number.
    let quotient = (m as f64 * smallest / alpha) as usize;
    let first = quotient.saturating_sub(1).max(1);
    Ok((first..=first + 2)
        .find(|&k| rejects(k))
        .filter(|&k| k <= m))
}

/// `m p / k`, in one order of operations everywhere.
fn scaled(p: f64, m: usize, k: usize) -> f64 {
    p * m as f64 / k as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_rejected_is_what_is_rejected() {
        for (n, m, alpha) in [
            (99, 10, 0.1),
            (99, 30, 0.1),
            (50, 1000, 0.05),
            (8, 5, 0.1),
            (9, 5, 0.1),
            (3, 1000, 0.1),
        ] {
            let p = |k: usize| {
                let smallest = 1.0 / (n as f64 + 1.0);
                (0..m)
                    .map(|i| if i < k { smallest } else { 1.0 })
                    .collect::<Vec<_>>()
            };
            let least = (1..=m).find(|&k| benjamini_hochberg(&p(k), alpha).unwrap()[0]);
            assert_eq!(can_reject(n, m, alpha).unwrap(), least, "{n} {m} {alpha}");
        }
    }

    #[test]
    fn steps_are_counted() {
        assert_eq!(can_reject(999, 1000, 0.1).unwrap(), Some(10));
        assert_eq!(can_reject(8, 5, 0.1).unwrap(), None);
        assert_eq!(can_reject(100, 0, 0.1).unwrap(), None);
    }

    #[test]
    fn bad_numbers_are_errors() {
        assert!(benjamini_hochberg(&[0.5, f64::NAN], 0.1).is_err());
        assert!(benjamini_hochberg(&[0.5, 1.5], 0.1).is_err());
        assert!(benjamini_hochberg(&[0.5], 0.0).is_err());
        assert!(can_reject(10, 10, 1.0).is_err());
        assert_eq!(benjamini_hochberg(&[], 0.1).unwrap(), [false; 0]);
    }
}
