use detector::settings::{Setting, in_range};
use std::sync::Mutex;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tch::{Kind, Tensor};
use training::Session;

use crate::gaussians::Gaussians;
use crate::scorer::{Fitted, LAYOUT, PatchScorer, Settings, Turn};
use crate::space::PatchSpace;
use crate::weights::Weights;
use crate::{Align, MapConfig, PatchConfig, PatchRuntime, PatchesError};

/// Settings of [`Padim`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PadimConfig {
    /// Share of the covariance of all patches in that of a place.
    pub shrinkage: f64,
    /// What a patch is.
    pub patches: PatchConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

impl Default for PadimConfig {
    fn default() -> Self {
        Self {
            shrinkage: 0.1,
            patches: PatchConfig::default(),
            map: MapConfig::default(),
        }
    }
}

/// PaDiM (Defard et al. 2021, arXiv:2011.08785): a Gaussian of normal patches at each place, the
/// Mahalanobis distance as the map.
///
/// # Differences from the paper
/// The network is EfficientNet-Lite0; patches keep their principal components, where the paper draws
/// channels at random; each covariance is shrunk towards that of all patches, where the paper adds 0.01
/// to its diagonal.
#[derive(Debug, Clone)]
pub struct Padim {
    config: PadimConfig,
    runtime: PatchRuntime,
}

impl Padim {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`PatchesError::Setting`].
    pub fn new(config: PadimConfig, runtime: PatchRuntime) -> Result<Self, PatchesError> {
        config.patches.check()?;
        config.map.check()?;
        check_shrinkage(config.shrinkage)?;
        Ok(Self { config, runtime })
    }

    fn fitted(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PatchScorer<Mutex<Gaussians>>, PatchesError> {
        let images = x.images()?;
        let (_, c, h, w) = images.dim();
        let (config, device) = (&self.config, self.runtime.training.device);
        let weights = Weights::get(&self.runtime, &config.patches)?;
        let frame = (&config.patches, config.patches.square());
        let space = PatchSpace::fit(frame, weights, images, seed, device, progress)?;
        let patches = space.project(images, progress)?;
        let _session = Session::begin(device)?;
        Ok(PatchScorer {
            description: self.description(),
            model: Mutex::new(Gaussians::fit(&patches, config.shrinkage)?),
            space,
            map: config.map.clone(),
            align: Align::None,
            shape: [c, h, w],
        })
    }

    fn description(&self) -> Value {
        json!(["padim", self.config])
    }

    fn restored(&self, state: &State) -> Result<PatchScorer<Mutex<Gaussians>>, PatchesError> {
        let (patches, device) = (&self.config.patches, self.runtime.training.device);
        let settings = Settings {
            description: self.description(),
            patches,
            map: &self.config.map,
            align: Align::None,
            runtime: &self.runtime,
        };
        PatchScorer::restore(state, settings, |state| {
            state.expect(Gaussians::KIND, LAYOUT)?;
            let sizes = [patches.n_patches(), patches.width()];
            Ok(Mutex::new(Gaussians::stored(state, sizes, device)?))
        })
    }
}

pub(crate) fn check_shrinkage(shrinkage: f64) -> Result<(), Setting> {
    in_range("shrinkage", shrinkage, 0.0..=1.0)
}

impl Detector for Padim {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.fitted(x, seed, progress)?))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(Box::new(self.restored(state)?))
    }
}

impl Fitted for Gaussians {
    const KIND: &'static str = "gaussians";

    fn tensors(&self) -> Result<Vec<(&'static str, Tensor)>, PatchesError> {
        let named = self.tensors().into_iter();
        Ok(named.map(|(name, x)| (name, x.shallow_clone())).collect())
    }

    fn distances(&self, x: &Tensor, _turn: &Turn<'_>) -> Result<Tensor, PatchesError> {
        let squares = self.whiten(x)?.f_square()?;
        Ok(squares.f_sum_dim_intlist(2, false, Kind::Float)?.f_sqrt()?)
    }
}
