use detector::settings::Setting;
use detector::{DetectorError, StateError};
use diffusion_core::{ProcessError, ScheduleError};
use features::FeaturesError;
use tch::TchError;
use training::TrainingError;

/// Why a patch detector could not fit or score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PatchesError {
    /// A setting outside its range.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// The schedule cannot be built.
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
    /// Too few training images.
    #[error("{n} training images, expected at least 2")]
    TooFewImages {
        /// Images found.
        n: usize,
    },
    /// A training image that cannot be turned to one pose.
    #[error(
        "image {image} shows no long part to turn: its spread along one axis is {elongation:.2} times that across, \
         expected at least {least}; align = \"none\" takes images as they are"
    )]
    NoLongPart {
        /// Number of the image, from 0.
        image: usize,
        /// Standard deviation of the part's pixels along its axis over that across.
        elongation: f64,
        /// The least that is taken.
        least: f64,
    },
    /// The features of an image cannot be computed.
    #[error(transparent)]
    Features(#[from] FeaturesError),
    /// Training failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// The input is not what the detector takes.
    #[error(transparent)]
    Input(DetectorError),
}

impl From<TchError> for PatchesError {
    fn from(error: TchError) -> Self {
        Self::Features(error.into())
    }
}

impl From<ProcessError> for PatchesError {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Setting(setting) => Self::Setting(setting),
            other => Self::Training(TrainingError::Model(other.into())),
        }
    }
}

impl From<StateError> for PatchesError {
    fn from(error: StateError) -> Self {
        Self::Input(error.into())
    }
}

impl From<DetectorError> for PatchesError {
    fn from(error: DetectorError) -> Self {
        Self::Input(error)
    }
}

impl From<PatchesError> for DetectorError {
    fn from(error: PatchesError) -> Self {
        match error {
            PatchesError::Setting(setting) => setting.into(),
            PatchesError::Features(error) => error.into(),
            PatchesError::Training(error) => error.into(),
            PatchesError::Input(error) => error,
            other => Self::method(other.to_string()),
        }
    }
}
