use std::path::PathBuf;

use detector::Progress;
use features::{Backbone, FeaturesError, Normalisation, lite0_weights};
use ndarray::{Array2, ArrayView4};

use crate::{Device, registry};

/// A network that makes a vector of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Embedder {
    /// EfficientNet-Lite0, whose weights are downloaded once into the cache folder: 1280 numbers.
    Lite0,
    /// A module that `torch.jit.save` wrote, given pixels as ImageNet's networks are. It is a program:
    /// only files that are trusted.
    TorchScript(PathBuf),
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
            Self::TorchScript(module) => Backbone::TorchScript {
                module: module.clone(),
                normalisation: Normalisation::default(),
            },
        };
        let (_, _, h, w) = images.dim();
        let side = side.or((h.min(w) < SMALLEST_SIDE).then_some(SMALLEST_SIDE));
        features::embed(
            &backbone,
            images,
            side,
            registry::tch_device(device),
            progress,
        )
    }
}

/// Where downloaded weights are kept.
pub(crate) fn weights_folder() -> Option<PathBuf> {
    datasets::cache_folder().map(|cache| cache.join("weights"))
}
