//! Methods on the pixels of images.

use ::diffusion::{DiffusionConfig, DiffusionDetector, ImagesConfig};
use detector::{Detector, DetectorError};
use diffusion_core::{Combine, ScheduleConfig, ScoreConfig, ScoreRule, Target};
use residuum::{BuildError, Method, Runtime, Setting, Takes, defaults, make, settings};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tch::nn;
use training::{Decay, Optimizer, TrainConfig};

use super::diffusion::{DIFFUSION, Network, SCORE, TRAIN};
use super::parts::{images, network, rest, with_network};
use crate::torch::torch;

pub(super) fn ddpm_unet() -> Method {
    Method {
        name: "ddpm-unet",
        title: "DDPM (U-Net on pixels)",
        source: "Ho et al. 2020 (arXiv 2006.11239), their U-Net made small enough for one CPU core; training and score are ours, chosen on MNIST-C_{brightness,canny_edges,glass_blur,impulse_noise,motion_blur,rotate,scale,stripe,translate,zigzag} and FashionMNIST_{0,1,2}",
        takes: Takes::Images,
        defaults: over_images::<SmallUnet>(&on_pixels(4e-3)),
        settings: settings(&[
            DIFFUSION,
            SCORE,
            TRAIN,
            IMAGES,
            &[
                ("network.channels", "channels of the first level"),
                (
                    "network.multipliers",
                    "channels of each level, in units of the first; the image is halved between two",
                ),
                ("network.blocks", "residual blocks of a level"),
                (
                    "network.attention",
                    "longer sides of the feature maps that have attention, in pixels; the middle always has it",
                ),
                ("network.heads", "attention heads"),
                ("network.groups", "groups of the group norms"),
                (
                    "network.scale-shift",
                    "whether a block takes the noise level as scale and shift, or adds it",
                ),
                ("network.dropout", "before the last convolution of a block"),
                (
                    "network.learn-variance",
                    "whether the network also predicts the variance",
                ),
                (
                    "network.channels-last",
                    "whether the channel is the fastest axis in memory: for GPUs",
                ),
            ],
        ]),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            build(config, runtime, "unet", |vs, image, SmallUnet(config)| {
                Ok(Box::new(unet::Unet::new(vs, image, config)?))
            })
        }),
    }
}

pub(super) fn dit_pixels() -> Method {
    Method {
        name: "dit-pixels",
        title: "DiT (patches of pixels)",
        source: "Peebles & Xie 2023 (arXiv 2212.09748), the transformer over patches of images; size, training and score are ours",
        takes: Takes::Images,
        defaults: over_images::<SmallDit>(&on_pixels(1e-3)),
        settings: settings(&[
            DIFFUSION,
            SCORE,
            TRAIN,
            IMAGES,
            &[
                ("network.patch", "side of a patch in pixels"),
                ("network.depth", "transformer blocks"),
                ("network.width", "width of a token"),
                ("network.heads", "attention heads"),
                (
                    "network.mlp-ratio",
                    "width inside a block's MLP, in widths of a token",
                ),
                (
                    "network.learn-variance",
                    "whether the network also predicts the variance",
                ),
            ],
        ]),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            build(config, runtime, "dit", |vs, image, SmallDit(config)| {
                Ok(Box::new(dit::Dit::new(vs, image, config)?))
            })
        }),
    }
}

pub(super) fn dte_c_conv() -> Method {
    Method {
        name: "dte-c-conv",
        title: "DTE-C (convolutions on pixels)",
        source: "Livernoche et al. 2023 (arXiv 2305.18593), diffusion time told by a small convolutional network, which is ours",
        takes: Takes::Images,
        defaults: defaults::<dte::DteConvolutionalConfig>(),
        settings: settings(&[
            TRAIN,
            &[
                ("steps", "diffusion steps T"),
                (
                    "schedule",
                    "β of each step: kind = linear with first and last, cosine, …",
                ),
                ("bins", "bins of diffusion time, the classes of the network"),
                (
                    "softmax",
                    "single: cross-entropy as defined; double: a softmax before the loss that applies it again",
                ),
                (
                    "channels",
                    "channels of the convolutions, every one but the first halves the image",
                ),
                ("groups", "groups of the group norms"),
                ("dropout", "before the last layer"),
            ],
        ]),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                dte::DteConvolutional::new(config, torch(runtime)).map_err(DetectorError::from)
            })
        }),
    }
}

