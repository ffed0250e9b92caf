use detector::settings::{Setting, at_least, check, in_range};
use diffusion_core::{Schedule, ScheduleConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use training::{Decay, Optimizer, TrainConfig};

use crate::network::PatchMlpConfig;
use crate::padim::check_shrinkage;
use crate::{MapConfig, PatchConfig, PatchesError, Whitening};

/// Settings of [`PatchDdpm`](crate::PatchDdpm).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchDdpmConfig {
    /// How patches are whitened before the diffusion.
    pub whitening: Whitening,
    /// Share of the covariance of all patches in that of a place, under `position`.
    pub shrinkage: f64,
    /// Diffusion steps `T`.
    pub steps: usize,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// Places of an image in an optimiser step; they share a noise level.
    ///
    /// A batch is as many images, each at one noise level.
    pub places: usize,
    /// What a patch is.
    pub patches: PatchConfig,
    /// The network's size.
    pub network: PatchMlpConfig,
    /// How it is trained; 0 epochs leave it untrained.
    #[serde(deserialize_with = "train")]
    pub train: TrainConfig,
    /// How a patch is scored; no part of what decides about the weights.
    pub score: PatchScoreConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

/// How a trained [`PatchDdpm`](crate::PatchDdpm) or [`MaskedDdpm`](crate::MaskedDdpm) scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchScoreConfig {
    /// Noise levels, from 0 below `T`, at which the network is asked.
    ///
    /// Squared errors are averaged over them.
    pub levels: Vec<usize>,
    /// Draws of noise, half of them the negatives of the others.
    pub draws: usize,
}

impl Default for PatchScoreConfig {
    fn default() -> Self {
        Self {
            levels: vec![250],
            draws: 4,
        }
    }
}

impl Default for PatchDdpmConfig {
    fn default() -> Self {
        Self {
            whitening: Whitening::Position,
            shrinkage: 0.1,
            steps: 1000,
            schedule: ScheduleConfig::Cosine {},
            places: 32,
            patches: PatchConfig::default(),
            network: PatchMlpConfig::default(),
            train: TrainConfig {
                // The steps are what ends it.
                epochs: TrainConfig::NO_LIMIT,
                steps: 2000,
                batch_size: 32,
                optimizer: Optimizer::AdamW,
                learning_rate: 1e-3,
                weight_decay: 0.0,
                warm_up: 100,
                decay: Decay::Cosine,
                ema: 0.998,
                early_stop_after: TrainConfig::NO_LIMIT,
                ..TrainConfig::default()
            },
            score: PatchScoreConfig::default(),
            map: MapConfig::default(),
        }
    }
}

fn train<'de, D: Deserializer<'de>>(given: D) -> Result<TrainConfig, D::Error> {
    PatchDdpmConfig::default().train.overlaid(given)
}

impl PatchDdpmConfig {
    /// Checks every setting.
    pub(crate) fn check(&self) -> Result<(), PatchesError> {
        self.patches.check()?;
        self.map.check()?;
        self.network.check()?;
        self.train.check()?;
        self.train.check_alone()?;
        check_shrinkage(self.shrinkage)?;
        check_steps(self.steps)?;
        at_least("places", self.places, 1)?;
        self.score.check(self.steps)?;
        build_schedule(&self.schedule, self.steps)?;
        Ok(())
    }
}

pub(crate) fn check_steps(steps: usize) -> Result<(), Setting> {
    in_range("steps", steps, 2..=diffusion_core::MAX_STEPS)
}

pub(crate) fn build_schedule(
    config: &ScheduleConfig,
    steps: usize,
) -> Result<Schedule, PatchesError> {
    Ok(config.build(steps)?)
}

impl PatchScoreConfig {
    pub(crate) fn check(&self, steps: usize) -> Result<(), Setting> {
        let Self { levels, draws } = self;
        let fine = !levels.is_empty() && levels.iter().all(|&t| t < steps);
        let expected = "one or more noise levels below the number of steps";
        check("score.levels", format!("{levels:?}"), fine, expected)?;
        let fine = *draws > 0 && draws.is_multiple_of(2);
        check("score.draws", draws, fine, "an even number above 0")
    }
}
