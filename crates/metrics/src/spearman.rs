use crate::MetricError;
use crate::ranks::midranks;

/// Spearman's rank correlation of two scorings of the same rows, in [−1, 1].
///
/// # Formula
/// Pearson's correlation of the ranks; tied values share the mean of their ranks (Spearman 1904).
///
/// # Errors
/// [`MetricError`] where lengths differ, there are no rows, a score is not finite, or all scores of
/// one side are equal: a constant has no ranks to correlate.
pub fn spearman(a: &[f64], b: &[f64]) -> Result<f64, MetricError> {
    if a.len() != b.len() {
        return Err(MetricError::PairMismatch {
            first: a.len(),
            second: b.len(),
        });
    }
    let (a, b) = (centred_ranks(a)?, centred_ranks(b)?);
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    let scale = (dot(&a, &a) * dot(&b, &b)).sqrt();
    // Rounding may carry a perfect correlation past 1.
    Ok((dot(&a, &b) / scale).clamp(-1.0, 1.0))
}

/// Ranks minus their mean; ties share theirs.
fn centred_ranks(values: &[f64]) -> Result<Vec<f64>, MetricError> {
    if values.is_empty() {
        return Err(MetricError::Empty);
    }
    if let Some(row) = values.iter().position(|value| !value.is_finite()) {
        let value = values[row];
        return Err(MetricError::NotFinite { row, value });
    }
    let mean = (values.len() as f64 + 1.0) / 2.0;
    let ranks: Vec<f64> = midranks(values).iter().map(|rank| rank - mean).collect();
    if ranks.iter().all(|&rank| rank == 0.0) {
        return Err(MetricError::Constant { rows: values.len() });
    }
    Ok(ranks)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_of_scipy() {
        // scipy.stats.spearmanr(a, b).statistic, SciPy 1.17.1.
        let a = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0];
        let b = [2.0, 7.0, 1.0, 8.0, 2.0, 8.0, 1.0, 8.0];
        let found = spearman(&a, &b).unwrap();
        assert!((found - 0.198_853_681_209_924_67).abs() < 1e-12, "{found}");
    }

    #[test]
    fn what_has_no_ranks_is_an_error() {
        assert_eq!(spearman(&[], &[]), Err(MetricError::Empty));
        assert_eq!(
            spearman(&[1.0, 1.0], &[1.0, 2.0]),
            Err(MetricError::Constant { rows: 2 })
        );
        assert!(matches!(
            spearman(&[1.0, f64::NAN], &[1.0, 2.0]),
            Err(MetricError::NotFinite { row: 1, .. })
        ));
        let error = spearman(&[1.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(error.to_string(), "1 scores beside 2, expected as many");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn only_the_order_counts(values in prop::collection::vec(-50i32..50, 2..100)) {
            let a: Vec<f64> = values.iter().map(|&v| f64::from(v)).collect();
            prop_assume!(a.iter().any(|v| v != &a[0]));
            let grown: Vec<f64> = a.iter().map(|v| (v / 10.0).exp()).collect();
            let flipped: Vec<f64> = a.iter().map(|v| -v).collect();
            prop_assert!((spearman(&a, &grown)? - 1.0).abs() < 1e-12);
            prop_assert!((spearman(&a, &flipped)? + 1.0).abs() < 1e-12);
        }
    }
}
