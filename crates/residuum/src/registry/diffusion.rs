//! The diffusion methods.

use detector::DetectorError;

use super::{Method, defaults, make};
use crate::{Device, Runtime};

pub(super) const DDPM: Method = Method {
    name: "ddpm",
    title: "DDPM (residual MLP)",
    source: "Livernoche et al. 2023 (arXiv 2305.18593), the authors' network and settings; scored by the mean-only walk behind the DDPM column of arXiv 2412.07539",
    defaults: defaults::<training::DdpmConfig>,
    settings: &[&[
        ("steps", "diffusion steps T"),
        (
            "start-step",
            "step from which the reverse walk starts when scoring; each costs one pass",
        ),
        (
            "walk",
            "mean-only, or ancestral: with noise injected at every step",
        ),
        ("epochs", "passes over the training rows, at most"),
        ("batch-size", "rows per optimiser step"),
        ("learning-rate", "of Adam"),
        ("weight-decay", "L2 penalty, added to the gradient"),
        (
            "drop-last",
            "leave out the rows of an epoch that do not fill a batch",
        ),
        (
            "early-stop-after",
            "last epoch, from 0, that is safe from the early stop",
        ),
        (
            "early-stop-lag",
            "stop when an epoch's mean loss exceeds that of this many epochs earlier",
        ),
        (
            "schedule",
            "β of each step: kind = linear with first and last, cosine, …",
        ),
    ]],
    build: |config, runtime| {
        make(config, |config| {
            training::DiffusionDetector::new(config, device(runtime), |vs, d| {
                let network = mlp::ResidualMlp::new(vs, d, &mlp::ResidualMlpConfig::default())?;
                Ok(Box::new(network))
            })
            .map_err(DetectorError::from)
        })
    },
};

fn device(runtime: &Runtime) -> tch::Device {
    match runtime.device {
        Device::Cpu => tch::Device::Cpu,
        Device::Cuda(index) => tch::Device::Cuda(index),
    }
}
