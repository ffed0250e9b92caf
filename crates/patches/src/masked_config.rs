use diffusion_core::ScheduleConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use training::{Decay, Optimizer, TrainConfig};

use crate::ddpm_config::{build_schedule, check_steps};
use crate::padim::check_shrinkage;
use crate::{MapConfig, MaskConfig, PatchConfig, PatchScoreConfig, PatchesError, Whitening};

/// Settings of [`MaskedDdpm`](crate::MaskedDdpm).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MaskedDdpmConfig {
    /// How patches are whitened before the diffusion.
    pub whitening: Whitening,
    /// Share of the covariance of all patches in that of a place, under `position`.
    pub shrinkage: f64,
    /// Diffusion steps `T`.
    pub steps: usize,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// Which patches are hidden together.
    pub mask: MaskConfig,
    /// What a patch is.
    pub patches: PatchConfig,
    /// How the network is trained; 0 epochs leave it untrained.
    #[serde(deserialize_with = "train")]
    pub train: TrainConfig,
    /// How a patch is scored; no part of what decides about the weights.
    pub score: PatchScoreConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

impl Default for MaskedDdpmConfig {
    /// Whitening, noise and score of [`PatchDdpmConfig`](crate::PatchDdpmConfig); squares and training from
    /// a budget of minutes of one core, none of them chosen by the labels of a test set.
    fn default() -> Self {
        Self {
            whitening: Whitening::Position,
            shrinkage: 0.1,
            steps: 1000,
            schedule: ScheduleConfig::Cosine {},
            mask: MaskConfig::default(),
            patches: PatchConfig::default(),
            train: TrainConfig {
                // The steps are what ends it.
                epochs: TrainConfig::NO_LIMIT,
                steps: 1000,
                batch_size: 8,
                optimizer: Optimizer::AdamW,
                learning_rate: 2e-3,
                weight_decay: 0.0,
                warm_up: 100,
                decay: Decay::Cosine,
                clip: 1.0,
                ema: 0.99,
                early_stop_after: TrainConfig::NO_LIMIT,
                ..TrainConfig::default()
            },
            score: PatchScoreConfig::default(),
            map: MapConfig::default(),
        }
    }
}

fn train<'de, D: Deserializer<'de>>(given: D) -> Result<TrainConfig, D::Error> {
    MaskedDdpmConfig::default().train.overlaid(given)
}

impl MaskedDdpmConfig {
    /// Checks every setting.
    pub(crate) fn check(&self) -> Result<(), PatchesError> {
        self.patches.check()?;
        self.map.check()?;
        self.mask.check(self.patches.grid)?;
        self.train.check()?;
        self.train.check_alone()?;
        check_shrinkage(self.shrinkage)?;
        check_steps(self.steps)?;
        self.score.check(self.steps)?;
        build_schedule(&self.schedule, self.steps)?;
        Ok(())
    }
}
