/// A draw that NumPy refuses as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RandomError {
    /// A range without a value in it.
    #[error("no integer in {low}..{high}")]
    EmptyRange {
        /// The smallest value allowed.
        low: i64,
        /// The first value beyond the range.
        high: i64,
    },
    /// More draws without replacement than there are values.
    #[error("cannot draw {size} of {n} values without replacement")]
    TooMany {
        /// Values there are.
        n: usize,
        /// Draws asked for.
        size: usize,
    },
}
