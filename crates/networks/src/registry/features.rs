//! Methods on patches of pretrained feature maps.

use detector::{Detector, DetectorError};
use residuum::{BuildError, Method, Runtime, Takes, defaults, make, settings};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::parts::{network, settings_with_network, with_network};
use crate::torch::torch;
use crate::weights::weights_folder;

pub(super) fn padim() -> Method {
    Method {
        name: "padim",
        title: "PaDiM (Lite0)",
        source: "Defard et al. 2021 (arXiv 2011.08785) on EfficientNet-Lite0: a Gaussian of patches at each place",
        takes: Takes::Images,
        defaults: defaults::<patches::PadimConfig>(),
        settings: settings::<patches::PadimConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                patches::Padim::new(config, over(runtime)).map_err(DetectorError::from)
            })
        }),
    }
}

pub(super) fn patch_knn() -> Method {
    Method {
        name: "patch-knn",
        title: "patch memory (Lite0)",
        source: "Roth et al. 2022 (PatchCore, arXiv 2106.08265) on EfficientNet-Lite0: distance to the nearest remembered patch",
        takes: Takes::Images,
        defaults: defaults::<patches::PatchKnnConfig>(),
        settings: settings::<patches::PatchKnnConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                patches::PatchKnn::new(config, over(runtime)).map_err(DetectorError::from)
            })
        }),
    }
}

pub(super) fn patch_wiener() -> Method {
    Method {
        name: "patch-wiener",
        title: "local Wiener on patches (Lite0)",
        source: "ours: what a Gaussian denoiser leaves of a patch's difference from the mean of the nearest remembered patches of EfficientNet-Lite0; nothing is trained",
        takes: Takes::Images,
        defaults: defaults::<patches::PatchWienerConfig>(),
        settings: settings::<patches::PatchWienerConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                patches::PatchWiener::new(config, over(runtime)).map_err(DetectorError::from)
            })
        }),
    }
}

pub(super) fn patch_ddpm() -> Method {
    Method {
        name: "patch-ddpm",
        title: "DDPM on patches (Lite0)",
        source: "ours: diffusion on single patches of EfficientNet-Lite0 whose place is known, white at each place (position, PaDiM untrained) or together (pca)",
        takes: Takes::Images,
        defaults: defaults::<patches::PatchDdpmConfig>(),
        settings: settings::<patches::PatchDdpmConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                patches::PatchDdpm::new(config, over(runtime)).map_err(DetectorError::from)
            })
        }),
    }
}

pub(super) fn patch_dit() -> Method {
    Method {
        name: "patch-dit",
        title: "masked DiT on patches (Lite0)",
        source: "ours: the transformer of Peebles & Xie 2023 (arXiv 2212.09748) over maps of EfficientNet-Lite0's patches, half of them hidden by noise and told from the others",
        takes: Takes::Images,
        defaults: with_network::<MapDit>(&patches::MaskedDdpmConfig::default()),
        settings: settings_with_network::<patches::MaskedDdpmConfig, MapDit>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(masked_dit),
    }
}

/// What `train.ema-ramp` means, which other methods do not have.
const EMA_RAMP: &str = "Let the moving average forget its start: in step k, from 0, its decay is at most (k+1)/(k+10).";

pub(super) fn dit_features() -> Method {
    Method {
        name: "dit-features",
        title: "DiT on a feature map (Lite0)",
        source: "ours: the transformer of Peebles & Xie 2023 (arXiv 2212.09748) over the tokens of EfficientNet-Lite0's last block, preconditioned as Karras et al. 2022 (arXiv 2206.00364) with a variance for each component, so that untrained it is the linear denoiser of tokens",
        takes: Takes::Images,
        defaults: with_network::<TokenDit>(&patches::FeatureDdpmConfig::default()),
        settings: {
            let mut all = settings_with_network::<patches::FeatureDdpmConfig, TokenDit>();
            all.push(("train.ema-ramp".to_owned(), EMA_RAMP.to_owned()));
            all
        },
        needs_libtorch: true,
        seconds: None,
        build: Some(token_dit),
    }
}

/// A transformer over the tokens of a map.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct TokenDit {
    /// Transformer blocks.
    depth: usize,
    /// Width of a token, a multiple of 4 and of `heads`.
    width: usize,
    /// Attention heads.
    heads: usize,
    /// Width inside a block's MLP, in widths of a token.
    mlp_ratio: usize,
}

impl Default for TokenDit {
    fn default() -> Self {
        Self {
            depth: 4,
            width: 128,
            heads: 4,
            mlp_ratio: 4,
        }
    }
}

fn token_dit(
    mut values: Map<String, Value>,
    runtime: &Runtime,
) -> Result<Box<dyn Detector>, BuildError> {
    let (network, description) = network::<TokenDit>(&mut values, "dit-of-log-sigma")?;
    make(values, |config| {
        let size = dit::DitConfig {
            patch: 1,
            depth: network.depth,
            width: network.width,
            heads: network.heads,
            mlp_ratio: network.mlp_ratio,
            learn_variance: false,
        };
        patches::FeatureDdpm::new(config, description, over(runtime), move |vs, map| {
            Ok(Box::new(dit::Dit::of_log_sigma(vs, map, &size)?))
        })
        .map_err(DetectorError::from)
    })
}

/// A transformer over a map of patches that one CPU core trains in minutes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct MapDit {
    /// Side of a token, in patches.
    token: usize,
    /// Transformer blocks.
    depth: usize,
    /// Width of a token, a multiple of 4 and of `heads`.
    width: usize,
    /// Attention heads.
    heads: usize,
    /// Width inside a block's MLP, in widths of a token.
    mlp_ratio: usize,
}

impl Default for MapDit {
    /// 256 tokens for a grid of 32 × 32.
    fn default() -> Self {
        Self {
            token: 2,
            depth: 3,
            width: 96,
            heads: 4,
            mlp_ratio: 4,
        }
    }
}

impl MapDit {
    fn config(&self) -> dit::DitConfig {
        dit::DitConfig {
            patch: self.token,
            depth: self.depth,
            width: self.width,
            heads: self.heads,
            mlp_ratio: self.mlp_ratio,
            learn_variance: false,
        }
    }
}

fn masked_dit(
    mut values: Map<String, Value>,
    runtime: &Runtime,
) -> Result<Box<dyn Detector>, BuildError> {
    let (network, description) = network::<MapDit>(&mut values, "dit")?;
    make(values, |config| {
        let size = network.config();
        patches::MaskedDdpm::new(config, description, over(runtime), move |vs, map| {
            Ok(Box::new(dit::Dit::new(vs, map, &size)?))
        })
        .map_err(DetectorError::from)
    })
}

fn over(runtime: &Runtime) -> patches::PatchRuntime {
    patches::PatchRuntime {
        training: torch(runtime),
        weights: weights_folder(),
    }
}
