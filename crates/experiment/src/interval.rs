//! How far the AUROC of a cell may be off because its test rows are a sample.

use metrics::statistics::{Interval, auroc_interval, newcombe_interval};
use record::{AurocInterval, By, LEVEL};

/// By DeLong; where that has no width (all pairs in order, or none, or all equal) or a class has one
/// row only, by Newcombe. `None` where the AUROC itself is undefined.
pub(crate) fn of(scores: &[f64], labels: &[bool]) -> Option<AurocInterval> {
    let of = |Interval { low, high, .. }, by| AurocInterval {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_auroc_has_an_interval_with_a_width() {
        let labels = [true, true, true, false, false, false, false];
        let by = |scores: &[f64; 7], by| {
            let found = of(scores, &labels).unwrap();
            let auroc = metrics::auroc(scores, &labels).unwrap();
            assert_eq!(found.by, by);
            assert!(found.low <= auroc && auroc <= found.high && found.low < found.high);
        };
        by(&[5.0, 2.5, 6.0, 1.0, 2.0, 3.0, 4.0], By::Delong);
        by(&[5.0, 6.0, 7.0, 1.0, 2.0, 3.0, 4.0], By::Newcombe); // 1
        by(&[0.0, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0], By::Newcombe); // 0
        by(&[1.0; 7], By::Newcombe); // 0.5
        let one = of(&[2.0, 1.0, 3.0], &[true, false, false]).unwrap();
        assert_eq!(one.by, By::Newcombe);
        assert_eq!(of(&[2.0, 1.0], &[true, true]), None);
    }
}
