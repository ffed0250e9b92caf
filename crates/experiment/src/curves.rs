//! What a cell keeps of its scores and its training, so that figures need nothing else: a curve, a
//! histogram and the losses, each with a bounded number of points.

use metrics::{MetricError, RocPoint, roc_curve};
use record::{Curve, Histogram, Training};

const LEVELS: usize = 64;
const FIRST_ROWS: usize = 32;
const MOST_POINTS: usize = LEVELS + FIRST_ROWS + 1;

/// Points of the ROC curve, by their counts: rows of each class that score some threshold or more.
///
/// Every point is one of the curve's own. A curve of more than 97 points keeps the first and the last,
/// those at each 64th of the way (of the average of both rates) and those at 32 numbers of rows that grow
/// by a constant factor, since precision is decided among the first rows.
pub(crate) fn curve(scores: &[f64], labels: &[bool]) -> Result<Curve, MetricError> {
    let curve = roc_curve(scores, labels)?;
    let points = curve.points();
    let last = points.len() - 1;
    let mut kept: Vec<usize> = if points.len() <= MOST_POINTS {
        (0..points.len()).collect()
    } else {
        // Both measures grow along the curve.
        let way = |point: &RocPoint| curve.tpr(point) + curve.fpr(point);
        let rows = |point: &RocPoint| (point.true_positives + point.false_positives) as f64;
        let all = rows(&points[last]);
        let at_level = (0..LEVELS).map(|k| 2.0 * k as f64 / LEVELS as f64);
        let at_level = at_level.map(|level| points.partition_point(|p| way(p) <= level) - 1);
        let first_rows = (0..FIRST_ROWS).map(|k| all.powf(k as f64 / FIRST_ROWS as f64));
        let first_rows = first_rows.map(|n| points.partition_point(|p| rows(p) <= n) - 1);
        at_level.chain(first_rows).chain([last]).collect()
    };
    kept.sort_unstable();
    kept.dedup();
    let counts = |of: fn(&RocPoint) -> u64| kept.iter().map(|&i| of(&points[i])).collect();
    Ok(Curve {
        true_positives: counts(|point| point.true_positives),
        false_positives: counts(|point| point.false_positives),
    })
}

const BINS: usize = 32;
const BEYOND: f64 = 0.005;

/// How many rows of each class score within each of 32 equal bins between `low` and `high`.
///
/// These are the 0.5 % and the 99.5 % quantile of all scores, so that a single extreme score does not
/// empty the picture; what lies beyond is counted in the first and the last bin. Where the quantiles
/// are equal they are the lowest and the highest score, and where those are, there is one bin.
///
/// `None` without scores.
pub(crate) fn histogram(scores: &[f64], labels: &[bool]) -> Option<Histogram> {
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (first, last) = (*sorted.first()?, *sorted.last()?);
    let quantile = |q: f64| sorted[(q * (sorted.len() - 1) as f64).round() as usize];
    let (mut low, mut high) = (quantile(BEYOND), quantile(1.0 - BEYOND));
    if low == high {
        (low, high) = (first, last);
    }
    let n_bins = if low == high { 1 } else { BINS };
    let bin = |score: f64| {
        // Halves, so that a range as wide as all numbers does not overflow.
        let share = (score / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0);
        // A negative or undefined share becomes bin 0.
        ((share * n_bins as f64) as usize).min(n_bins - 1)
    };
    let mut found = Histogram {
        low,
        high,
        normals: vec![0; n_bins],
        anomalies: vec![0; n_bins],
    };
    for (&score, &anomaly) in scores.iter().zip(labels) {
        let counts = if anomaly {
            &mut found.anomalies
        } else {
            &mut found.normals
        };
        counts[bin(score)] += 1;
    }
    Some(found)
}

const MOST_EPOCHS: usize = 64;

