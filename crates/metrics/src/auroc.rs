use crate::{MetricError, RocCurve, roc_curve};

/// Area under the ROC curve: the probability that a random anomaly scores above a random normal
/// row, ties counting one half (Hanley & McNeil 1982).
///
/// # Formula
/// `(#{s⁺ > s⁻} + ½ #{s⁺ = s⁻}) / (n⁺ n⁻)` over all pairs of an anomaly's score s⁺ and a normal
/// row's s⁻: the Mann–Whitney statistic, and the trapezoid under the ROC curve.
///
/// The pairs are counted in integers, so nothing drifts with the number of rows: up to 10⁸ rows the
/// result is the exact ratio rounded once.
///
/// # Errors
/// [`MetricError`] where lengths differ, a score is not finite or a class is missing.
pub fn auroc(scores: &[f64], labels: &[bool]) -> Result<f64, MetricError> {
    Ok(roc_curve(scores, labels)?.auroc())
}

impl RocCurve {
    /// Area under the curve, see [`auroc`].
    pub fn auroc(&self) -> f64 {
        // Twice the won pairs: each normal row loses to the anomalies above it and half to its ties.
        let twice_won: u128 = (self.steps())
            .map(|step| {
                let anomalies = step.above.true_positives + step.through.true_positives;
                u128::from(step.normals()) * u128::from(anomalies)
            })
            .sum();
        let pairs = u128::from(self.anomalies()) * u128::from(self.normals());
        twice_won as f64 / (2 * pairs) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_rows::{rows, shuffled};

    /// The definition, pair by pair.
    fn pair_count(scores: &[f64], labels: &[bool]) -> f64 {
        let class = |anomaly| {
            (scores.iter().zip(labels))
                .filter(move |&(_, &label)| label == anomaly)
                .map(|(&score, _)| score)
        };
        let (mut won, mut pairs) = (0.0, 0.0);
        for positive in class(true) {
            for negative in class(false) {
                won += match positive.total_cmp(&negative) {
                    std::cmp::Ordering::Greater => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Less => 0.0,
                };
                pairs += 1.0;
            }
        }
        won / pairs
    }

    #[test]
    fn a_million_pairs_of_ties_are_exactly_one_half() {
        let labels: Vec<bool> = (0..3000).map(|i| i % 3 == 0).collect();
        assert_eq!(auroc(&vec![0.1; 3000], &labels), Ok(0.5));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn equals_the_pair_count((scores, labels) in rows(2..60)) {
            // Both sides divide the same integers (halves are exact), so the bits agree.
            prop_assert_eq!(auroc(&scores, &labels)?, pair_count(&scores, &labels));
        }

        #[test]
        fn row_order_changes_nothing((scores, labels) in rows(2..200), seed in any::<u64>()) {
            let (other_scores, other_labels) = shuffled(&scores, &labels, seed);
            prop_assert_eq!(auroc(&scores, &labels)?, auroc(&other_scores, &other_labels)?);
        }

        #[test]
        fn an_increasing_map_changes_nothing((scores, labels) in rows(2..200)) {
            // Strictly increasing on the few distinct scores drawn, also after rounding.
            let mapped: Vec<f64> = scores.iter().map(|s| (s / 8.0).exp() - 3.0).collect();
            prop_assert_eq!(auroc(&scores, &labels)?, auroc(&mapped, &labels)?);
        }

        #[test]
        fn flipped_scores_give_the_complement((scores, labels) in rows(2..200)) {
            let flipped: Vec<f64> = scores.iter().map(|s| -s).collect();
            let sum = auroc(&scores, &labels)? + auroc(&flipped, &labels)?;
            prop_assert!((sum - 1.0).abs() < 1e-15); // two roundings of at most half an ulp
        }
    }
}