/// A U-Net that one CPU core trains in minutes.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct SmallUnet(unet::UnetConfig);

impl Default for SmallUnet {
    fn default() -> Self {
        Self(unet::UnetConfig {
            channels: 8,
            multipliers: vec![1, 2, 4],
            blocks: 1,
            attention: vec![],
            groups: 4,
            scale_shift: true,
            dropout: 0.0,
            ..unet::UnetConfig::default()
        })
    }
}

/// A transformer likewise.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct SmallDit(dit::DitConfig);

impl Default for SmallDit {
    fn default() -> Self {
        Self(dit::DitConfig {
            patch: 4,
            depth: 4,
            width: 128,
            heads: 4,
            mlp_ratio: 4,
            learn_variance: false,
        })
    }
}

/// Training and score on pixels: few steps, and how typical the norm of the predicted score of the image as it is
/// is at a low and at a high noise level, two evaluations of the network. On the ten corruptions and three classes
/// that `ddpm-unet` names, the norm at t = 10 alone ranks corrupted digits nearly as well and classes worse, the
/// norm at t = 300 the other way round and by chance of the seed; the error of the predicted noise and short walks
/// rank below.
fn on_pixels(learning_rate: f64) -> DiffusionConfig {
    DiffusionConfig {
        target: Target::Epsilon,
        schedule: ScheduleConfig::LinearHo {},
        train: TrainConfig {
            epochs: TrainConfig::NO_LIMIT,
            steps: 400,
            batch_size: 32,
            optimizer: Optimizer::AdamW,
            learning_rate,
            weight_decay: 0.0,
            warm_up: 50,
            decay: Decay::Cosine,
            clip: 1.0,
            ema: 0.99,
            early_stop_after: TrainConfig::NO_LIMIT,
            ..TrainConfig::default()
        },
        score: ScoreConfig {
            rule: ScoreRule::ScoreNorm,
            start: vec![10, 300],
            combine: Combine::Typicality,
            ..ScoreConfig::default()
        },
        ..DiffusionConfig::default()
    }
}

const IMAGES: &[Setting] = &[
    (
        "images.noise",
        "of training and score: gaussian, or simplex, whose neighbouring pixels go together (AnoDDPM)",
    ),
    (
        "images.flip",
        "mirror half of the training images, left for right",
    ),
    (
        "images.map-sigma",
        "standard deviation of the Gaussian that smooths maps, in pixels",
    ),
    (
        "images.map-quantile",
        "quantile of the pixels of training images' maps that becomes 1",
    ),
];

/// The settings of a diffusion model with those of its network and of images.
fn over_images<N: Default + Serialize>(config: &DiffusionConfig) -> Map<String, Value> {
    let mut values = with_network::<N>(config);
    let images = Value::Object(defaults::<ImagesConfig>());
    values.insert("images".to_owned(), images);
    values
}

/// A detector over the network that `new` makes for images of `[c, h, w]`.
fn build<N: DeserializeOwned + Send + Sync + 'static>(
    mut values: Map<String, Value>,
    runtime: &Runtime,
    kind: &str,
    new: fn(&nn::Path<'_>, [usize; 3], &N) -> Network,
) -> Result<Box<dyn Detector>, BuildError> {
    let (network, description) = network::<N>(&mut values, kind)?;
    let images = images(&mut values)?;
    let new = move |vs: &nn::Path<'_>, image: [usize; 3]| new(vs, image, &network);
    let runtime = torch(runtime);
    let detector = DiffusionDetector::over_images(rest(values)?, images, description, runtime, new);
    Ok(Box::new(detector.map_err(DetectorError::from)?))
}
