/// Why a U-Net cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UnetError {
    /// A setting outside its range.
    #[error("{name} = {value}, expected {expected}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// The value given.
        value: String,
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
    /// Attention at a resolution that the network never has.
    #[error("attention = {resolution}, expected one of the resolutions {resolutions:?}")]
    Resolution {
        /// The resolution asked for.
        resolution: usize,
        /// The longer side of the feature maps, level by level.
        resolutions: Vec<usize>,
    },
}
