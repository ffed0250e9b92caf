use super::Interval;
use super::error::{StatisticsError, check_count, check_open};
use super::interval::{normal_width, two_sided};
use crate::auroc;
use crate::ranks::midranks;

/// Interval for an AUROC by DeLong, DeLong & Clarke-Pearson (1988): how far it may be off because the
/// test rows are a sample. Training and its seed are taken as given.
///
/// # Formula
/// `A ± z · SE`, z the normal quantile `(1 + level)/2`, SE as in [`auroc_standard_error`], cut to
/// [0, 1].
///
/// # Errors
/// [`StatisticsError`] where the AUROC is undefined, a class has one row, `level` is outside (0, 1), or
/// the standard error is 0, as for a perfect AUROC: an interval without width would be a lie.
pub fn auroc_interval(
    scores: &[f64],
    labels: &[bool],
    level: f64,
) -> Result<Interval, StatisticsError> {
    check_open("level", level)?;
    let estimate = auroc(scores, labels)?;
    let reach = normal_width(level) * auroc_standard_error(scores, labels)?;
    Ok(Interval {
        estimate,
        low: (estimate - reach).max(0.0),
        high: (estimate + reach).min(1.0),
    })
}

/// Standard error of an AUROC by DeLong et al. (1988).
///
/// # Formula
/// With m anomalies and n normal rows, `V₁₀(i)` the share of normal rows below anomaly i (ties one
/// half) and `V₀₁(j)` the share of anomalies above normal row j: `SE² = s²(V₁₀)/m + s²(V₀₁)/n`, s² the
/// sample variance. The shares come from mid-ranks in O(N log N) (Sun & Xu 2014).
///
/// # Errors
/// As [`auroc_interval`].
pub fn auroc_standard_error(scores: &[f64], labels: &[bool]) -> Result<f64, StatisticsError> {
    let shares = Shares::of(scores, labels)?;
    positive_root(shares.covariance(&shares), "this AUROC")
}

/// Two AUROCs on the same rows beside each other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AurocDifference {
    /// AUROC of the first scores.
    pub first: f64,
    /// AUROC of the second scores.
    pub second: f64,
    /// Standard error of `first − second`.
    pub standard_error: f64,
    /// `(first − second) / standard_error`, standard normal where both are equally good.
    pub z: f64,
    /// Two-sided p-value.
    pub p: f64,
}

impl AurocDifference {
    /// Interval for `first − second`.
    ///
    /// # Errors
    /// [`StatisticsError::Probability`] for a `level` outside (0, 1).
    pub fn interval(&self, level: f64) -> Result<Interval, StatisticsError> {
        check_open("level", level)?;
        let estimate = self.first - self.second;
        let reach = normal_width(level) * self.standard_error;
        Ok(Interval {
            estimate,
            low: estimate - reach,
            high: estimate + reach,
        })
    }
}

/// DeLong's test (1988): do two scorings of the same rows have the same AUROC?
///
/// # Formula
/// `z = (A₁ − A₂) / √(var A₁ + var A₂ − 2 cov(A₁, A₂))`, the covariance from the shares of
/// [`auroc_standard_error`] as the variances.
///
/// # Errors
/// [`StatisticsError`] where an AUROC is undefined, lengths differ, a class has one row, or the
/// difference has no variance, as between two scorings with the same order.
pub fn auroc_difference(
    first: &[f64],
    second: &[f64],
    labels: &[bool],
) -> Result<AurocDifference, StatisticsError> {
    let (a, b) = (Shares::of(first, labels)?, Shares::of(second, labels)?);
    let (first, second) = (auroc(first, labels)?, auroc(second, labels)?);
    let difference = a.minus(&b);
    let variance = difference.covariance(&difference);
    let standard_error = positive_root(variance, "the difference of two AUROCs")?;
    let z = (first - second) / standard_error;
    Ok(AurocDifference {
        first,
        second,
        standard_error,
        z,
        p: two_sided(z),
    })
}

/// For each row the share of the other class on its right side.
struct Shares {
    /// By anomaly, the share of normal rows below it.
    anomalies: Vec<f64>,
    /// By normal row, the share of anomalies above it.
    normals: Vec<f64>,
}

impl Shares {
    fn of(scores: &[f64], labels: &[bool]) -> Result<Self, StatisticsError> {
        auroc(scores, labels)?; // the checks
        let class = |anomaly: bool| -> Vec<usize> {
            (0..labels.len())
                .filter(|&row| labels[row] == anomaly)
                .collect()
        };
        let (anomalies, normals) = (class(true), class(false));
        check_count("anomalies", anomalies.len(), 2)?;
        check_count("normal rows", normals.len(), 2)?;
        let ranks = midranks(scores);
        // A row's rank among all less its rank in its class is the number of the other class below.
        let below = |rows: &[usize], others: usize| -> Vec<f64> {
            let own: Vec<f64> = rows.iter().map(|&row| scores[row]).collect();
            (rows.iter().zip(midranks(&own)))
                .map(|(&row, within)| (ranks[row] - within) / others as f64)
                .collect()
        };
        let above = below(&normals, anomalies.len());
        Ok(Self {
            anomalies: below(&anomalies, normals.len()),
            normals: above.into_iter().map(|share| 1.0 - share).collect(),
        })
    }

