use detector::settings::Setting;
use detector::{DetectorError, StateError};
use diffusion_core::{ProcessError, ScheduleError, ScoreConfigError};
use training::TrainingError;

/// Why a diffusion detector cannot be built, trained or asked for scores.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffusionError {
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
    /// The training or a score failed.
    #[error(transparent)]
    Training(TrainingError),
}

impl From<TrainingError> for DiffusionError {
    fn from(error: TrainingError) -> Self {
        match error {
            TrainingError::Config {
                name,
                value,
                expected,
            } => Self::Config {
                name,
                value,
                expected,
            },
            other => Self::Training(other),
        }
    }
}

impl From<StateError> for DiffusionError {
    fn from(error: StateError) -> Self {
        Self::Training(error.into())
    }
}

impl From<ProcessError> for DiffusionError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Setting {
                name,
                value,
                expected,
            } => Self::Config {
                name,
                value,
                expected,
            },
            other => Self::Training(TrainingError::Model(other.into())),
        }
    }
}

impl From<ScoreConfigError> for DiffusionError {
    fn from(error: ScoreConfigError) -> Self {
        Self::Config {
            name: error.name,
            value: error.value,
            expected: error.expected,
        }
    }
}

impl From<DiffusionError> for DetectorError {
    fn from(error: DiffusionError) -> Self {
        match error {
            DiffusionError::Config {
                name,
                value,
                expected,
            } => Setting::new(name, value, expected.trim_start_matches("expected ")).into(),
            DiffusionError::Training(error) => error.into(),
            other => Self::method(other.to_string()),
        }
    }
}
