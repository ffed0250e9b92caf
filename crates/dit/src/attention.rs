use layers::{Linear, LinearInit};
use tch::Tensor;
use tch::nn::{self, Module};

/// Multi-head self-attention by libtorch's fused kernel.
///
/// # Formula
/// `softmax(q·kᵀ/√(width/heads))·v` in each head, then one linear layer over all heads.
///
/// # Shapes
/// `[b, n, width]` → `[b, n, width]`; parameters `qkv` (queries, keys, values one after another) and
/// `proj`.
#[derive(Debug)]
pub(crate) struct Attention {
    qkv: Linear,
    proj: Linear,
    heads: i64,
}

impl Attention {
    pub(crate) fn new(vs: &nn::Path, width: usize, heads: usize) -> Self {
        let linear = |name: &str, d_out| {
            Linear::with_init(&(vs / name), width, d_out, LinearInit::XavierUniform)
        };
        Self {
            qkv: linear("qkv", 3 * width),
            proj: linear("proj", width),
            heads: heads as i64,
        }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let (b, n, width) = x.size3().expect("tokens are [b, n, width]");
        let qkv = self.qkv.forward(x).view([b, n, 3, self.heads, -1]);
        let qkv = qkv.permute([2, 0, 3, 1, 4]).unbind(0); // 3 × [b, heads, n, width/heads]
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
        let out = out.transpose(1, 2).reshape([b, n, width]);
        self.proj.forward(&out)
    }
}
