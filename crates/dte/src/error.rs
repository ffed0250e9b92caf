use detector::DetectorError;
use diffusion_core::ScheduleError;

/// Why a diffusion time estimator cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DteError {
    /// A setting outside its range.
    #[error("{name} = {value}: {expected}")]
    Config {
        /// The setting.
        name: &'static str,
        /// The value given.
        value: String,
        /// What would be valid.
        expected: &'static str,
    },
    /// The schedule cannot be built.
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
}

impl From<DteError> for DetectorError {
    fn from(error: DteError) -> Self {
        match error {
            DteError::Config {
                name,
                value,
                expected,
            } => Self::Config {
                name,
                value,
                expected,
            },
            other => Self::Method(other.to_string()),
        }
    }
}
