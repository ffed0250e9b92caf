//! Diffusion models that score by reconstruction, and their networks.

use std::error::Error;

use ::diffusion::{DiffusionConfig, DiffusionDetector};
use detector::{Detector, DetectorError};
use diffusion_core::{Denoiser, ScheduleConfig, ScoreConfig, ScoreRule, Target, Variance};
use residuum::{BuildError, Method, Numbers, RowScaling, Runtime, Takes};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tch::nn;
use training::{Decay, Optimizer, TrainConfig};

use super::parts::{network, rest, settings_with_network, with_network};
use crate::torch::torch;

pub(super) fn ddpm() -> Method {
    Method {
        name: "ddpm",
        title: "DDPM (residual MLP)",
        source: "Livernoche et al. 2023 (arXiv 2305.18593), the authors' network and settings; scored by the mean-only walk behind the DDPM column of arXiv 2412.07539",
        takes: Takes::Rows(RowScaling::Standard, Numbers::Float32),
        defaults: with_network::<mlp::ResidualMlpConfig>(&DiffusionConfig::default()),
        settings: settings_with_network::<DiffusionConfig, mlp::ResidualMlpConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|values, runtime| {
            build(
                values,
                runtime,
                "residual-mlp",
                Stack::Possible,
                |vs, d, config, variance| {
                    // The reference has no learned variance and no setting for one: the process says it.
                    Ok(Box::new(match variance {
                        Variance::LearnedRange => {
                            mlp::ResidualMlp::with_learned_variance(vs, d, config)?
                        }
                        _ => mlp::ResidualMlp::new(vs, d, config)?,
                    }))
                },
            )
        }),
    }
}

pub(super) fn dit() -> Method {
    Method {
        name: "dit",
        title: "DiT (chunks of the row)",
        source: "Peebles & Xie 2023 (arXiv 2212.09748), the transformer over chunks of an embedding; sizes, training and score are ours, chosen on CIFAR10_0, SVHN_0 and MVTec-AD_{tile,zipper,pill}",
        takes: Takes::Rows(RowScaling::L2, Numbers::Float32),
        defaults: with_network::<dit::VectorDitConfig>(&dit_on_embeddings()),
        settings: settings_with_network::<DiffusionConfig, dit::VectorDitConfig>(),
        needs_libtorch: true,
        seconds: None,
        build: Some(|config, runtime| {
            build(
                config,
                runtime,
                "vector-dit",
                Stack::Impossible,
                |vs, d, config, _| Ok(Box::new(dit::VectorDit::new(vs, d, config)?)),
            )
        }),
    }
}

/// Chosen by the mean AUROC over CIFAR10_0, SVHN_0 and MVTec-AD's tile, zipper and pill under protocol
/// `semi`, before any other set was scored: few steps (more do not help), the one-step norm of the
/// predicted score of the row as it is, at σ = √((1−ᾱ)/ᾱ) ≈ 0.5.
fn dit_on_embeddings() -> DiffusionConfig {
    DiffusionConfig {
        target: Target::V,
        schedule: ScheduleConfig::Linear {
            first: 1e-4,
            last: 0.005,
        },
        train: TrainConfig {
            epochs: 150,
            steps: 150,
            optimizer: Optimizer::AdamW,
            learning_rate: 2e-3,
            weight_decay: 1e-4,
            warm_up: 20,
            decay: Decay::Cosine,
            early_stop_after: 150,
            ..TrainConfig::default()
        },
        score: ScoreConfig {
            rule: ScoreRule::ScoreNorm,
            start: vec![283],
            ..ScoreConfig::default()
        },
        ..DiffusionConfig::default()
    }
}

/// Whether replicas of a network can be trained as one.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stack {
    Impossible,
    Possible,
}

pub(super) type Network = Result<Box<dyn Denoiser>, Box<dyn Error + Send + Sync>>;

/// A detector over the network that `new` makes for rows of `d` numbers under the configuration around it.
fn build<N: DeserializeOwned + Send + Sync + 'static>(
    mut values: Map<String, Value>,
    runtime: &Runtime,
    kind: &str,
    stack: Stack,
    new: fn(&nn::Path<'_>, usize, &N, Variance) -> Network,
) -> Result<Box<dyn Detector>, BuildError> {
    let (network, description) = network::<N>(&mut values, kind)?;
    let config: DiffusionConfig = rest(values)?;
    if stack == Stack::Impossible {
        config.train.check_alone().map_err(DetectorError::from)?;
    }
    let variance = config.variance;
    let new = move |vs: &nn::Path<'_>, d: usize| new(vs, d, &network, variance);
    let detector = DiffusionDetector::new(config, description, torch(runtime), new);
    Ok(Box::new(detector.map_err(DetectorError::from)?))
}

#[cfg(test)]
mod tests {
    use detector::{Input, Silent};
    use ndarray::Array2;

    use super::*;

    #[test]
    fn a_learned_variance_gives_the_mlp_a_second_output() {
        let x = Array2::from_shape_fn((9, 3), |(i, j)| ((2 * i + 5 * j) % 7) as f32);
        let fitted = |text: &str| {
            let mut config = ddpm().config();
            config
                .set_toml("train = { steps = 2, batch-size = 9 }")
                .unwrap();
            config.set_toml(text).unwrap();
            let detector = ddpm().detector(&config, &Runtime::cpu()).unwrap();
            let scorer = detector.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
            scorer.score(Input::Rows(x.view()), &Silent).unwrap();
            scorer.n_params().unwrap()
        };
        let learned = fitted("variance = 'learned-range'\nloss = 'hybrid'");
        assert_eq!(learned, fitted("") + (128 + 1) * 3); // the last layer's other half
    }
}
