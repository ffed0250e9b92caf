use statrs::distribution::{Continuous, ContinuousCDF};

use super::error::{StatisticsError, check_count};
use super::interval::normal;

/// Steps of the integral to each side of 0, 1/32 apart. The density beyond 9 is below 1e-18.
const STEPS: i32 = 9 * STEPS_PER_UNIT;
const STEPS_PER_UNIT: i32 = 32;

/// The chance that the range of k standard normal numbers is at most q: the studentised range with
/// infinitely many degrees of freedom.
///
/// # Formula
/// `F(q) = k ∫ φ(z) (Φ(z + q) − Φ(z))ᵏ⁻¹ dz` (Tukey 1953): z is the lowest of the k numbers. The integrand
/// is smooth and falls off as φ, so that the trapezoid rule adds nothing to the error of Φ, 1e-11.
///
/// # Errors
/// [`StatisticsError`] for k below 2, or a q that is negative or not a number.
pub fn studentized_range_cdf(q: f64, k: usize) -> Result<f64, StatisticsError> {
    check_count("methods", k, 2)?;
    if q.is_nan() || q < 0.0 {
        return Err(StatisticsError::Probability {
            name: "q",
            value: q,
            range: "from 0 up",
        });
    }
    let normal = normal();
    let terms = (-STEPS..=STEPS).map(|step| {
        let z = f64::from(step) / f64::from(STEPS_PER_UNIT);
        // On the right the difference of two numbers near 1 would cancel.
        let within = if z > 0.0 {
            normal.sf(z) - normal.sf(z + q)
        } else {
            normal.cdf(z + q) - normal.cdf(z)
        };
        normal.pdf(z) * within.powi(k as i32 - 1)
    });
    let sum: f64 = terms.sum();
    Ok((k as f64 * sum / f64::from(STEPS_PER_UNIT)).clamp(0.0, 1.0))
}

/// The range that k standard normal numbers exceed with chance `alpha`.
///
/// Divided by √2 it is `q_α` of Demšar's table 5(a).
///
/// # Errors
/// [`StatisticsError`] for k below 2 or `alpha` outside [10⁻⁶, 1), where the integral is not sharp enough.
pub fn studentized_range_quantile(alpha: f64, k: usize) -> Result<f64, StatisticsError> {
    if !(1e-6..1.0).contains(&alpha) {
        return Err(StatisticsError::Probability {
            name: "alpha",
            value: alpha,
            range: "from 1e-6 up to, but not, 1",
        });
    }
    let (mut low, mut high) = (0.0, 1.0);
    while studentized_range_cdf(high, k)? < 1.0 - alpha {
        high *= 2.0;
    }
    // 50 halvings of a range of at most 16 leave less than 1e-13.
    for _ in 0..50 {
        let middle = (low + high) / 2.0;
        if studentized_range_cdf(middle, k)? < 1.0 - alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_demsar() {
        // Demšar 2006, table 5(a): q at 0.05 and 0.10 for 2 to 10 methods.
        let q_05 = [
            1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164,
        ];
        let q_10 = [
            1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.780, 2.855, 2.920,
        ];
        for (alpha, table) in [(0.05, q_05), (0.10, q_10)] {
            for (k, printed) in (2..).zip(table) {
                let q = studentized_range_quantile(alpha, k).unwrap() / 2_f64.sqrt();
                // The paper cuts the third decimal instead of rounding it.
                assert!(
                    (q - printed).abs() < 1.1e-3,
                    "{k} methods at {alpha}: {q}, {printed}"
                );
            }
        }
    }

    #[test]
    fn two_numbers_differ_as_a_normal_one() {
        // The range of two is |x − y|, normal with variance 2.
        for q in [0.0, 0.3, 1.0, 2.5, 6.0] {
            let expected = 2.0 * normal().cdf(q / 2_f64.sqrt()) - 1.0;
            let found = studentized_range_cdf(q, 2).unwrap();
            assert!((found - expected).abs() < 1e-10, "{q}: {found}, {expected}");
        }
    }

    #[test]
    fn undefined_is_an_error() {
        assert!(studentized_range_cdf(1.0, 1).is_err());
        assert!(studentized_range_cdf(-1.0, 3).is_err());
        assert!(studentized_range_cdf(f64::NAN, 3).is_err());
        for alpha in [0.0, 1e-7, f64::NAN] {
            assert!(studentized_range_quantile(alpha, 3).is_err());
        }
        // The sharpest that is allowed comes back, also for many methods.
        for k in [2, 100] {
            let q = studentized_range_quantile(1e-6, k).unwrap();
            assert!((1.0 - studentized_range_cdf(q, k).unwrap() - 1e-6).abs() < 1e-10);
        }
        assert!(studentized_range_quantile(1.0, 3).is_err());
    }
}
