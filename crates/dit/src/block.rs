use layers::{LayerNorm, Linear, LinearInit};
use tch::Tensor;
use tch::nn::{self, Module};

use crate::attention::Attention;
use crate::config::Size;
use crate::modulation::{Modulation, modulated};

/// A transformer block with adaLN-Zero.
///
/// # Formula
/// With shifts `β`, scales `γ` and gates `α` made of the condition:
/// `x ← x + α_1·Attention(Norm(x)·(1 + γ_1) + β_1)`, then
/// `x ← x + α_2·MLP(Norm(x)·(1 + γ_2) + β_2)`, the MLP with GELU (tanh).
///
/// # Shapes
/// `x`: `[b, n, width]`, condition (through SiLU): `[b, width]` or `[1, width]` → `[b, n, width]`.
#[derive(Debug)]
pub(crate) struct Block {
    norm: LayerNorm,
    attn: Attention,
    fc1: Linear,
    fc2: Linear,
    modulation: Modulation<6>,
}

impl Block {
    pub(crate) fn new(vs: &nn::Path, size: &Size) -> Self {
        let (width, hidden) = (size.width, size.width * size.mlp_ratio);
        let (mlp, init) = (vs / "mlp", LinearInit::XavierUniform);
        Self {
            norm: LayerNorm::new(width),
            attn: Attention::new(&(vs / "attn"), width, size.heads),
            fc1: Linear::with_init(&(&mlp / "fc1"), width, hidden, init),
            fc2: Linear::with_init(&(&mlp / "fc2"), hidden, width, init),
            modulation: Modulation::new(vs, width),
        }
    }

    pub(crate) fn forward(&self, x: &Tensor, condition: &Tensor) -> Tensor {
        let [shift_1, scale_1, gate_1, shift_2, scale_2, gate_2] =
            self.modulation.forward(condition); // [b, 1, width] each
        let h = self
            .attn
            .forward(&modulated(self.norm, x, &shift_1, &scale_1));
        let x = x.addcmul(&gate_1, &h); // [b, n, width]
        let h = self
            .fc1
            .forward(&modulated(self.norm, &x, &shift_2, &scale_2));
        let h = self.fc2.forward(&h.gelu("tanh")); // [b, n, width]
        x.addcmul(&gate_2, &h)
    }
}
