use std::path::PathBuf;

use detector::Progress;
use features::{Backbone, FeaturesError, Normalisation, lite0_weights};
use ndarray::{Array2, ArrayView4};
use residuum::Device;

use crate::torch::tch_device;
use crate::weights::weights_folder;

/// A network that makes a vector of an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Embedder {
    /// EfficientNet-Lite0, whose weights are downloaded once into the cache folder: 1280 numbers.
    Lite0,
    /// A module that `torch.jit.save` wrote. It is a program: only files that are trusted.
    TorchScript {
        /// The file.
        module: PathBuf,
        /// What is done to pixels first; the default is ImageNet's.
        normalisation: Normalisation,
    },
}

/// Images below this are enlarged: a network trained on 224 pixels sees little in 28.
const SMALLEST_SIDE: usize = 128;

impl Embedder {
    /// The vector of each image, `[n, 1 or 3, h, w]` → `[n, d]`; its shorter side is first brought to
    /// `side` pixels, or to 128 where `side` is not given and it is shorter than that.
    ///
    /// # Errors
    /// [`FeaturesError`] where weights cannot be had or the network refuses.
    pub fn embed(
        &self,
        images: ArrayView4<'_, u8>,
        side: Option<usize>,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, FeaturesError> {
        let backbone = match self {
            Self::Lite0 => {
                let folder = weights_folder().ok_or(FeaturesError::NoCache)?;
                Backbone::Lite0 {
                    weights: lite0_weights(&folder)?,
                }
            }
            Self::TorchScript {
                module,
                normalisation,
            } => Backbone::TorchScript {
                module: module.clone(),
                normalisation: *normalisation,
            },
        };
        let (_, _, h, w) = images.dim();
        let side = side.or((h.min(w) < SMALLEST_SIDE).then_some(SMALLEST_SIDE));
        features::embed(&backbone, images, side, tch_device(device), progress)
    }
}

#[cfg(test)]
mod tests {
    use detector::Silent;
    use ndarray::Array4;
    use tch::{CModule, Kind, Tensor};

    use super::*;

    /// `(x/255 − mean)/std`, by a network that answers what it is given.
    #[test]
    fn pixels_are_scaled_as_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let module = dir.path().join("module.pt");
        let x = Tensor::zeros([1, 3, 128, 128], (Kind::Float, tch::Device::Cpu));
        let mut same = |inputs: &[Tensor]| vec![&inputs[0] * 1.0];
        let traced = CModule::create_by_tracing("module", "forward", &[x], &mut same);
        traced.unwrap().save(&module).unwrap();
        let normalisation = Normalisation {
            mean: [0.0, 0.5, 1.0],
            std: [1.0, 0.5, 0.25],
        };
        let embedder = Embedder::TorchScript {
            module,
            normalisation,
        };
        let images = Array4::from_elem((1, 3, 128, 128), 51); // 51/255 = 0.2
        let rows = embedder.embed(images.view(), None, Device::Cpu, &Silent);
        for (found, expected) in rows.unwrap().iter().zip([0.2, -0.6, -3.2]) {
            assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
        }
    }
}
