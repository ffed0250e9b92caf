/// Why a metric is undefined for its input.
///
/// Undefined is never replaced by a convenient number: an AUROC over one class is not 0.5.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MetricError {
    /// No rows at all.
    #[error("no rows: a metric needs at least one anomaly and one normal row")]
    Empty,
    /// As many labels as scores are needed.
    #[error("{scores} scores but {labels} labels")]
    LengthMismatch {
        /// Number of scores.
        scores: usize,
        /// Number of labels.
        labels: usize,
    },
    /// A score is NaN or infinite. An infinite score could be ranked, but no detector returns one on
    /// purpose, and several overflows would tie where the rows differ.
    #[error("score {value} in row {row}, expected a finite number")]
    NotFinite {
        /// The first such row, from 0.
        row: usize,
        /// Its score.
        value: f64,
    },
    /// Every row is normal.
    #[error("no anomaly among {rows} rows, expected both classes")]
    NoAnomaly {
        /// Number of rows.
        rows: usize,
    },
    /// Every row is an anomaly.
    #[error("no normal row among {rows} rows, expected both classes")]
    NoNormal {
        /// Number of rows.
        rows: usize,
    },
    /// Two scorings of the same rows have as many scores.
    #[error("{first} scores beside {second}, expected as many")]
    PairMismatch {
        /// Scores on one side.
        first: usize,
        /// Scores on the other.
        second: usize,
    },
    /// Every score is the same, where an order is needed.
    #[error("all {rows} scores are equal")]
    Constant {
        /// Number of rows.
        rows: usize,
    },
    /// A rate given as a parameter lies outside (0, 1].
    #[error("{name} is {value}, expected a rate above 0 and at most 1")]
    RateOutOfRange {
        /// Name of the parameter.
        name: &'static str,
        /// What was passed.
        value: f64,
    },
}

/// A rate in (0, 1].
pub(crate) fn check_rate(name: &'static str, value: f64) -> Result<(), MetricError> {
    // Written so that NaN fails too.
    if value > 0.0 && value <= 1.0 {
        Ok(())
    } else {
        Err(MetricError::RateOutOfRange { name, value })
    }
}
