//! How far the AUROC of a cell may be off because its test rows are a sample.

use metrics::statistics::{Interval, auroc_interval, newcombe_interval};
use serde::{Deserialize, Serialize};

/// The level of every interval in a cell.
const LEVEL: f64 = 0.95;

/// Interval for the AUROC, fractions at full precision. Training and its seed are taken as given.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct AurocInterval {
    pub(crate) level: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) by: By,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    /// DeLong et al. (1988), from the scores.
    Delong,
    /// Newcombe (2006), from the AUROC and the number of rows.
    Newcombe,
}

impl AurocInterval {
    /// By DeLong; where that has no width (all pairs in order, or none, or all equal) or a class has one
    /// row only, by Newcombe. `None` where the AUROC itself is undefined.
    pub(crate) fn of(scores: &[f64], labels: &[bool]) -> Option<Self> {
        let of = |Interval { low, high, .. }, by| Self {
            level: LEVEL,
            low,
            high,
            by,
        };
        if let Ok(interval) = auroc_interval(scores, labels, LEVEL) {
            return Some(of(interval, By::Delong));
        }
        let auroc = metrics::auroc(scores, labels).ok()?;
        let anomalies = labels.iter().filter(|&&anomaly| anomaly).count();
        let normals = labels.len() - anomalies;
        let interval = newcombe_interval(auroc, anomalies, normals, LEVEL).ok()?;
        Some(of(interval, By::Newcombe))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_auroc_has_an_interval_with_a_width() {
        let labels = [true, true, true, false, false, false, false];
        let by = |scores: &[f64; 7], by| {
            let found = AurocInterval::of(scores, &labels).unwrap();
            let auroc = metrics::auroc(scores, &labels).unwrap();
            assert_eq!(found.by, by);
            assert!(found.low <= auroc && auroc <= found.high && found.low < found.high);
        };
        by(&[5.0, 2.5, 6.0, 1.0, 2.0, 3.0, 4.0], By::Delong);
        by(&[5.0, 6.0, 7.0, 1.0, 2.0, 3.0, 4.0], By::Newcombe); // 1
        by(&[0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0], By::Newcombe); // 0
        by(&[1.0; 7], By::Newcombe); // 0.5
        let one = AurocInterval::of(&[2.0, 1.0, 3.0], &[true, false, false]).unwrap();
        assert_eq!(one.by, By::Newcombe);
        assert_eq!(AurocInterval::of(&[2.0, 1.0], &[true, true]), None);
    }
}