/// The mean loss of some epochs of a training, counted from 1: of all where there are at most 64, else
/// of 64 evenly spaced ones, the first and the last among them.
///
/// `None` where nothing was trained in epochs.
pub(crate) fn training(losses: &[f64]) -> Option<Training> {
    let last = losses.len().checked_sub(1)?;
    let n = losses.len().min(MOST_EPOCHS);
    let mut kept: Vec<usize> = (0..n).map(|k| k * last / (n - 1).max(1)).collect();
    kept.dedup();
    Some(Training {
        epochs: kept.iter().map(|&index| index as u64 + 1).collect(),
        losses: kept.iter().map(|&index| losses[index]).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 3000 rows, every seventh an anomaly, whose scores overlap and tie.
    fn rows() -> (Vec<f64>, Vec<bool>) {
        let labels: Vec<bool> = (0..3000).map(|i| i % 7 == 0).collect();
        let score = |(i, &anomaly): (usize, &bool)| {
            f64::from((i as u32 * 7919) % 1511) + if anomaly { 400.0 } else { 0.0 }
        };
        (labels.iter().enumerate().map(score).collect(), labels)
    }

    #[test]
    fn a_short_curve_is_kept_whole() {
        let curve = curve(&[3.0, 2.0, 2.0, 1.0], &[true, true, false, false]).unwrap();
        assert_eq!(curve.true_positives, [0, 1, 2, 2]);
        assert_eq!(curve.false_positives, [0, 0, 1, 2]);
    }

    #[test]
    fn a_long_curve_keeps_points_of_its_own_and_nearly_its_area() {
        let (scores, labels) = rows();
        let full = roc_curve(&scores, &labels).unwrap();
        let curve = curve(&scores, &labels).unwrap();
        let n = curve.true_positives.len();
        assert!((80..=MOST_POINTS).contains(&n), "{n}");
        let of_its_own = |(&tp, &fp): (&u64, &u64)| {
            let mut points = full.points().iter();
            points.any(|p| (p.true_positives, p.false_positives) == (tp, fp))
        };
        let mut kept = curve.true_positives.iter().zip(&curve.false_positives);
        assert!(kept.all(of_its_own));
        assert_eq!((curve.true_positives[0], curve.false_positives[0]), (0, 0));
        assert_eq!(curve.true_positives[n - 1], full.anomalies());
        assert_eq!(curve.false_positives[n - 1], full.normals());

        let area: f64 = (1..n)
            .map(|i| {
                let width = curve.false_positives[i] - curve.false_positives[i - 1];
                (width * (curve.true_positives[i] + curve.true_positives[i - 1])) as f64 / 2.0
            })
            .sum();
        let area = area / (full.anomalies() * full.normals()) as f64;
        // Between two of 64 levels a curve leaves its chord by less than a level.
        assert!((area - full.auroc()).abs() < 0.002, "{area}");
    }

    #[test]
    fn the_bins_hold_every_row_once() {
        let (mut scores, labels) = rows();
        scores[0] = 1e300; // one extreme score, in the last bin
        let found = histogram(&scores, &labels).unwrap();
        assert_eq!(found.anomalies.iter().sum::<u64>(), 429);
        assert_eq!(found.normals.iter().sum::<u64>(), 3000 - 429);
        assert!(found.high < 2000.0);
        assert_eq!(found.normals.len(), BINS);
    }

    #[test]
    fn equal_scores_have_one_bin_and_the_widest_range_has_all() {
        let one = histogram(&[2.0; 3], &[true, false, false]).unwrap();
        assert_eq!((one.normals, one.anomalies), (vec![2], vec![1]));
        let wide = histogram(&[-f64::MAX, f64::MAX], &[false, true]).unwrap();
        assert_eq!((wide.normals[0], wide.anomalies[BINS - 1]), (1, 1));
        assert_eq!(histogram(&[], &[]), None);
    }

    #[test]
    fn a_long_training_keeps_its_first_and_last_epoch() {
        let losses: Vec<f64> = (0..400).map(f64::from).collect();
        let kept = training(&losses).unwrap();
        assert_eq!(kept.epochs.len(), MOST_EPOCHS);
        assert_eq!((kept.epochs[0], kept.epochs[63]), (1, 400));
        assert_eq!(kept.losses[63], 399.0);
        assert_eq!(training(&[5.0]).unwrap().epochs, [1]);
        assert_eq!(training(&[]), None);
    }
}
