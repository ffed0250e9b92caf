use crate::{MetricError, roc_curve};

/// The metrics of one cell of a benchmark, fractions in [0, 1], computed with one sort.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Metrics {
    /// Area under the ROC curve, [`auroc`](crate::auroc).
    pub auroc: f64,
    /// Average precision, [`average_precision`](crate::average_precision).
    pub ap: f64,
    /// F1 at k = number of anomalies, [`f1_at_k`](crate::f1_at_k).
    pub f1_at_k: f64,
    /// False positive rate at a true positive rate of 0.95, [`fpr_at_tpr`](crate::fpr_at_tpr).
    /// The only one where lower is better.
    pub fpr95: f64,
    /// Standardised area up to a false positive rate of 0.1,
    /// [`partial_auroc`](crate::partial_auroc).
    pub pauc: f64,
}

impl Metrics {
    /// The true positive rate of [`Metrics::fpr95`].
    pub const TPR: f64 = 0.95;
    /// The largest false positive rate of [`Metrics::pauc`].
    pub const MAX_FPR: f64 = 0.1;

    /// All metrics of `scores` (higher is more anomalous) against `labels` (true is an anomaly).
    ///
    /// # Errors
    /// [`MetricError`] where lengths differ, a score is not finite or a class is missing.
    pub fn of(scores: &[f64], labels: &[bool]) -> Result<Self, MetricError> {
        let curve = roc_curve(scores, labels)?;
        Ok(Self {
            auroc: curve.auroc(),
            ap: curve.average_precision(),
            f1_at_k: curve.f1_at_k(),
            fpr95: curve.fpr_at_tpr(Self::TPR)?,
            pauc: curve.partial_auroc(Self::MAX_FPR)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_rows::rows;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn is_the_five_functions_and_lies_in_range((scores, labels) in rows(2..200)) {
            let all = Metrics::of(&scores, &labels)?;
            prop_assert_eq!(all.auroc, crate::auroc(&scores, &labels)?);
            prop_assert_eq!(all.ap, crate::average_precision(&scores, &labels)?);
            prop_assert_eq!(all.f1_at_k, crate::f1_at_k(&scores, &labels)?);
            prop_assert_eq!(all.fpr95, crate::fpr_at_tpr(&scores, &labels, 0.95)?);
            prop_assert_eq!(all.pauc, crate::partial_auroc(&scores, &labels, 0.1)?);
            for value in [all.auroc, all.ap, all.f1_at_k, all.fpr95] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
            // The worst standardised value is that of an empty area; sums round by a few ulps.
            prop_assert!(all.pauc > 0.5 * (1.0 - 0.05 / 0.95) - 1e-12 && all.pauc < 1.0 + 1e-12);
        }
    }
}
