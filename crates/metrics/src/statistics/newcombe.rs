use super::Interval;
use super::error::{StatisticsError, check_count, check_open};
use super::interval::normal_width;

/// Halvings of [0, 1] until its ends are neighbouring numbers.
const HALVINGS: usize = 64;

/// Interval for an AUROC from its value and the rows of each class, by method 5 of Newcombe (2006, part
/// 2): for rankings without an error, and where the scores are no longer available.
///
/// It has a width for an AUROC of 0 and of 1 too, where [`auroc_interval`](super::auroc_interval) is
/// undefined and every bootstrap sample gives the same value.
///
/// # Formula
/// All θ with `|θ − A| ≤ z √V(θ)`, z the normal quantile `(1 + level)/2`, with m anomalies and n normal
/// rows and `N = (m + n)/2 − 1`: `V(θ) = θ(1 − θ) (1 + N (1 − θ)/(2 − θ) + N θ/(1 + θ)) / (m n)`.
///
/// # Errors
/// [`StatisticsError`] where a class has no row, or `auroc` is outside [0, 1] or `level` outside (0, 1).
pub fn newcombe_interval(
    auroc: f64,
    anomalies: usize,
    normals: usize,
    level: f64,
) -> Result<Interval, StatisticsError> {
    check_open("level", level)?;
    check_count("anomalies", anomalies, 1)?;
    check_count("normal rows", normals, 1)?;
    if !(0.0..=1.0).contains(&auroc) {
        return Err(StatisticsError::Probability {
            name: "the AUROC",
            value: auroc,
            range: "from 0 to 1",
        });
    }
    let z = normal_width(level);
    let (m, n) = (anomalies as f64, normals as f64);
    let half = (m + n) / 2.0 - 1.0;
    let variance = |theta: f64| {
        let shares = (1.0 - theta) / (2.0 - theta) + theta / (1.0 + theta);
        theta * (1.0 - theta) * (1.0 + half * shares) / (m * n)
    };
    let is_inside = |theta: f64| (theta - auroc).abs() <= z * variance(theta).sqrt();
    Ok(Interval {
        estimate: auroc,
        low: end(auroc, 0.0, is_inside),
        high: end(auroc, 1.0, is_inside),
    })
}

/// The last number inside, on the way from the estimate to an end of the range, which is outside unless
/// it is the estimate.
fn end(estimate: f64, range: f64, is_inside: impl Fn(f64) -> bool) -> f64 {
    let (mut inside, mut outside) = (estimate, range);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (inside + outside);
        match is_inside(middle) {
            true => inside = middle,
            false => outside = middle,
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::auroc_interval;

    #[test]
    fn a_ranking_without_an_error_has_an_interval() {
        let all = newcombe_interval(1.0, 20, 30, 0.95).unwrap();
        assert!(all.high == 1.0 && all.low < 0.97, "{all:?}");
        let none = newcombe_interval(0.0, 20, 30, 0.95).unwrap();
        assert!(none.low == 0.0 && (none.high - (1.0 - all.low)).abs() < 1e-12);
        // One row of a class, where there is no sample variance.
        let one = newcombe_interval(0.75, 1, 8, 0.95).unwrap();
        assert!(0.0 < one.low && one.low < 0.5 && one.high < 1.0, "{one:?}");
    }

    #[test]
    fn with_many_rows_it_is_delongs() {
        // Two normal distributions a standard deviation apart.
        let normal = super::super::interval::normal();
        let quantile = |i: usize, n: usize| {
            use statrs::distribution::ContinuousCDF;
            normal.inverse_cdf((i as f64 + 0.5) / n as f64)
        };
        let (m, n) = (2000, 3000);
        let mut scores: Vec<f64> = (0..m).map(|i| 1.0 + quantile(i, m)).collect();
        scores.extend((0..n).map(|i| quantile(i, n)));
        let labels: Vec<bool> = (0..m + n).map(|row| row < m).collect();
        let delong = auroc_interval(&scores, &labels, 0.95).unwrap();
        let ours = newcombe_interval(delong.estimate, m, n, 0.95).unwrap();
        let half = (delong.high - delong.low) / 2.0;
        assert!(
            (ours.low - delong.low).abs() < 0.05 * half,
            "{ours:?} {delong:?}"
        );
        assert!(
            (ours.high - delong.high).abs() < 0.05 * half,
            "{ours:?} {delong:?}"
        );
    }

    #[test]
    fn what_is_undefined_is_an_error() {
        let error = newcombe_interval(0.5, 0, 3, 0.95).unwrap_err();
        assert_eq!(error.to_string(), "0 anomalies, expected at least 1");
        for auroc in [-0.1, 83.0, f64::NAN] {
            let error = newcombe_interval(auroc, 3, 3, 0.95);
            assert!(matches!(error, Err(StatisticsError::Probability { .. })));
        }
    }
}
