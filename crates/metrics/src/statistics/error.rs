use crate::MetricError;

/// Why a statistic is undefined for its input.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatisticsError {
    /// The metric itself is undefined.
    #[error(transparent)]
    Metric(#[from] MetricError),
    /// Too little to say anything about spread.
    #[error("{found} {what}, expected at least {expected}")]
    TooFew {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// More than can be enumerated.
    #[error("{found} {what}, expected at most {most}")]
    TooMany {
        /// What is counted.
        what: &'static str,
        /// How many there are.
        found: usize,
        /// How many are allowed.
        most: usize,
    },
    /// Two lists belong together.
    #[error("{first} {what} beside {second}, expected as many")]
    LengthMismatch {
        /// What is counted.
        what: &'static str,
        /// How many on one side.
        first: usize,
        /// How many on the other.
        second: usize,
    },
    /// A value is NaN or infinite.
    #[error("value {value} at place {index}, expected a finite number")]
    NotFinite {
        /// The first such place, from 0; tables count in rows.
        index: usize,
        /// The value there.
        value: f64,
    },
    /// A probability lies where there is no answer.
    #[error("{name} is {value}, expected a number {range}")]
    Probability {
        /// Name of the parameter.
        name: &'static str,
        /// What was passed.
        value: f64,
        /// What is allowed, in words.
        range: &'static str,
    },
    /// The estimate of the variance is 0, so that an interval would have no width and a test statistic
    /// no denominator: a perfect AUROC, or scorings with the same order.
    #[error("no spread in {what}: its variance cannot be estimated from these rows")]
    NoSpread {
        /// What does not vary.
        what: &'static str,
    },
    /// Two lists of values agree everywhere, so that there is nothing to test.
    #[error("all {pairs} pairs are equal")]
    NoDifference {
        /// Number of pairs.
        pairs: usize,
    },
    /// On every data set all methods tie.
    #[error("all methods tie on each of {sets} data sets")]
    AllTied {
        /// Number of data sets.
        sets: usize,
    },
}

/// A probability strictly between 0 and 1, such as the level of an interval.
pub(super) fn check_open(name: &'static str, value: f64) -> Result<(), StatisticsError> {
    // Written so that NaN fails too.
    if value > 0.0 && value < 1.0 {
        return Ok(());
    }
    let range = "between 0 and 1";
    Err(StatisticsError::Probability { name, value, range })
}

pub(super) fn check_finite<'a>(
    values: impl IntoIterator<Item = &'a f64>,
) -> Result<(), StatisticsError> {
    let mut values = values.into_iter().enumerate();
    match values.find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(StatisticsError::NotFinite { index, value }),
        None => Ok(()),
    }
}

pub(super) fn check_count(
    what: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), StatisticsError> {
    if found >= expected {
        return Ok(());
    }
    Err(StatisticsError::TooFew {
        what,
        found,
        expected,
    })
}
