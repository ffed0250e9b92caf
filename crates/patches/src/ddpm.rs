use std::fmt;

use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use diffusion_core::{Process, Target};
use serde_json::{Value, json};
use tch::nn;
use training::{Plan, Trained, fit, restore};

use crate::ddpm_config::build_schedule;
use crate::ddpm_model::DdpmModel;
use crate::network::PatchMlp;
use crate::prepared::{Fixed, Prepared};
use crate::scorer::{PatchScorer, Settings};
use crate::space::PatchSpace;
use crate::weights::Weights;
use crate::{Align, PatchDdpmConfig, PatchRuntime, PatchesError};

/// Diffusion on patches of pretrained feature maps: a network learns to denoise single patches of
/// normal images, given their place, and a patch is as anomalous as what it makes of it is wrong.
///
/// # Formula
/// Training: `v`-prediction over all noise levels. Score of a patch `x` at the levels `t` with the
/// noise vectors `e` and `−e`, the same for all places and images:
/// `√(mean over t and e of ‖x̂_0(√ᾱ_t·x + √(1−ᾱ_t)·e) − x‖²)`.
pub struct PatchDdpm {
    config: PatchDdpmConfig,
    runtime: PatchRuntime,
}

impl fmt::Debug for PatchDdpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PatchDdpm")
            .field("config", &self.config)
            .field("runtime", &self.runtime)
            .finish()
    }
}

impl PatchDdpm {
    /// A detector with checked settings; nothing is downloaded before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`PatchesError::Setting`], [`PatchesError::Training`].
    pub fn new(config: PatchDdpmConfig, runtime: PatchRuntime) -> Result<Self, PatchesError> {
        config.check()?;
        Ok(Self { config, runtime })
    }

    fn fitted(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<PatchScorer<Trained<DdpmModel>>, PatchesError> {
        let images = x.images()?;
        let (_, c, h, w) = images.dim();
        let (config, device) = (&self.config, self.runtime.training.device);
        let weights = Weights::get(&self.runtime, &config.patches)?;
        let frame = (&config.patches, config.patches.square());
        let space = PatchSpace::fit(frame, weights, images, seed, device, progress)?;
        let patches = space.project(images, progress)?; // [n, p, k]

        let whitening = (config.whitening, config.shrinkage);
        let (noise, runtime) = (self.noise(), &self.runtime);
        let prepared = Prepared::new(&patches, whitening, &config.score, &noise, seed, runtime)?;
        let trained = fit(&self.plan(), &prepared.white, seed, progress, |vs| {
            Ok(self.model(vs, prepared.fixed)?)
        })?;
        Ok(PatchScorer {
            description: self.description(),
            model: trained,
            space,
            map: config.map.clone(),
            align: Align::None,
            shape: [c, h, w],
        })
    }

    fn restored(&self, state: &State) -> Result<PatchScorer<Trained<DdpmModel>>, PatchesError> {
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

    fn plan(&self) -> Plan<'_, (&str, &PatchDdpmConfig)> {
        Plan {
            description: ("patch-mlp", &self.config),
            train: &self.config.train,
            runtime: &self.runtime.training,
        }
    }

    fn description(&self) -> Value {
        json!(["patch-ddpm", self.config])
    }

    /// The shape of one draw of noise.
    fn noise(&self) -> [i64; 1] {
        [self.config.patches.width() as i64]
    }

    /// The untrained network with its loss and its score.
    fn model(&self, vs: &nn::Path<'_>, fixed: Fixed) -> Result<DdpmModel, PatchesError> {
        let config = &self.config;
        let (k, grid) = (config.patches.width(), config.patches.grid);
        let schedule = build_schedule(&config.schedule, config.steps)?;
        Ok(DdpmModel {
            network: PatchMlp::new(vs, k, grid, &config.network),
            process: Process::new(schedule, vs.device())?.with_target(Target::V),
            places: config.places,
            whitener: fixed.whitener,
            noise: fixed.noise,
            levels: config.score.levels.clone(),
        })
    }
}

impl Detector for PatchDdpm {
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
mod tests {
    use super::*;
    use tch::Device;

    fn runtime() -> PatchRuntime {
        PatchRuntime {
            training: training::Runtime::new(Device::Cpu),
            weights: None,
        }
    }

    #[test]
    fn what_is_not_given_under_train_stays_the_methods_own() {
        let config: PatchDdpmConfig = toml::from_str("train.steps = 3").unwrap();
        let own = PatchDdpmConfig::default();
        assert_eq!(config.train.ema, own.train.ema);
        assert_eq!((config.train.steps, config.steps), (3, own.steps));
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            ("steps = 1", "steps = 1: expected 2 to 1000000"),
            ("places = 0", "places = 0: expected at least 1"),
            ("shrinkage = 1.5", "shrinkage = 1.5: expected 0 to 1"),
            (
                "score.draws = 3",
                "score.draws = 3: expected an even number above 0",
            ),
            (
                "score.levels = [1000]",
                "score.levels = [1000]: expected one or more noise levels below the number of steps",
            ),
            (
                "patches.blocks = [16]",
                "patches.blocks = [16]: expected numbers from 0 to 15",
            ),
            ("patches.grid = 0", "patches.grid = 0: expected 1 to 512"),
            (
                "map.smoothing = -1.0",
                "map.smoothing = -1: expected 0 to 256 pixels",
            ),
            (
                "network.depth = 0",
                "network.depth = 0: expected at least 1",
            ),
            (
                "train.batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
        ] {
            let config: PatchDdpmConfig = toml::from_str(text).unwrap();
            let error = PatchDdpm::new(config, runtime()).unwrap_err();
            assert_eq!(DetectorError::from(error).to_string(), message);
        }
        assert!(toml::from_str::<PatchDdpmConfig>("whitening = 'zca'").is_err());
        PatchDdpm::new(PatchDdpmConfig::default(), runtime()).unwrap();
    }
}
