use layers::Conv2d;
use tch::Tensor;
use tch::nn::{self, Module};

/// Halves an image by a 3×3 convolution of stride 2: `[b, c, h, w]` → `[b, c, h/2, w/2]`.
#[derive(Debug)]
pub(crate) struct Downsample {
    op: Conv2d,
}

impl Downsample {
    pub(crate) fn new(vs: &nn::Path, channels: usize) -> Self {
        Self {
            op: Conv2d::new(&(vs / "op"), channels, channels, 3, 2),
        }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        self.op.forward(x)
    }
}

/// Doubles an image by repeating pixels, a 3×3 convolution after it: `[b, c, h, w]` →
/// `[b, c, 2h, 2w]`.
#[derive(Debug)]
pub(crate) struct Upsample {
    conv: Conv2d,
}

impl Upsample {
    pub(crate) fn new(vs: &nn::Path, channels: usize) -> Self {
        Self {
            conv: Conv2d::new(&(vs / "conv"), channels, channels, 3, 1),
        }
    }

    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let (_, _, h, w) = x.size4().expect("a feature map is [b, c, h, w]");
        let x = x.upsample_nearest2d([2 * h, 2 * w], None, None);
        self.conv.forward(&x)
    }
}
