use std::path::PathBuf;

use detector::Progress;
use files::hex;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tch::{Device, Tensor};

use crate::{ModelFolder, TrainingError};

/// What trained models depend on besides their settings: raised when a change of the code gives other
/// weights for the same settings.
const GENERATION: u32 = 2;
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
    /// It is found by all that decides about the weights: `description`, `seed`, the bytes of `x`, this
    /// crate's version, libtorch and the kind of device. A description is the names and the whole
    /// configurations of a method and its network; of each configuration the tables `score` and `map` and
    /// the settings `map-*` are left out, by which a trained network is scored. While another process holds
    /// the folder this one waits, unless `progress` is interrupted.
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
        let model = self.model(description, seed, x)?;
        ModelFolder::open(models, model, progress).map(Some)
    }

    /// What a model is found by.
    pub(crate) fn model(
        &self,
        description: &impl Serialize,
        seed: u64,
        x: &Tensor,
    ) -> Result<Value, TrainingError> {
        let device = match self.device {
            Device::Cuda(_) => "cuda".to_owned(),
            other => format!("{other:?}").to_lowercase(),
        };
        let description = serde_json::to_value(description);
        let description = description.map_err(|e| TrainingError::Model(e.into()))?;
        Ok(json!({
            "generation": GENERATION,
            "version": env!("CARGO_PKG_VERSION"),
            "libtorch": LIBTORCH,
            "device": device,
            "model": of_the_weights(description),
            "seed": seed,
            "shape": x.size(),
            "data": data_hash(x)?,
        }))
    }
}

/// Of each configuration in `description` all but what decides about scores and maps alone.
fn of_the_weights(description: Value) -> Value {
    let decides = |name: &str| name != "score" && name != "map" && !name.starts_with("map-");
    match description {
        Value::Object(settings) => settings
            .into_iter()
            .filter(|(name, _)| decides(name))
            .collect(),
        Value::Array(parts) => parts.into_iter().map(of_the_weights).collect(),
        other => other,
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
    fn every_setting_but_those_of_scores_and_maps_is_part_of_the_description() {
        let settings = json!({"steps": 9, "train": {"ema": 0.5}, "score": {"start": [9]}});
        let images = json!({"flip": true, "map-sigma": 2.0, "map": {"smoothing": 4.0}});
        let kept = of_the_weights(json!(["net {\"score\": 1}", settings, images, null]));
        let settings = json!({"steps": 9, "train": {"ema": 0.5}});
        assert_eq!(
            kept,
            json!(["net {\"score\": 1}", settings, {"flip": true}, null])
        );
    }

    #[test]
    fn without_a_folder_nothing_is_kept() {
        let x = Tensor::from(1.0);
        let folder = Runtime::new(Device::Cpu).folder(&"net", 0, &x, &Silent);
        assert!(folder.unwrap().is_none());
    }
}
