use detector::settings::{Setting, check, in_range, positive};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use training::{Decay, Optimizer, TrainConfig};

use crate::{PatchConfig, PatchesError};

/// Settings of [`FeatureDdpm`](crate::FeatureDdpm).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FeatureDdpmConfig {
    /// Which feature map an image becomes.
    pub features: FeatureConfig,
    /// Standard deviations of the training noise, drawn log-uniformly between these two; the tokens' own is 1.
    pub sigmas: [f64; 2],
    /// Mirror half of the training maps, left for right.
    pub flip: bool,
    /// How the network is trained; 0 epochs leave it untrained, the linear denoiser of tokens.
    #[serde(deserialize_with = "train")]
    pub train: TrainConfig,
    /// How an image is scored; no part of what decides about the weights.
    pub score: FeatureScoreConfig,
}

/// Which feature map of EfficientNet-Lite0 an image becomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FeatureConfig {
    /// The block, 0 to 15, whose output is the map.
    pub block: usize,
    /// Pixels that an image's shorter side is brought to; 0: 128 where it is shorter, else as it is.
    pub side: usize,
}

/// How an image is scored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct FeatureScoreConfig {
    /// Noise level given to the denoiser; no noise is added.
    pub sigma: f64,
}

/// How much EfficientNet-Lite0's blocks shrink an image.
const STRIDES: [usize; 16] = [2, 4, 4, 8, 8, 16, 16, 16, 16, 16, 16, 32, 32, 32, 32, 32];
/// Images below this are enlarged: a network trained on 224 pixels sees little in 28.
const SMALLEST_SIDE: usize = 128;

impl Default for FeatureDdpmConfig {
    /// From an earlier study in Python, for which Imagenette 0 to 4 were held out.
    fn default() -> Self {
        Self {
            features: FeatureConfig::default(),
            sigmas: [0.5, 8.0],
            flip: true,
            train: TrainConfig {
                // The steps are what ends it.
                epochs: TrainConfig::NO_LIMIT,
                steps: 200,
                batch_size: 16,
                optimizer: Optimizer::AdamW,
                learning_rate: 1e-3,
                weight_decay: 1e-2,
                warm_up: 30,
                decay: Decay::Cosine,
                clip: 1.0,
                ema: 0.99,
                ema_ramp: true,
                early_stop_after: TrainConfig::NO_LIMIT,
                ..TrainConfig::default()
            },
            score: FeatureScoreConfig::default(),
        }
    }
}

impl Default for FeatureConfig {
    /// The last block: 7 × 7 tokens of 320 numbers for an image of 224 pixels.
    fn default() -> Self {
        Self { block: 15, side: 0 }
    }
}

impl Default for FeatureScoreConfig {
    /// Twice the tokens' standard deviation.
    fn default() -> Self {
        Self { sigma: 2.0 }
    }
}

fn train<'de, D: Deserializer<'de>>(given: D) -> Result<TrainConfig, D::Error> {
    FeatureDdpmConfig::default().train.overlaid(given)
}

impl FeatureDdpmConfig {
    /// Checks every setting.
    pub(crate) fn check(&self) -> Result<(), PatchesError> {
        self.features.check()?;
        let [first, last] = self.sigmas;
        let fine = first > 0.0 && first <= last && last <= 1e6;
        let value = format!("{:?}", self.sigmas);
        check(
            "sigmas",
            value,
            fine,
            "two numbers above 0 that do not fall, 1000000 at most",
        )?;
        positive("score.sigma", self.score.sigma)?;
        self.train.check()?;
        self.train.check_alone()?;
        Ok(())
    }
}

impl FeatureConfig {
    fn check(&self) -> Result<(), Setting> {
        in_range("features.block", self.block, 0..=15)?;
        in_range("features.side", self.side, 0..=4096)
    }

    /// What [`Weights`](crate::weights::Weights) takes.
    pub(crate) fn patches(&self) -> PatchConfig {
        PatchConfig {
            blocks: vec![self.block],
            ..PatchConfig::default()
        }
    }

    /// Numbers of a token.
    pub(crate) fn channels(&self) -> usize {
        self.patches().channels()
    }

    /// What the shorter side of images of these sides is brought to.
    pub(crate) fn side(&self, [h, w]: [usize; 2]) -> usize {
        match self.side {
            0 => h.min(w).max(SMALLEST_SIDE),
            side => side,
        }
    }

    /// Rows and columns of the map of images of these sides.
    pub(crate) fn map_sides(&self, [h, w]: [usize; 2]) -> [usize; 2] {
        let (side, shorter) = (self.side([h, w]), h.min(w).max(1));
        let scaled = |size: usize| {
            (size as f64 * side as f64 / shorter as f64)
                .round()
                .max(1.0)
        };
        [h, w].map(|size| (scaled(size) as usize).div_ceil(STRIDES[self.block]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_of_maps() {
        let config = |block, side| FeatureConfig { block, side };
        for (config, image, sides) in [
            (config(15, 0), [224, 224], [7, 7]),
            (config(15, 0), [32, 32], [4, 4]),
            (config(15, 0), [28, 56], [4, 8]),
            (config(10, 0), [250, 129], [16, 9]),
            (config(15, 224), [28, 28], [7, 7]),
            (config(0, 64), [1, 1], [32, 32]),
        ] {
            assert_eq!(config.map_sides(image), sides, "{config:?} {image:?}");
        }
    }
}
