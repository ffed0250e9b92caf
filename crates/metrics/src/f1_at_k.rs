use crate::{MetricError, RocCurve, roc_curve};

/// F1 of the k highest scores, where k is the number of anomalies.
///
/// With as many rows flagged as there are anomalies, precision, recall and F1 are the same number:
/// the share of anomalies among the k flagged rows. Where tied rows straddle the k-th place, this is
/// the expected value over a random order of the tied rows; the published code (vicliv/DTE,
/// ADBench) takes whichever of them the partial sort puts first, which depends on the row order.
/// Without such ties the two agree.
///
/// # Formula
/// `(tp + (k − r) a / g) / k`: `r` rows, `tp` of them anomalies, score above the k-th highest score,
/// and `g` rows, `a` of them anomalies, equal it.
///
/// # Errors
/// [`MetricError`] where lengths differ, a score is not finite or a class is missing.
pub fn f1_at_k(scores: &[f64], labels: &[bool]) -> Result<f64, MetricError> {
    Ok(roc_curve(scores, labels)?.f1_at_k())
}

impl RocCurve {
    /// F1 at k = number of anomalies, see [`f1_at_k`].
    pub fn f1_at_k(&self) -> f64 {
        let k = self.anomalies();
        let mut expected_hits = 0.0;
        for step in self.steps() {
            let above = step.above.true_positives + step.above.false_positives;
            let group = step.anomalies() + step.normals();
            let taken = group.min(k - above);
            expected_hits += taken as f64 * step.anomalies() as f64 / group as f64;
            if above + taken == k {
                break;
            }
        }
        expected_hits / k as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::test_rows::{rows, shuffled};

    #[test]
    fn ties_at_the_cut_count_by_their_share() {
        // k = 3: the row with 9 is taken, two of the four rows with 5, of which half are anomalies.
        let scores = [9.0, 5.0, 5.0, 5.0, 5.0, 1.0];
        let labels = [true, true, false, true, false, false];
        assert_eq!(f1_at_k(&scores, &labels), Ok(2.0 / 3.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn row_order_changes_nothing((scores, labels) in rows(2..200), seed in any::<u64>()) {
            let (other_scores, other_labels) = shuffled(&scores, &labels, seed);
            prop_assert_eq!(f1_at_k(&scores, &labels)?, f1_at_k(&other_scores, &other_labels)?);
        }

        #[test]
        fn distinct_scores_give_the_share_in_the_top_k((scores, labels) in rows(2..200)) {
            // Break every tie by the row's place.
            let distinct: Vec<f64> = (scores.iter().enumerate())
                .map(|(row, score)| score + row as f64 * 1e-6)
                .collect();
            let mut order: Vec<usize> = (0..distinct.len()).collect();
            order.sort_by(|&a, &b| distinct[b].total_cmp(&distinct[a]));
            let k = labels.iter().filter(|&&anomaly| anomaly).count();
            let hits = order[..k].iter().filter(|&&row| labels[row]).count();
            prop_assert_eq!(f1_at_k(&distinct, &labels)?, hits as f64 / k as f64);
        }
    }
}
