use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::Interval;
use super::error::{StatisticsError, check_count, check_open};
use crate::{MetricError, roc_curve};

/// How to draw and what to report, for [`bootstrap_interval`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// Number of drawn samples.
    pub resamples: usize,
    /// Level of the interval, in (0, 1).
    pub level: f64,
    /// The same seed gives the same interval, to the bit.
    pub seed: u64,
}

impl Default for Bootstrap {
    /// 2,000 samples, 95 %: Efron & Tibshirani (1993) ask for a thousand or more.
    fn default() -> Self {
        Self {
            resamples: 2000,
            level: 0.95,
            seed: 0,
        }
    }
}

/// Percentile interval of any metric by the stratified bootstrap (Efron 1979): for average precision
/// and other metrics without a formula.
///
/// Each sample draws as many anomalies and as many normal rows as there are, with replacement and each
/// class for itself, so that no sample lacks a class. The interval lies between the quantiles
/// `(1 ∓ level)/2` of the metric over the samples, interpolated linearly.
///
/// # Errors
/// [`StatisticsError`] where a class is missing or a score not finite, the metric is undefined, there are
/// fewer than 100 samples, or `level` is outside (0, 1).
pub fn bootstrap_interval(
    scores: &[f64],
    labels: &[bool],
    metric: impl Fn(&[f64], &[bool]) -> Result<f64, MetricError>,
    bootstrap: Bootstrap,
) -> Result<Interval, StatisticsError> {
    let Bootstrap {
        resamples,
        level,
        seed,
    } = bootstrap;
    check_open("level", level)?;
    check_count("samples", resamples, 100)?;
    roc_curve(scores, labels)?; // the checks
    let estimate = metric(scores, labels)?;

    let class = |anomaly: bool| -> Vec<f64> {
        let rows = scores.iter().zip(labels);
        rows.filter(|&(_, &label)| label == anomaly)
            .map(|(&score, _)| score)
            .collect()
    };
    let (anomalies, normals) = (class(true), class(false));
    let mut drawn_labels = vec![true; anomalies.len()];
    drawn_labels.resize(scores.len(), false);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut drawn = Vec::with_capacity(scores.len());
    let mut values = Vec::with_capacity(resamples);
    for _ in 0..resamples {
        drawn.clear();
        for class in [&anomalies, &normals] {
            drawn.extend((0..class.len()).map(|_| class[below(&mut rng, class.len())]));
        }
        values.push(metric(&drawn, &drawn_labels)?);
    }
    values.sort_by(f64::total_cmp);
    Ok(Interval {
        estimate,
        low: quantile(&values, 0.5 - level / 2.0),
        high: quantile(&values, 0.5 + level / 2.0),
    })
}

/// A number below `n`, by widening multiplication: the bias is below n / 2⁶⁴.
fn below(rng: &mut ChaCha8Rng, n: usize) -> usize {
    ((u128::from(rng.next_u64()) * n as u128) >> 64) as usize
}

/// Quantile of ascending values, linear between neighbours (Hyndman & Fan 1996, type 7).
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (index, fraction) = (place.floor() as usize, place.fract());
    let next = sorted[(index + 1).min(sorted.len() - 1)];
    sorted[index] + fraction * (next - sorted[index])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::auroc_interval;
    use crate::{auroc, average_precision};

    /// 60 normal rows, 25 anomalies half a range higher.
    fn rows() -> (Vec<f64>, Vec<bool>) {
        let labels: Vec<bool> = (0..85).map(|row| row >= 60).collect();
        let scores = (0..85_u64).map(|row| {
            let noise = (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / f64::from(1 << 24);
            noise + if row >= 60 { 0.5 } else { 0.0 }
        });
        (scores.collect(), labels)
    }

    #[test]
    fn agrees_with_delong() {
        let (scores, labels) = rows();
        let bootstrap = Bootstrap {
            resamples: 4000,
            ..Bootstrap::default()
        };
        let drawn = bootstrap_interval(&scores, &labels, auroc, bootstrap).unwrap();
        let delong = auroc_interval(&scores, &labels, 0.95).unwrap();
        assert_eq!(drawn.estimate, delong.estimate);
        // The ends of 4,000 samples vary by 0.05 standard errors; the two methods differ in the
        // skewness, which one of them has, by a fifth of the half width here.
        let half = (delong.high - delong.low) / 2.0;
        assert!(
            (drawn.low - delong.low).abs() < 0.2 * half,
            "{drawn:?} {delong:?}"
        );
        assert!(
            (drawn.high - delong.high).abs() < 0.2 * half,
            "{drawn:?} {delong:?}"
        );
    }

    #[test]
    fn the_seed_decides() {
        let (scores, labels) = rows();
        let of = |seed| {
            let bootstrap = Bootstrap {
                resamples: 200,
                seed,
                ..Bootstrap::default()
            };
            bootstrap_interval(&scores, &labels, average_precision, bootstrap).unwrap()
        };
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        assert!(of(7).low < of(7).estimate && of(7).estimate < of(7).high);
    }

    #[test]
    fn draws_follow_the_classes() {
        // One anomaly below all normal rows but one: each sample holds it, whatever is drawn.
        let scores = [0.5, 0.0, 1.0, 2.0, 3.0];
        let labels = [true, false, false, false, false];
        let interval = bootstrap_interval(&scores, &labels, auroc, Bootstrap::default()).unwrap();
        assert_eq!((interval.estimate, interval.low), (0.25, 0.0));
        // Of four draws k hit the row below with odds 1 : 3; k = 3 has 5 %, so 97.5 % lie at or below.
        assert_eq!(interval.high, 0.75);
    }

    #[test]
    fn quantiles_of_numpy() {
        // numpy.quantile([1, 2, 4, 8], q) for q = 0, 0.025, 0.5, 0.9, 1.
        let values = [1.0, 2.0, 4.0, 8.0];
        for (share, expected) in [
            (0.0, 1.0),
            (0.025, 1.075),
            (0.5, 3.0),
            (0.9, 6.8),
            (1.0, 8.0),
        ] {
            assert!((quantile(&values, share) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn undefined_is_an_error() {
        let (scores, labels) = rows();
        let few = Bootstrap {
            resamples: 99,
            ..Bootstrap::default()
        };
        let error = bootstrap_interval(&scores, &labels, auroc, few).unwrap_err();
        assert_eq!(error.to_string(), "99 samples, expected at least 100");
        let error = bootstrap_interval(&scores, &[true; 85], auroc, Bootstrap::default());
        assert!(matches!(
            error,
            Err(StatisticsError::Metric(MetricError::NoNormal { .. }))
        ));
    }
}
