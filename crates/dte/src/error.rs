use detector::DetectorError;
use detector::settings::Setting;
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
    /// Rows too narrow for an inverse gamma distribution.
    #[error("rows of {d} columns: the inverse gamma distribution needs at least 3")]
    TooNarrow {
        /// Columns found.
        d: usize,
    },
    /// A setting of the training is out of range.
    #[error(transparent)]
    Training(#[from] training::TrainingError),
}

impl From<DteError> for DetectorError {
    fn from(error: DteError) -> Self {
        match error {
            DteError::Config {
                name,
                value,
                expected,
            } => Setting::new(name, value, expected.trim_start_matches("expected ")).into(),
            DteError::Training(error) => error.into(),
            other => Self::method(other.to_string()),
        }
    }
}