    fn minus(&self, other: &Self) -> Self {
        let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        Self {
            anomalies: minus(&self.anomalies, &other.anomalies),
            normals: minus(&self.normals, &other.normals),
        }
    }

    /// Covariance of two AUROCs.
    fn covariance(&self, other: &Self) -> f64 {
        covariance(&self.anomalies, &other.anomalies) / self.anomalies.len() as f64
            + covariance(&self.normals, &other.normals) / self.normals.len() as f64
    }
}

fn covariance(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let products = (a.iter().zip(b)).map(|(a, b)| (a - mean_a) * (b - mean_b));
    products.sum::<f64>() / (n - 1.0)
}

/// The root of a variance that is more than rounding.
fn positive_root(variance: f64, what: &'static str) -> Result<f64, StatisticsError> {
    // Shares are at most 1 and round by 1e-16, so that equal ones leave a variance of 1e-32.
    if variance > 1e-30 {
        Ok(variance.sqrt())
    } else {
        Err(StatisticsError::NoSpread { what })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MetricError;

    /// Hanley & McNeil 1982, table I: readings of 109 CT images, 1 to 5, by true state.
    fn ct_images() -> (Vec<f64>, Vec<bool>) {
        let normal = [33, 6, 6, 11, 2];
        let abnormal = [3, 2, 2, 11, 33];
        let (mut scores, mut labels) = (Vec::new(), Vec::new());
        for (counts, label) in [(normal, false), (abnormal, true)] {
            for (reading, count) in (1..).zip(counts) {
                scores.extend(vec![f64::from(reading); count]);
                labels.extend(vec![label; count]);
            }
        }
        (scores, labels)
    }

    #[test]
    fn the_published_interval_of_the_ct_images() {
        // Stata, reference manual, `roctab`, example 1, on these data with DeLong's standard error:
        // area 0.8932, standard error 0.0307, 95 % interval 0.83295 to 0.95339.
        let (scores, labels) = ct_images();
        let interval = auroc_interval(&scores, &labels, 0.95).unwrap();
        assert!((interval.estimate - 0.8932).abs() < 5e-5);
        assert!((auroc_standard_error(&scores, &labels).unwrap() - 0.0307).abs() < 5e-5);
        assert!((interval.low - 0.83295).abs() < 5e-6);
        assert!((interval.high - 0.95339).abs() < 5e-6);
    }

    #[test]
    fn the_test_is_antisymmetric_and_its_interval_agrees() {
        let (first, labels) = ct_images();
        let second: Vec<f64> = (first.iter().zip(0..))
            .map(|(r, i)| r + f64::from(i % 4))
            .collect();
        let forward = auroc_difference(&first, &second, &labels).unwrap();
        let backward = auroc_difference(&second, &first, &labels).unwrap();
        assert_eq!((forward.z, forward.p), (-backward.z, backward.p));
        // The interval of level 1 − p just touches 0.
        let interval = forward.interval(1.0 - forward.p).unwrap();
        assert!(interval.low.abs().min(interval.high.abs()) < 1e-12);
    }

    #[test]
    fn without_spread_there_is_no_answer() {
        let labels = [true, true, false, false];
        let perfect = [4.0, 3.0, 2.0, 1.0];
        let error = auroc_interval(&perfect, &labels, 0.95).unwrap_err();
        assert_eq!(error, StatisticsError::NoSpread { what: "this AUROC" });
        let scores = [4.0, 1.0, 2.0, 1.0];
        let grown = scores.map(f64::exp);
        let error = auroc_difference(&scores, &grown, &labels).unwrap_err();
        assert!(matches!(error, StatisticsError::NoSpread { .. }));
        let error = auroc_interval(&scores, &[true, false, false, false], 0.95).unwrap_err();
        assert_eq!(error.to_string(), "1 anomalies, expected at least 2");
        let error = auroc_interval(&scores, &[false; 4], 0.95).unwrap_err();
        assert_eq!(
            error,
            StatisticsError::Metric(MetricError::NoAnomaly { rows: 4 })
        );
        let error = auroc_difference(&scores, &scores[..3], &labels).unwrap_err();
        assert!(matches!(
            error,
            StatisticsError::Metric(MetricError::LengthMismatch { .. })
        ));
    }
}
