use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;
use super::error::{StatisticsError, check_count, check_finite, check_open};

/// Arithmetic mean.
///
/// # Errors
/// [`StatisticsError`] without values or where one is not finite.
pub fn mean(values: &[f64]) -> Result<f64, StatisticsError> {
    check_count("values", values.len(), 1)?;
    check_finite(values)?;
    Ok(values.iter().sum::<f64>() / values.len() as f64)
}

/// Sample standard deviation.
///
/// # Formula
/// `√(Σ (xᵢ − x̄)² / (n − 1))`.
///
/// # Errors
/// [`StatisticsError`] for fewer than two values or where one is not finite.
pub fn standard_deviation(values: &[f64]) -> Result<f64, StatisticsError> {
    check_count("values", values.len(), 2)?;
    let mean = mean(values)?;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    Ok((squares / (values.len() - 1) as f64).sqrt())
}

/// Student's interval for the mean over seeds (Student 1908): what another draw of seeds may give. It
/// says nothing about other data.
///
/// Values that are all equal, such as those of a method without a seed, give an interval without width:
/// there is then nothing that varies with the seed.
///
/// # Formula
/// `x̄ ± t · s / √n`, t the quantile `(1 + level)/2` of Student's distribution with n − 1 degrees of
/// freedom, s as in [`standard_deviation`].
///
/// # Errors
/// [`StatisticsError`] for fewer than two values, one that is not finite, or a `level` outside (0, 1).
pub fn t_interval(values: &[f64], level: f64) -> Result<Interval, StatisticsError> {
    check_open("level", level)?;
    let sd = standard_deviation(values)?;
    let estimate = mean(values)?;
    let n = values.len() as f64;
    let student = StudentsT::new(0.0, 1.0, n - 1.0).expect("n is at least 2");
    let reach = student.inverse_cdf(0.5 + level / 2.0) * sd / n.sqrt();
    Ok(Interval {
        estimate,
        low: estimate - reach,
        high: estimate + reach,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_students_distribution() {
        // Two-sided 5 % points as printed in every table: 12.706, 4.303, 2.776, 2.262.
        for (n, point) in [(2, 12.706), (3, 4.303), (5, 2.776), (10, 2.262)] {
            // Half the values one above, half one below: scaled so that s / √n = 1.
            let mut values: Vec<f64> = (0..n).map(f64::from).collect();
            let scale = f64::from(n).sqrt() / standard_deviation(&values).unwrap();
            values.iter_mut().for_each(|value| *value *= scale);
            let interval = t_interval(&values, 0.95).unwrap();
            assert!((interval.high - interval.estimate - point).abs() < 5e-4);
            assert!((interval.estimate - interval.low - point).abs() < 5e-4);
        }
    }

    #[test]
    fn too_little_is_an_error() {
        assert!(matches!(mean(&[]), Err(StatisticsError::TooFew { .. })));
        let error = standard_deviation(&[1.0]).unwrap_err();
        assert_eq!(error.to_string(), "1 values, expected at least 2");
        let error = t_interval(&[1.0, f64::NAN], 0.95).unwrap_err();
        assert_eq!(
            error.to_string(),
            "value NaN at place 1, expected a finite number"
        );
        for level in [0.0, 1.0, 95.0, f64::NAN] {
            let error = t_interval(&[1.0, 2.0], level);
            assert!(matches!(error, Err(StatisticsError::Probability { .. })));
        }
        let same = t_interval(&[0.5; 3], 0.95).unwrap();
        assert_eq!((same.low, same.high), (0.5, 0.5));
    }
}
