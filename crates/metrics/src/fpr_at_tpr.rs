use crate::error::check_rate;
use crate::{MetricError, RocCurve, roc_curve};

/// The smallest false positive rate among the thresholds that reach a true positive rate of `tpr`:
/// how many normal rows are flagged when `tpr` of the anomalies must be found. 0 is best, and 0.95
/// is the usual `tpr`.
///
/// No interpolation: the rate is one that a threshold on these scores attains, and tied rows are
/// flagged together.
///
/// # Errors
/// [`MetricError`] where `tpr` lies outside (0, 1], lengths differ, a score is not finite or a class
/// is missing.
pub fn fpr_at_tpr(scores: &[f64], labels: &[bool], tpr: f64) -> Result<f64, MetricError> {
    roc_curve(scores, labels)?.fpr_at_tpr(tpr)
}

impl RocCurve {
    /// Smallest false positive rate at a true positive rate of at least `tpr`, see [`fpr_at_tpr`].
    ///
    /// # Errors
    /// [`MetricError::RateOutOfRange`] where `tpr` lies outside (0, 1].
    pub fn fpr_at_tpr(&self, tpr: f64) -> Result<f64, MetricError> {
        check_rate("tpr", tpr)?;
        // Both rates grow along the curve, so the first point that qualifies is the best one. The
        // rate is compared as a quotient: 19 of 20 rounds to the literal 0.95, and qualifies.
        let reached = self.points().partition_point(|point| self.tpr(point) < tpr);
        Ok(self.fpr(&self.points()[reached]))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_rows::{rows, shuffled};

    #[test]
    fn nineteen_of_twenty_is_95_percent() {
        // 20 anomalies at 20, 19, …, 1 and normal rows at 2.5, 1.5 and 0.5: the threshold 2 finds
        // 19 anomalies and flags one normal row.
        let scores: Vec<f64> = (1..=20).map(f64::from).chain([0.5, 1.5, 2.5]).collect();
        let labels: Vec<bool> = (0..23).map(|row| row < 20).collect();
        assert_eq!(fpr_at_tpr(&scores, &labels, 0.95), Ok(1.0 / 3.0));
        assert_eq!(fpr_at_tpr(&scores, &labels, 1.0), Ok(2.0 / 3.0));
        assert_eq!(fpr_at_tpr(&scores, &labels, 0.9), Ok(0.0));
    }

    #[test]
    fn all_tied_flags_every_normal_row() {
        assert_eq!(fpr_at_tpr(&[1.0; 3], &[true, false, false], 0.95), Ok(1.0));
    }

    #[test]
    fn a_rate_outside_its_range_is_an_error() {
        for value in [0.0, -0.1, 1.1, f64::INFINITY] {
            let error = fpr_at_tpr(&[1.0, 2.0], &[true, false], value).unwrap_err();
            assert_eq!(error, MetricError::RateOutOfRange { name: "tpr", value });
        }
        assert!(fpr_at_tpr(&[1.0, 2.0], &[true, false], f64::NAN).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equals_the_best_of_all_thresholds(
            (scores, labels) in rows(2..60),
            tpr in 0.01..=1.0,
            seed in any::<u64>(),
        ) {
            let flagged = |threshold: f64, class: bool| {
                let class_scores = || scores.iter().zip(&labels).filter(|&(_, &l)| l == class);
                let hits = class_scores().filter(|&(&score, _)| score >= threshold).count();
                hits as f64 / class_scores().count() as f64
            };
            let best = (scores.iter())
                .filter(|&&threshold| flagged(threshold, true) >= tpr)
                .map(|&threshold| flagged(threshold, false))
                .fold(1.0, f64::min);
            let (other_scores, other_labels) = shuffled(&scores, &labels, seed);
            prop_assert_eq!(fpr_at_tpr(&other_scores, &other_labels, tpr)?, best);
        }
    }
}
