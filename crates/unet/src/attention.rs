use layers::GroupNorm;
use tch::Tensor;
use tch::nn::{self, Init, Module};

use crate::UnetConfig;

/// Multi-head self-attention between the pixels of a feature map, by libtorch's fused kernel, added to
/// its input. It starts as the identity.
///
/// # Formula
/// In each head `softmax(q·kᵀ/√d)·v` of the normed input; the reference scales `q` and `k` by
/// `d^(−1/4)` each, which is the same but for the range of the products.
///
/// # Shapes
/// `[b, c, h, w]` → `[b, c, h, w]`; parameters `norm`, `qkv` and `proj_out`, the weights as
/// convolutions over a sequence, `[.., .., 1]`. In `qkv` queries, keys and values of one head stand
/// together, as in the published checkpoints.
#[derive(Debug)]
pub(crate) struct Attention {
    norm: GroupNorm,
    qkv: Pointwise,
    proj_out: Pointwise,
    heads: i64,
}

impl Attention {
    pub(crate) fn new(vs: &nn::Path, channels: usize, config: &UnetConfig) -> Self {
        let bound = 1.0 / (channels as f64).sqrt();
        let pytorch = Init::Uniform {
            lo: -bound,
            up: bound,
        };
        let zero = Init::Const(0.0);
        Self {
            norm: GroupNorm::new(&(vs / "norm"), config.groups, channels),
            qkv: Pointwise::new(&(vs / "qkv"), channels, 3 * channels, pytorch),
            proj_out: Pointwise::new(&(vs / "proj_out"), channels, channels, zero),
            heads: config.heads as i64,
        }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let (b, c, h, w) = x.size4().expect("a feature map is [b, c, h, w]");
        let tokens = self.norm.forward(x).flatten(2, 3).transpose(1, 2); // [b, h·w, c]
        let qkv = self.qkv.forward(&tokens); // [b, h·w, 3c]
        let qkv = qkv.view([b, h * w, self.heads, 3, -1]);
        let qkv = qkv.permute([3, 0, 2, 1, 4]).unbind(0); // 3 × [b, heads, h·w, c/heads]
        let out = Tensor::scaled_dot_product_attention(
            &qkv[0],
            &qkv[1],
            &qkv[2],
            None::<&Tensor>,
            0.0,
            false,
            None,
            false,
        );
        let out = out.transpose(1, 2).reshape([b, h * w, c]);
        let out = self.proj_out.forward(&out).transpose(1, 2); // [b, c, h·w]
        x + out.reshape([b, c, h, w])
    }
}

/// A convolution of width 1 over a sequence, which is a linear layer at each of its places.
#[derive(Debug)]
struct Pointwise {
    weight: Tensor, // [c_out, c_in, 1]
    bias: Tensor,   // [c_out]
}

impl Pointwise {
    fn new(vs: &nn::Path, c_in: usize, c_out: usize, init: Init) -> Self {
        Self {
            weight: vs.var("weight", &[c_out as i64, c_in as i64, 1], init),
            bias: vs.var("bias", &[c_out as i64], init),
        }
    }

    /// `[b, n, c_in]` → `[b, n, c_out]`.
    fn forward(&self, x: &Tensor) -> Tensor {
        x.linear(&self.weight.squeeze_dim(-1), Some(&self.bias))
    }
}
