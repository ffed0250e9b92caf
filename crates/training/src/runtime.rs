use std::path::PathBuf;

use detector::Progress;
use files::hex;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use tch::{Device, Tensor};

use crate::{ModelFolder, TrainingError};

/// What trained models depend on besides their settings: raised when a change of the code gives other
/// weights for the same settings.
const GENERATION: u32 = 1;
/// The libtorch that tch is made for; another rounds differently.
const LIBTORCH: &str = "2.11";

/// Where networks are trained and where they are kept.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// The device of the tensors.
    pub device: Device,
    /// The folder of trained models and of checkpoints; without one nothing is kept.
    pub models: Option<PathBuf>,
}

impl Runtime {
    /// A runtime that keeps nothing.
    pub fn new(device: Device) -> Self {
        Self {
            device,
            models: None,
        }
    }

    /// The folder of one model, locked until it is dropped, or `None` where nothing is kept.
    ///
    /// It is found by all that decides about the weights: `description` (the network and its training,
    /// not the score), `seed`, the bytes of `x`, this crate's version, libtorch and the
    /// kind of device. While another process
    /// holds it this one waits, unless `progress` is interrupted.
    ///
    /// # Errors
    /// [`TrainingError::File`] where the folder cannot be made or locked,
    /// [`TrainingError::Interrupted`].
    pub fn folder(
        &self,
        description: &impl Serialize,
        seed: u64,
        x: &Tensor,
        progress: &dyn Progress,
    ) -> Result<Option<ModelFolder>, TrainingError> {
        let Some(models) = &self.models else {
            return Ok(None);
        };
        let device = match self.device {
            Device::Cuda(_) => "cuda".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        let model = json!({
            "generation": GENERATION,
            "version": env!("CARGO_PKG_VERSION"),
            "libtorch": LIBTORCH,
            "device": device,
            "model": serde_json::to_value(description).map_err(|e| TrainingError::Network(e.into()))?,
            "seed": seed,
            "shape": x.size(),
            "data": data_hash(x)?,
        });
        ModelFolder::open(models, model, progress).map(Some)
    }
}

/// SHA-256 of the bytes of `x`, row after row.
fn data_hash(x: &Tensor) -> Result<String, TrainingError> {
    let mut hash = Sha256::new();
    for chunk in x.f_reshape([-1])?.f_split(1 << 20, 0)? {
        let numel = chunk.numel();
        let mut bytes = vec![0; numel * chunk.kind().elt_size_in_bytes()];
        chunk.f_copy_data_u8(&mut bytes, numel)?;
        hash.update(&bytes);
    }
    Ok(hex(&hash.finalize()))
}

#[cfg(test)]
mod tests {
    use detector::Silent;

    use super::*;

    #[test]
    fn everything_that_decides_about_the_weights_makes_another_folder() {
        let models = tempfile::tempdir().unwrap();
        let runtime = Runtime {
            models: Some(models.path().to_owned()),
            ..Runtime::new(Device::Cpu)
        };
        let x = Tensor::from_slice(&[0.0f32, 1.0, 2.0, 3.0]);
        let name = |description: &str, seed, x: &Tensor| {
            let folder = runtime.folder(&description, seed, x, &Silent);
            folder.unwrap().unwrap().path().to_owned()
        };
        let first = name("net", 0, &x.view([2, 2]));
        assert_eq!(first, name("net", 0, &x.view([2, 2])));
        let others = [
            name("net 2", 0, &x.view([2, 2])),
            name("net", 1, &x.view([2, 2])),
            name("net", 0, &x.view([4, 1])),
            name("net", 0, &x.view([2, 2]).transpose(0, 1)),
        ];
        for other in &others {
            assert_ne!(&first, other);
        }
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let x = Tensor::from(1.0);
        let folder = Runtime::new(Device::Cpu).folder(&"net", 0, &x, &Silent);
        assert!(folder.unwrap().is_none());
    }
}
