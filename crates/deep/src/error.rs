use detector::DetectorError;
use training::TrainingError;

/// Why a deep detector cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeepError {
    /// A setting outside its range, or a training that failed.
    #[error(transparent)]
    Training(#[from] TrainingError),
}

impl From<DeepError> for DetectorError {
    fn from(DeepError::Training(error): DeepError) -> Self {
        error.into()
    }
}
