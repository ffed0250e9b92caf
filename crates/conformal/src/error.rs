/// Why no decision can be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConformalError {
    /// No calibration score.
    #[error("no calibration scores, expected at least one")]
    Empty,
    /// A score is NaN or infinite.
    #[error("score {value} in row {row}, expected a finite number")]
    NotFinite {
        /// The first such row of what was passed, from 0.
        row: usize,
        /// Its score.
        value: f64,
    },
    /// Stored calibration scores do not ascend.
    #[error("calibration score {row} is smaller than the one before it, expected ascending scores")]
    Unsorted {
        /// The first such score, from 0.
        row: usize,
    },
    /// A number outside its range.
    #[error("{name} is {value}, expected {expected}")]
    OutOfRange {
        /// What the number is.
        name: &'static str,
        /// What was passed.
        value: f64,
        /// What it may be.
        expected: &'static str,
    },
    /// Too few calibration rows for what is asked.
    #[error("{rows} calibration rows, expected at least {needed}")]
    TooFew {
        /// Rows that there are.
        rows: usize,
        /// Rows that would do.
        needed: usize,
    },
    /// One score for each fold is needed.
    #[error("{found} scores, expected one for each of {folds} folds")]
    Folds {
        /// Folds of the calibration.
        folds: usize,
        /// Scores passed.
        found: usize,
    },
    /// The largest calibration scores are equal, so that no tail can be fitted.
    #[error(
        "{distinct} of the largest {count} calibration scores lie above the others, expected {needed}"
    )]
    TiedTail {
        /// Scores above the start of the tail.
        distinct: usize,
        /// Scores of the tail.
        count: usize,
        /// Scores that would do.
        needed: usize,
    },
    /// A stored object contradicts itself.
    #[error("stored {what}")]
    Stored {
        /// What is wrong with it.
        what: String,
    },
}

/// A finite score.
pub(crate) fn check_score(row: usize, value: f64) -> Result<f64, ConformalError> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ConformalError::NotFinite { row, value })
    }
}

/// A rate strictly between 0 and 1.
pub(crate) fn check_rate(name: &'static str, value: f64) -> Result<f64, ConformalError> {
    // Written so that NaN fails too.
    if value > 0.0 && value < 1.0 {
        Ok(value)
    } else {
        let expected = "a number above 0 and below 1";
        Err(ConformalError::OutOfRange {
            name,
            value,
            expected,
        })
    }
}

/// A number from 0 to 1, both included.
pub(crate) fn check_share(name: &'static str, value: f64) -> Result<f64, ConformalError> {
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        let expected = "a number from 0 to 1";
        Err(ConformalError::OutOfRange {
            name,
            value,
            expected,
        })
    }
}
