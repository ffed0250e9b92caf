use layers::{Conv2d, GroupNorm, Linear};
use tch::Tensor;
use tch::nn::{self, Module};

use crate::UnetConfig;
use crate::layout::channels_last;

/// A residual block that is given the noise level. It starts as its skip connection.
///
/// # Formula
/// `h = conv(SiLU(norm(x)))`; with scale `s` and shift `b` from the time embedding
/// `h ← norm(h)·(1 + s) + b`, or without `scale_shift` `h ← norm(h + b)`; then
/// `skip(x) + conv(dropout(SiLU(h)))`, the last convolution zero at first, `skip` a 1×1 convolution
/// where the channels change.
///
/// # Shapes
/// `x`: `[b, from, h, w]`, time embedding (through SiLU): `[b, 4C]` or `[1, 4C]` → `[b, to, h, w]`.
#[derive(Debug)]
pub(crate) struct ResBlock {
    norm_in: GroupNorm,
    conv_in: Conv2d,
    time: Linear,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    skip: Option<Conv2d>,
    scale_shift: bool,
    dropout: f64,
    channels_last: bool,
}

impl ResBlock {
    /// The reference counts the layers of its sequences, SiLU and dropout among them.
    pub(crate) fn new(vs: &nn::Path, from: usize, to: usize, config: &UnetConfig) -> Self {
        let (first, last) = (vs / "in_layers", vs / "out_layers");
        let d_time = to * (1 + usize::from(config.scale_shift));
        let skip = || Conv2d::new(&(vs / "skip_connection"), from, to, 1, 1);
        Self {
            norm_in: GroupNorm::new(&(&first / 0), config.groups, from),
            conv_in: Conv2d::new(&(&first / 2), from, to, 3, 1),
            time: Linear::new(&(vs / "emb_layers" / 1), config.d_time(), d_time),
            norm_out: GroupNorm::new(&(&last / 0), config.groups, to),
            conv_out: Conv2d::zero(&(&last / 3), to, to, 3),
            skip: (from != to).then(skip),
            scale_shift: config.scale_shift,
            dropout: config.dropout,
            channels_last: config.channels_last,
        }
    }

    pub(crate) fn forward(&self, x: &Tensor, time: &Tensor, train: bool) -> Tensor {
        let h = self.laid_out(self.norm_in.forward(x).silu());
        let h = self.conv_in.forward(&h); // [b, to, h, w]
        let time = self.time.forward(time).unsqueeze(-1).unsqueeze(-1); // [b, to or 2·to, 1, 1]
        let h = match self.scale_shift {
            true => {
                let parts = time.chunk(2, 1);
                self.norm_out.forward(&h) * (&parts[0] + 1.0) + &parts[1]
            }
            false => self.norm_out.forward(&(h + time)),
        };
        let mut h = h.silu();
        if train && self.dropout > 0.0 {
            h = h.dropout(self.dropout, true);
        }
        let h = self.conv_out.forward(&self.laid_out(h));
        match &self.skip {
            None => x + h,
            Some(skip) => skip.forward(x) + h,
        }
    }

    /// On CUDA a group norm answers with the channels outermost whatever it was given.
    fn laid_out(&self, x: Tensor) -> Tensor {
        match self.channels_last {
            true => channels_last(&x),
            false => x,
        }
    }
}
