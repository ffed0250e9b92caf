use layers::{Linear, LinearInit, TimestepEmbedding};
use tch::nn::{self, Module};
use tch::{Device, Tensor};

use crate::config::D_FREQUENCY;

/// How the noise level is given to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// The number of a step, up to thousands: the reference's 256 sinusoids.
    Step,
    /// `ln σ/4`, of size 1: 32 frequencies from 0.5 to 32.
    LogSigma,
}

impl Level {
    fn sinusoids(self, device: Device) -> TimestepEmbedding {
        match self {
            Self::Step => TimestepEmbedding::new(D_FREQUENCY, device),
            Self::LogSigma => TimestepEmbedding::geometric(D_LOG_SIGMA / 2, [0.5, 32.0], device),
        }
    }

    fn width(self) -> usize {
        match self {
            Self::Step => D_FREQUENCY,
            Self::LogSigma => D_LOG_SIGMA,
        }
    }
}

/// Sines and cosines of `ln σ/4`.
const D_LOG_SIGMA: usize = 64;

/// The condition of every modulation: sinusoids → Linear → SiLU → Linear, both weights from
/// N(0, 0.02²).
///
/// # Shapes
/// `t`: `[b]` or `[1]` float → `[b, width]` or `[1, width]`.
#[derive(Debug)]
pub(crate) struct TimeEmbedder {
    sinusoids: TimestepEmbedding,
    first: Linear,
    second: Linear,
}

impl TimeEmbedder {
    pub(crate) fn new(vs: &nn::Path, width: usize, level: Level) -> Self {
        let init = LinearInit::Normal { std: 0.02 };
        let mlp = vs / "mlp";
        Self {
            sinusoids: level.sinusoids(vs.device()),
            first: Linear::with_init(&(&mlp / 0), level.width(), width, init),
            second: Linear::with_init(&(&mlp / 2), width, width, init),
        }
    }

    pub(crate) fn forward(&self, t: &Tensor) -> Tensor {
        let sinusoids = self.sinusoids.forward(t); // [b, 256 or 64]
        self.second.forward(&self.first.forward(&sinusoids).silu())
    }
}
