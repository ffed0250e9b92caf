use crate::{MetricError, RocCurve, roc_curve};

/// Average precision: the precision at each threshold, weighted by the recall it adds.
///
/// The step estimator of scikit-learn's `average_precision_score`, not the trapezoid under the
/// precision–recall curve, which interpolates between points and is too optimistic (Davis &
/// Goadrich 2006). Tied rows share one threshold, so the row order does not matter. A random score
/// reaches the share of anomalies, not one half.
///
/// # Formula
/// `Σᵢ (Rᵢ − Rᵢ₋₁) Pᵢ` over distinct thresholds from the highest down, R recall, P precision.
///
/// # Errors
/// [`MetricError`] where lengths differ, a score is not finite or a class is missing.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> Result<f64, MetricError> {
    Ok(roc_curve(scores, labels)?.average_precision())
}

impl RocCurve {
    /// Average precision, see [`average_precision`].
    pub fn average_precision(&self) -> f64 {
        let weighted: f64 = (self.steps())
            .map(|step| {
                let tp = step.through.true_positives as f64;
                let precision = tp / (tp + step.through.false_positives as f64);
                step.anomalies() as f64 * precision
            })
            .sum();
        weighted / self.anomalies() as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_rows::{rows, shuffled};

    #[test]
    fn all_tied_is_the_share_of_anomalies() {
        assert_eq!(
            average_precision(
                &[7.0; 8],
                &[true, false, false, false, true, false, false, false]
            ),
            Ok(0.25)
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn row_order_changes_nothing((scores, labels) in rows(2..200), seed in any::<u64>()) {
            let (other_scores, other_labels) = shuffled(&scores, &labels, seed);
            let first = average_precision(&scores, &labels)?;
            prop_assert_eq!(first, average_precision(&other_scores, &other_labels)?);
        }

        #[test]
        fn equals_the_mean_precision_at_each_anomaly((scores, labels) in rows(2..60)) {
            let rows = || scores.iter().zip(&labels);
            let precisions: Vec<f64> = rows()
                .filter(|&(_, &anomaly)| anomaly)
                .map(|(threshold, _)| {
                    let above = || rows().filter(|&(score, _)| score >= threshold);
                    let hits = above().filter(|&(_, &anomaly)| anomaly).count();
                    hits as f64 / above().count() as f64
                })
                .collect();
            let mean = precisions.iter().sum::<f64>() / precisions.len() as f64;
            // The same sum in another order: at most 60 roundings.
            prop_assert!((average_precision(&scores, &labels)? - mean).abs() < 1e-14);
        }
    }
}
