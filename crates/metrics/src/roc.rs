use crate::MetricError;

/// The counts behind every metric here: how many anomalies and normal rows score at least each
/// distinct threshold.
///
/// Built by [`roc_curve`] with one sort. The metrics are methods of it, so that several of them
/// share the sort; the free functions of the crate build it for one.
#[derive(Debug, Clone, PartialEq)]
pub struct RocCurve {
    points: Vec<RocPoint>,
}

/// One threshold of a [`RocCurve`]: the rows that score `threshold` or more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// A score that occurs; +∞ at the first point, which no row reaches.
    pub threshold: f64,
    /// Anomalies among these rows.
    pub true_positives: u64,
    /// Normal rows among these rows.
    pub false_positives: u64,
}

/// The ROC curve of `scores` (higher is more anomalous) against `labels` (true is an anomaly).
///
/// The points run from the threshold +∞, at (0, 0), down to the lowest score, at (all, all); each
/// distinct score is one point, so tied rows enter together. −0 and 0 are the same score.
///
/// Takes O(n log n) time and, apart from the curve, 8 bytes a row.
///
/// # Errors
/// [`MetricError`] where lengths differ, a score is not finite or a class is missing.
pub fn roc_curve(scores: &[f64], labels: &[bool]) -> Result<RocCurve, MetricError> {
    let (anomalies, normals) = sorted_by_class(scores, labels)?;
    let mut points = vec![RocPoint {
        threshold: f64::INFINITY,
        true_positives: 0,
        false_positives: 0,
    }];
    let (mut tp, mut fp) = (0, 0);
    while tp < anomalies.len() || fp < normals.len() {
        let next_anomaly = anomalies.get(tp).copied().unwrap_or(f64::NEG_INFINITY);
        let next_normal = normals.get(fp).copied().unwrap_or(f64::NEG_INFINITY);
        let threshold = next_anomaly.max(next_normal);
        tp += tied(&anomalies[tp..], threshold);
        fp += tied(&normals[fp..], threshold);
        points.push(RocPoint {
            threshold,
            true_positives: tp as u64,
            false_positives: fp as u64,
        });
    }
    Ok(RocCurve { points })
}

impl RocCurve {
    /// The points, from no row to all rows.
    pub fn points(&self) -> &[RocPoint] {
        &self.points
    }

    /// Number of anomalies, at least 1.
    pub fn anomalies(&self) -> u64 {
        self.points[self.points.len() - 1].true_positives
    }

    /// Number of normal rows, at least 1.
    pub fn normals(&self) -> u64 {
        self.points[self.points.len() - 1].false_positives
    }

    /// True positive rate (recall) of a point of this curve, in [0, 1].
    pub fn tpr(&self, point: &RocPoint) -> f64 {
        point.true_positives as f64 / self.anomalies() as f64
    }

    /// False positive rate of a point of this curve, in [0, 1].
    pub fn fpr(&self, point: &RocPoint) -> f64 {
        point.false_positives as f64 / self.normals() as f64
    }

    /// The steps between neighbouring points, one per distinct score, highest first.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Step> {
        self.points.windows(2).map(|pair| Step {
            above: pair[0],
            through: pair[1],
        })
    }
}

/// The rows of one distinct score, as the counts just above and just through it.
pub(crate) struct Step {
    pub(crate) above: RocPoint,
    pub(crate) through: RocPoint,
}

impl Step {
    /// Anomalies with this score.
    pub(crate) fn anomalies(&self) -> u64 {
        self.through.true_positives - self.above.true_positives
    }

    /// Normal rows with this score.
    pub(crate) fn normals(&self) -> u64 {
        self.through.false_positives - self.above.false_positives
    }
}

/// The checked scores of the anomalies and of the normal rows, each descending. Sorting the classes
/// apart needs no index and no label beside each score, half the memory of sorting pairs.
fn sorted_by_class(scores: &[f64], labels: &[bool]) -> Result<(Vec<f64>, Vec<f64>), MetricError> {
    if scores.len() != labels.len() {
        return Err(MetricError::LengthMismatch {
            scores: scores.len(),
            labels: labels.len(),
        });
    }
    if scores.is_empty() {
        return Err(MetricError::Empty);
    }
    if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
        return Err(MetricError::NotFinite {
            row,
            value: scores[row],
        });
    }
    let n_anomalies = labels.iter().filter(|&&anomaly| anomaly).count();
    let mut anomalies = Vec::with_capacity(n_anomalies);
    let mut normals = Vec::with_capacity(labels.len() - n_anomalies);
    for (&score, &anomaly) in scores.iter().zip(labels) {
        let class = if anomaly {
            &mut anomalies
        } else {
            &mut normals
        };
        class.push(score + 0.0); // −0 becomes 0, which `total_cmp` would tell apart
    }
    let rows = scores.len();
    if anomalies.is_empty() {
        return Err(MetricError::NoAnomaly { rows });
    }
    if normals.is_empty() {
        return Err(MetricError::NoNormal { rows });
    }
    for class in [&mut anomalies, &mut normals] {
        class.sort_unstable_by(|a, b| b.total_cmp(a));
    }
    Ok((anomalies, normals))
}

/// How many of the descending `scores` equal `threshold`, their maximum or more.
fn tied(scores: &[f64], threshold: f64) -> usize {
    scores
        .iter()
        .take_while(|&&score| score == threshold)
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tied_rows_are_one_point() {
        let scores = [0.5, 2.0, 0.5, -0.0, 0.5, 0.0];
        let labels = [true, true, false, false, false, true];
        let curve = roc_curve(&scores, &labels).unwrap();
        let counts: Vec<_> = (curve.points().iter())
            .map(|p| (p.threshold, p.true_positives, p.false_positives))
            .collect();
        let expected = [
            (f64::INFINITY, 0, 0),
            (2.0, 1, 0),
            (0.5, 2, 2),
            (0.0, 3, 3), // −0 and 0 together
        ];
        assert_eq!(counts, expected);
        assert_eq!((curve.anomalies(), curve.normals()), (3, 3));
        assert_eq!(curve.tpr(&curve.points()[2]), 2.0 / 3.0);
    }

    #[test]
    fn undefined_input_is_an_error() {
        let error = |scores: &[f64], labels: &[bool]| roc_curve(scores, labels).unwrap_err();
        assert_eq!(error(&[], &[]), MetricError::Empty);
        assert_eq!(
            error(&[1.0], &[true, false]),
            MetricError::LengthMismatch {
                scores: 1,
                labels: 2
            }
        );
        assert_eq!(
            error(&[1.0, 2.0], &[false, false]),
            MetricError::NoAnomaly { rows: 2 }
        );
        assert_eq!(
            error(&[1.0, 2.0, 3.0], &[true; 3]),
            MetricError::NoNormal { rows: 3 }
        );
        assert!(matches!(
            error(&[1.0, f64::NAN], &[true, false]),
            MetricError::NotFinite { row: 1, value } if value.is_nan()
        ));
        for value in [f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(
                error(&[value, 1.0], &[true, false]),
                MetricError::NotFinite { row: 0, value }
            );
        }
    }

    #[test]
    fn extreme_finite_scores_are_ranked() {
        let scores = [f64::MIN, f64::MAX, f64::MIN_POSITIVE, 5e-324];
        let curve = roc_curve(&scores, &[false, true, true, false]).unwrap();
        assert_eq!(curve.points().len(), 5);
        assert_eq!(curve.auroc(), 1.0);
    }
}
