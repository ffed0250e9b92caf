use crate::error::check_rate;
use crate::{MetricError, RocCurve, roc_curve};

/// Area under the ROC curve up to a false positive rate of `max_fpr`, standardised so that a random
/// score gives one half and a perfect one gives 1 (McClish 1989); scikit-learn's
/// `roc_auc_score(max_fpr=…)`. With `max_fpr` = 1 it is the AUROC.
///
/// The curve is interpolated linearly at `max_fpr`, as its trapezoids are everywhere.
///
/// # Formula
/// `½ (1 + (A − m) / (M − m))`, where A is the area over [0, f], f = `max_fpr`, m = f²/2 the area
/// under the diagonal and M = f the most there is.
///
/// # Errors
/// [`MetricError`] where `max_fpr` lies outside (0, 1], lengths differ, a score is not finite or a
/// class is missing.
pub fn partial_auroc(scores: &[f64], labels: &[bool], max_fpr: f64) -> Result<f64, MetricError> {
    roc_curve(scores, labels)?.partial_auroc(max_fpr)
}

impl RocCurve {
    /// Standardised area up to `max_fpr`, see [`partial_auroc`].
    ///
    /// # Errors
    /// [`MetricError::RateOutOfRange`] where `max_fpr` lies outside (0, 1].
    pub fn partial_auroc(&self, max_fpr: f64) -> Result<f64, MetricError> {
        check_rate("max_fpr", max_fpr)?;
        if max_fpr == 1.0 {
            return Ok(self.auroc()); // exact, where the sum below rounds
        }
        let limit = max_fpr * self.normals() as f64; // in normal rows, between two points as a rule
        let mut twice_area = 0.0; // in pairs
        for step in self.steps() {
            let normals = step.normals() as f64;
            let width = (limit - step.above.false_positives as f64).clamp(0.0, normals);
            if width == 0.0 {
                continue; // straight up, or beyond the limit
            }
            let left = step.above.true_positives as f64;
            let right = left + step.anomalies() as f64 * width / normals;
            twice_area += width * (left + right);
        }
        let area = twice_area / (2.0 * self.anomalies() as f64 * self.normals() as f64);
        let (least, most) = (0.5 * max_fpr * max_fpr, max_fpr);
        Ok(0.5 * (1.0 + (area - least) / (most - least)))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;
    use crate::test_rows::{rows, shuffled};

    #[test]
    fn a_perfect_score_gives_one_and_ties_one_half() {
        let labels = [true, false, false, false];
        for max_fpr in [0.01, 0.1, 0.5, 1.0] {
            // Rounding of a handful of operations near 1.
            let perfect = partial_auroc(&[2.0, 1.0, 0.5, 0.1], &labels, max_fpr).unwrap();
            assert_relative_eq!(perfect, 1.0, epsilon = 1e-14);
            let tied = partial_auroc(&[1.0; 4], &labels, max_fpr).unwrap();
            assert_relative_eq!(tied, 0.5, epsilon = 1e-14);
        }
    }

    #[test]
    fn a_rate_outside_its_range_is_an_error() {
        for value in [0.0, -1.0, 1.5] {
            let error = partial_auroc(&[1.0, 2.0], &[true, false], value).unwrap_err();
            let name = "max_fpr";
            assert_eq!(error, MetricError::RateOutOfRange { name, value });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn row_order_changes_nothing(
            (scores, labels) in rows(2..200),
            max_fpr in 0.01..=1.0,
            seed in any::<u64>(),
        ) {
            let (other_scores, other_labels) = shuffled(&scores, &labels, seed);
            let first = partial_auroc(&scores, &labels, max_fpr)?;
            prop_assert_eq!(first, partial_auroc(&other_scores, &other_labels, max_fpr)?);
        }

        #[test]
        fn just_below_one_it_is_nearly_the_auroc((scores, labels) in rows(2..60)) {
            let full = crate::auroc(&scores, &labels)?;
            let nearly = partial_auroc(&scores, &labels, 1.0 - 1e-9)?;
            prop_assert!((full - nearly).abs() < 1e-8); // the strip left out, times a few
        }
    }
}
