use metrics::statistics::{
    Bootstrap, Interval, StatisticsError, bootstrap_interval, wilson_interval,
};
use metrics::{Metrics, average_precision};
use record::{AurocInterval, Curve, Histogram, LEVEL};

use crate::{ExperimentError, curves, interval};

/// How well scores tell anomalies from normal rows. Every interval has the level [`LEVEL`] and says how far
/// a figure may be off because the rows are a sample; the fitted detector is taken as given.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// Normal rows.
    pub normals: usize,
    /// Anomalies.
    pub anomalies: usize,
    /// The metrics of a cell.
    pub metrics: Metrics,
    /// For the AUROC, as a cell has it.
    pub auroc: Option<AurocInterval>,
    /// For the average precision, by the bootstrap; `None` where all samples have the same one, as for a perfect
    /// ranking: an interval without width would be a lie.
    pub ap: Option<Interval>,
    /// What came of the decisions; `None` where none were made.
    pub alarms: Option<Alarms>,
    /// Points of the ROC curve.
    pub curve: Curve,
    /// Of the scores, by class; `None` where there is none.
    pub histogram: Option<Histogram>,
}

/// What came of decisions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Alarms {
    /// Of the normal rows, those that were called anomalies: the false-positive rate.
    pub false_positives: Share,
    /// Of the anomalies, those that were found: the recall.
    pub detected: Share,
    /// Of the rows that were called anomalies, those that are; `None` where none was.
    pub precision: Option<Share>,
}

/// A share of rows with its interval by Wilson.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// How many.
    pub hits: usize,
    /// Of how many.
    pub of: usize,
    /// `hits / of` and its interval.
    pub interval: Interval,
}

impl Share {
    /// `hits` of `of` rows.
    ///
    /// # Errors
    /// No rows, and more hits than rows.
    pub fn new(hits: usize, of: usize) -> Result<Self, StatisticsError> {
        let interval = wilson_interval(hits, of, LEVEL)?;
        Ok(Self { hits, of, interval })
    }
}

/// A bootstrap computes the metric of about so many rows, and draws no fewer samples than [`FEWEST_SAMPLES`].
const MOST_DRAWN: usize = 40_000_000;
const FEWEST_SAMPLES: usize = 200;

impl Evaluation {
    /// Of `scores` (higher is more anomalous) and decisions against `labels` (true is an anomaly).
    ///
    /// # Errors
    /// [`ExperimentError::Metric`] where lengths differ, a score is not finite or a class is missing.
    pub fn of(
        scores: &[f64],
        labels: &[bool],
        alarms: Option<&[bool]>,
    ) -> Result<Self, ExperimentError> {
        let metrics = Metrics::of(scores, labels)?;
        let resamples = MOST_DRAWN / labels.len();
        let bootstrap = Bootstrap {
            resamples: resamples.clamp(FEWEST_SAMPLES, Bootstrap::default().resamples),
            level: LEVEL,
            ..Bootstrap::default()
        };
        let ap = bootstrap_interval(scores, labels, average_precision, bootstrap)?;
        let anomalies = labels.iter().filter(|&&anomaly| anomaly).count();
        Ok(Self {
            normals: labels.len() - anomalies,
            anomalies,
            metrics,
            auroc: interval::of(scores, labels),
            ap: Some(ap).filter(|ap| ap.low < ap.high),
            alarms: alarms
                .map(|alarms| Alarms::of(alarms, labels))
                .transpose()?,
            curve: curves::curve(scores, labels)?,
            histogram: curves::histogram(scores, labels),
        })
    }
}

impl Alarms {
    fn of(alarms: &[bool], labels: &[bool]) -> Result<Self, StatisticsError> {
        if alarms.len() != labels.len() {
            return Err(StatisticsError::LengthMismatch {
                what: "decisions",
                first: alarms.len(),
                second: labels.len(),
            });
        }
        let count = |alarm: bool, anomaly: bool| {
            let rows = alarms.iter().zip(labels);
            rows.filter(|&row| row == (&alarm, &anomaly)).count()
        };
        let (found, missed) = (count(true, true), count(false, true));
        let (falsely, rightly) = (count(true, false), count(false, false));
        Ok(Self {
            false_positives: Share::new(falsely, falsely + rightly)?,
            detected: Share::new(found, found + missed)?,
            precision: match found + falsely {
                0 => None,
                called => Some(Share::new(found, called)?),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decisions_are_counted_by_class() {
        let scores = [1.0, 2.0, 3.0, 4.0, 5.0, 2.5];
        let labels = [false, false, false, true, true, true];
        let alarms = scores.map(|score| score > 2.9);
        let found = Evaluation::of(&scores, &labels, Some(&alarms)).unwrap();
        assert_eq!((found.normals, found.anomalies), (3, 3));
        assert_eq!(found.metrics, Metrics::of(&scores, &labels).unwrap());
        let ap = found.ap.unwrap();
        assert_eq!(ap.estimate, found.metrics.ap);
        assert!(ap.low < ap.estimate && ap.estimate < ap.high);
        let alarms = found.alarms.unwrap();
        let counts = |share: Share| (share.hits, share.of);
        assert_eq!(counts(alarms.false_positives), (1, 3));
        assert_eq!(counts(alarms.detected), (2, 3));
        assert_eq!(counts(alarms.precision.unwrap()), (2, 3));
    }

    #[test]
    fn without_alarms_there_is_no_precision_and_one_class_is_an_error() {
        let none = Evaluation::of(&[1.0, 2.0], &[false, true], Some(&[false; 2])).unwrap();
        assert_eq!(none.alarms.unwrap().precision, None);
        // A perfect ranking is one in every sample.
        assert_eq!((none.metrics.ap, none.ap), (1.0, None));
        assert!(Evaluation::of(&[1.0, 2.0], &[true; 2], None).is_err());
        assert!(Evaluation::of(&[1.0, 2.0], &[false, true], Some(&[true])).is_err());
    }
}
