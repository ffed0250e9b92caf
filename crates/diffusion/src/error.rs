use detector::settings::Setting;
use detector::{DetectorError, StateError};
use diffusion_core::{ProcessError, ScheduleError};
use training::TrainingError;

/// Why a diffusion detector cannot be built, trained or asked for scores.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffusionError {
    /// A setting outside its range.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// The schedule cannot be built.
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
    /// The training or a score failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
}

impl From<StateError> for DiffusionError {
    fn from(error: StateError) -> Self {
        Self::Training(error.into())
    }
}

impl From<ProcessError> for DiffusionError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Setting(setting) => Self::Setting(setting),
            other => Self::Training(TrainingError::Model(other.into())),
        }
    }
}

impl From<DiffusionError> for DetectorError {
    fn from(error: DiffusionError) -> Self {
        match error {
            DiffusionError::Setting(setting) => setting.into(),
            DiffusionError::Training(error) => error.into(),
            other => Self::method(other.to_string()),
        }
    }
}
