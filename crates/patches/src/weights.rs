use detector::State;
use features::Lite0Blocks;
use tch::Device;

use crate::{PatchConfig, PatchRuntime, PatchesError};

/// The hash of the whole file of weights, and the weights themselves, in a stored state.
const SHA256: &str = "weights";
const BLOCKS: &str = "lite0";

/// The weights of the network's blocks that patches are made of.
///
/// A stored state holds them, so that it scores on a machine without network and cache.
#[derive(Debug, Clone)]
pub(crate) struct Weights {
    /// Of the file they are from.
    sha256: String,
    blocks: State,
}

impl Weights {
    /// Those that this program knows, downloaded where they are not there yet.
    pub(crate) fn get(runtime: &PatchRuntime, config: &PatchConfig) -> Result<Self, PatchesError> {
        let file = runtime.lite0()?;
        Ok(Self {
            sha256: features::lite0_sha256().to_owned(),
            blocks: Lite0Blocks::weights(&file, config.n_blocks())?,
        })
    }

    /// Those in `state`, or, where it only names them by the hash of their file, those of that file.
    pub(crate) fn stored(
        state: &State,
        runtime: &PatchRuntime,
        config: &PatchConfig,
    ) -> Result<Self, PatchesError> {
        let (sha256, known): (String, _) = (state.value(SHA256)?, features::lite0_sha256());
        match state.find_part(BLOCKS) {
            Some(blocks) => {
                // Before anything is scored: weights that are not the network's.
                Lite0Blocks::new(blocks, config.n_blocks(), Device::Cpu)?;
                let blocks = blocks.clone();
                Ok(Self { sha256, blocks })
            }
            None if sha256 == known => Self::get(runtime, config),
            None => {
                let reason = format!("of SHA-256 {sha256}, but this program has {known}");
                Err(state.wrong(SHA256, reason).into())
            }
        }
    }

    /// `state` with them.
    pub(crate) fn put(&self, state: State) -> State {
        state
            .with_value(SHA256, &self.sha256)
            .with_part(BLOCKS, self.blocks.clone())
    }

    /// The hash of the file that they are from.
    pub(crate) fn sha256(&self) -> &str {
        &self.sha256
    }

    pub(crate) fn blocks(&self) -> &State {
        &self.blocks
    }
}
