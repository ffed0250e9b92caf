use detector::DetectorError;
use detector::settings::Setting;
use diffusion_core::ScheduleError;

/// Why a diffusion time estimator cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DteError {
    /// A setting outside its range.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// The schedule cannot be built.
    #[error("schedule: {0}")]
    Schedule(#[from] ScheduleError),
    /// Rows too narrow for an inverse gamma distribution.
    #[error("rows of {d} columns: the inverse gamma distribution needs at least 3")]
    TooNarrow {
        /// Columns found.
        d: usize,
    },
}

impl From<DteError> for DetectorError {
    fn from(error: DteError) -> Self {
        match error {
            DteError::Setting(setting) => setting.into(),
            other => Self::method(other.to_string()),
        }
    }
}
