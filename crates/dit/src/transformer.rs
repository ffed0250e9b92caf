use layers::{LayerNorm, Linear, LinearInit};
use tch::Tensor;
use tch::nn::{self, Module};

use crate::block::Block;
use crate::config::Size;
use crate::modulation::{Modulation, modulated};
use crate::time::{Level, TimeEmbedder};

/// What images and vectors share: everything between the first embedding of the tokens and their
/// reassembly.
///
/// # Shapes
/// `x`: `[b, n, width]`, `t`: `[b]` or `[1]` → `[b, n, d_out]`.
#[derive(Debug)]
pub(crate) struct Transformer {
    t_embedder: TimeEmbedder,
    blocks: Vec<Block>,
    norm_final: LayerNorm,
    final_modulation: Modulation<2>,
    final_linear: Linear,
}

impl Transformer {
    pub(crate) fn new(vs: &nn::Path, size: &Size, d_out: usize, level: Level) -> Self {
        let (blocks, last) = (vs / "blocks", vs / "final_layer");
        let zero = LinearInit::Zero; // a fresh network answers zero
        Self {
            t_embedder: TimeEmbedder::new(&(vs / "t_embedder"), size.width, level),
            blocks: (0..size.depth)
                .map(|i| Block::new(&(&blocks / i), size))
                .collect(),
            norm_final: LayerNorm::new(size.width),
            final_modulation: Modulation::new(&last, size.width),
            final_linear: Linear::with_init(&(&last / "linear"), size.width, d_out, zero),
        }
    }

    pub(crate) fn forward(&self, x: Tensor, t: &Tensor) -> Tensor {
        // Every modulation begins with the same SiLU.
        let condition = self.t_embedder.forward(t).silu(); // [b, width] or [1, width]
        let mut x = x; // [b, n, width]
        for block in &self.blocks {
            x = block.forward(&x, &condition); // [b, n, width]
        }
        let [shift, scale] = self.final_modulation.forward(&condition);
        let x = modulated(self.norm_final, &x, &shift, &scale);
        self.final_linear.forward(&x) // [b, n, d_out]
    }
}
