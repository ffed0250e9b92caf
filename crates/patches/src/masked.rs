use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use diffusion_core::{Denoiser, Process, Target};
use serde_json::{Value, json};
use tch::{Tensor, nn};
use training::{BoxError, Plan, Session, Trained, TrainingError, fit, restore};

use crate::ddpm_config::build_schedule;
use crate::masked_model::MaskedModel;
use crate::prepared::{Fixed, Prepared};
use crate::scorer::{PatchScorer, Settings};
use crate::space::PatchSpace;
use crate::weights::Weights;
use crate::{Align, MaskedDdpmConfig, PatchRuntime, PatchesError};

type Network = Result<Box<dyn Denoiser>, BoxError>;
type Build = dyn Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync;

/// Diffusion on whole maps of patches some of which are hidden: a network learns to predict them
/// from the others, and a patch is as anomalous as it differs from that prediction.
///
/// # Formula
/// A mask `m` hides patches `x` by noise, `x_t = √ᾱ_t·x + √(1−ᾱ_t)·e`; the network gets these, the others
/// as they are, and `m`, and predicts `v` of the hidden ones. Training: all noise levels, `L_simple` over
/// the hidden patches. Score of a patch at the levels `t`, by the one mask that hides it:
/// `√(mean over t of ‖(mean over e of x̂_0) − x‖²)`, with draws `e` and `−e` for each place, the same for
/// all images. So a patch is never part of what it is judged by but for what noise leaves of it.
///
/// The mean over `±e` comes before the square: noise that the network passes on linearly cancels, where
/// `‖x̂_0 − x‖²` would add to each place what its own draws happen to weigh. An untrained network, which
/// answers 0, then ranks by `‖x‖` exactly.
///
/// It knows no network: `build` makes one for maps of `[k + 1, g, g]` under the given path, the last
/// channel of its input being the mask and that of its answer of no meaning.
pub struct MaskedDdpm {
    config: MaskedDdpmConfig,
    network: String,
    runtime: PatchRuntime,
    build: Box<Build>,
}

impl fmt::Debug for MaskedDdpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MaskedDdpm")
            .field("config", &self.config)
            .field("network", &self.network)
            .field("runtime", &self.runtime)
            .finish_non_exhaustive()
    }
}

impl MaskedDdpm {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// `network` says what `build` makes, with all its settings: kept models are found by it.
    ///
    /// # Errors
    /// [`PatchesError::Setting`], [`PatchesError::Training`].
    pub fn new<F>(
        config: MaskedDdpmConfig,
        network: impl Into<String>,
        runtime: PatchRuntime,
        build: F,
    ) -> Result<Self, PatchesError>
    where
        F: Fn(&nn::Path<'_>, [usize; 3]) -> Network + Send + Sync + 'static,
    {
        config.check()?;
        Ok(Self {
            config,
            network: network.into(),
            runtime,
            build: Box::new(build),
        })
    }

    fn fitted(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PatchScorer<Trained<MaskedModel>>, PatchesError> {
        let images = x.images()?;
        let (_, c, h, w) = images.dim();
        let (config, device) = (&self.config, self.runtime.training.device);
        // Before minutes of features: a network that cannot be built.
        {
            let _session = Session::begin(device)?;
            self.network(&nn::VarStore::new(device).root())?;
        }
        let weights = Weights::get(&self.runtime, &config.patches)?;
        let frame = (&config.patches, config.patches.square());
        let space = PatchSpace::fit(frame, weights, images, seed, device, progress)?;
        let patches = space.project(images, progress)?; // [n, p, k]
        Ok(PatchScorer {
            description: self.description(),
            model: self.trained(&patches, seed, progress)?,
            space,
            map: config.map.clone(),
            align: Align::None,
            shape: [c, h, w],
        })
    }

    /// The untrained network.
    fn network(&self, vs: &nn::Path<'_>) -> Result<Box<dyn Denoiser>, TrainingError> {
        let grid = self.config.patches.grid;
        let map = [self.config.patches.width() + 1, grid, grid];
        (self.build)(vs, map).map_err(TrainingError::Network)
    }

    fn restored(&self, state: &State) -> Result<PatchScorer<Trained<MaskedModel>>, PatchesError> {
        let (config, device) = (&self.config, self.runtime.training.device);
        let settings = Settings {
            description: self.description(),
            patches: &config.patches,
            map: &config.map,
            align: Align::None,
            runtime: &self.runtime,
        };
        PatchScorer::restore(state, settings, |state| {
            let sizes = [config.patches.n_patches(), config.patches.width()];
            let (whitening, score, noise) = (config.whitening, &config.score, self.noise());
            Ok(restore(&self.plan(), state, |vs, _| {
                let fixed = Fixed::stored(state, sizes, whitening, score, &noise, device)?;
                Ok(self.model(vs, fixed)?)
            })?)
        })
    }

    fn plan(&self) -> Plan<'_, (&str, &MaskedDdpmConfig)> {
        Plan {
            description: (&self.network, &self.config),
            train: &self.config.train,
            runtime: &self.runtime.training,
        }
    }

    fn description(&self) -> Value {
        json!([self.network, self.config])
    }

    /// The shape of one draw of noise.
    fn noise(&self) -> [i64; 3] {
        let grid = self.config.patches.grid;
        [self.config.patches.width(), grid, grid].map(|side| side as i64)
    }

    /// The untrained network with its loss and its score.
    fn model(&self, vs: &nn::Path<'_>, fixed: Fixed) -> Result<MaskedModel, PatchesError> {
        let (config, device) = (&self.config, vs.device());
        let schedule = build_schedule(&config.schedule, config.steps)?;
        Ok(MaskedModel {
            network: self.network(vs)?,
            process: Process::new(schedule, device)?.with_target(Target::V),
            masks: config.mask.masks(config.patches.grid, device)?, // [m, 1, g, g]
            whitener: fixed.whitener,
            noise: fixed.noise,
            levels: config.score.levels.clone(),
        })
    }

    /// A trained model of the patches of normal images, `[n, p, k]`.
    fn trained(
        &self,
        patches: &Tensor,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Trained<MaskedModel>, PatchesError> {
        let config = &self.config;
        let whitening = (config.whitening, config.shrinkage);
        let (noise, runtime) = (self.noise(), &self.runtime);
        let prepared = Prepared::new(patches, whitening, &config.score, &noise, seed, runtime)?;
        let build = |vs: &nn::Path<'_>| Ok(self.model(vs, prepared.fixed)?);
        Ok(fit(&self.plan(), &prepared.white, seed, progress, build)?)
    }
}

impl Detector for MaskedDdpm {
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

#[cfg(test)]
mod tests;
