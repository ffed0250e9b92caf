/// Why a transformer cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DitError {
    /// A width or count outside its range.
    #[error("{name} = {value}, expected {expected}")]
    Size {
        /// The setting.
        name: &'static str,
        /// The value given.
        value: usize,
        /// What would be valid.
        expected: &'static str,
    },
    /// A number that its divisor does not divide.
    #[error("{name} = {value}, expected a multiple of {divisor_name} = {divisor}")]
    NotAMultiple {
        /// What was to be divided.
        name: &'static str,
        /// Its value.
        value: usize,
        /// By what.
        divisor_name: &'static str,
        /// The divisor's value.
        divisor: usize,
    },
}
