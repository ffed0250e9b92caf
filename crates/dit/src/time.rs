use layers::{Linear, LinearInit, TimestepEmbedding};
use tch::Tensor;
use tch::nn::{self, Module};

use crate::config::D_FREQUENCY;

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
    pub(crate) fn new(vs: &nn::Path, width: usize) -> Self {
        let init = LinearInit::Normal { std: 0.02 };
        let mlp = vs / "mlp";
        Self {
            sinusoids: TimestepEmbedding::new(D_FREQUENCY, vs.device()),
            first: Linear::with_init(&(&mlp / 0), D_FREQUENCY, width, init),
            second: Linear::with_init(&(&mlp / 2), width, width, init),
        }
    }

    pub(crate) fn forward(&self, t: &Tensor) -> Tensor {
        let sinusoids = self.sinusoids.forward(t); // [b, 256]
        self.second.forward(&self.first.forward(&sinusoids).silu())
    }
}
