//! Methods on the pixels of images.

use ::diffusion::{DiffusionConfig, DiffusionDetector, ImagesConfig};
use detector::{Detector, DetectorError};
use diffusion_core::{Combine, ScheduleConfig, ScoreConfig, ScoreRule, Target};
use residuum::{
    BuildError, Method, Runtime, Setting, Takes, defaults, make, settings, settings_in,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tch::nn;
use training::{Decay, Optimizer, TrainConfig};

use super::diffusion::Network;
use super::parts::{images, network, rest, settings_with_network, with_network};
use crate::torch::torch;

pub(super) fn ddpm_unet() -> Method {
    Method {
        name: "ddpm-unet",
        title: "DDPM (U-Net on pixels)",
        source: "Ho et al. 2020 (arXiv 2006.11239), their U-Net made small enough for one CPU core; training and score are ours, chosen on MNIST-C_{brightness,canny_edges,glass_blur,impulse_noise,motion_blur,rotate,scale,stripe,translate,zigzag} and FashionMNIST_{0,1,2}",
        takes: Takes::Images,
        defaults: over_images::<SmallUnet>(&on_pixels(4e-3)),
        settings: settings_over_images::<unet::UnetConfig>(),
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
        settings: settings_over_images::<dit::DitConfig>(),
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
        settings: settings::<dte::DteConvolutionalConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            make(config, |config| {
                dte::DteConvolutional::new(config, torch(runtime))
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

/// The settings of a diffusion model with those of its network and of images.
fn over_images<N: Default + Serialize>(config: &DiffusionConfig) -> Map<String, Value> {
    let mut values = with_network::<N>(config);
    let images = Value::Object(defaults::<ImagesConfig>());
    values.insert("images".to_owned(), images);
    values
}

fn settings_over_images<N: JsonSchema>() -> Vec<Setting> {
    let mut all = settings_with_network::<DiffusionConfig, N>();
    all.extend(settings_in::<ImagesConfig>("images"));
    all
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
