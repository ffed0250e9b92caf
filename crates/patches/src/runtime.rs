use std::path::PathBuf;

use features::FeaturesError;

/// Where patch detectors compute, and where they keep things.
#[derive(Debug, Clone)]
pub struct PatchRuntime {
    /// Device and trained models.
    pub training: training::Runtime,
    /// The folder of downloaded weights; `None` where there is none on this machine.
    pub weights: Option<PathBuf>,
}

impl PatchRuntime {
    /// The file of the network's weights, downloaded where it is not there yet.
    pub(crate) fn lite0(&self) -> Result<PathBuf, crate::PatchesError> {
        let folder = self.weights.as_ref().ok_or(FeaturesError::NoCache)?;
        Ok(features::lite0_weights(folder)?)
    }
}
