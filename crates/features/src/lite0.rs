use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::blocks::{BLOCKS, CHANNELS, weights};
use crate::conv::{Activation, Conv, tensor};
use crate::{FeaturesError, Lite0Blocks};

/// Numbers in a pooled vector.
const WIDTH: i64 = 1280;
const CLASSES: i64 = 1000;

/// EfficientNet-Lite0 with its ImageNet weights: EfficientNet-B0 (Tan & Le 2019, arXiv:1905.11946)
/// without squeeze-and-excitation, with ReLU6, stem and head as wide as in B0.
///
/// It is never trained here: each batch normalisation (eps 1e-3) is folded into the convolution before
/// it, and there are no gradients.
///
/// # Formula
/// Input `(x − 127)/128`, TensorFlow's "SAME" padding throughout. Stem: 3×3 convolution, stride 2, 32
/// channels. Blocks 0 to 15, in seven stages: 1×1 expansion, depthwise convolution, 1×1 projection
/// without activation, plus the block's input where shapes agree. Head: 1×1 convolution to 1280, mean
/// over the map, one linear layer to 1000 classes.
///
/// | blocks | 0 | 1–2 | 3–4 | 5–7 | 8–10 | 11–14 | 15 |
/// | --- | --- | --- | --- | --- | --- | --- | --- |
/// | channels | 16 | 24 | 40 | 80 | 112 | 192 | 320 |
/// | stride in the image | 2 | 4 | 8 | 16 | 16 | 32 | 32 |
///
/// # Shapes
/// Input `[n, 3, h, w]`, RGB, float from 0 to 255, of any size.
#[derive(Debug)]
pub struct Lite0 {
    blocks: Lite0Blocks,
    head: Conv,
    classifier: [Tensor; 2],
}

impl Lite0 {
    /// The network with the weights of a file ([`lite0_weights`](crate::lite0_weights)), named as in the
    /// `efficientnet_lite_pytorch` package.
    ///
    /// # Errors
    /// As [`StateDict::load`](crate::StateDict::load) and [`Lite0Blocks::new`].
    pub fn load(file: &Path, device: Device) -> Result<Self, FeaturesError> {
        let w = weights(file, |_| true)?;
        let (head, shape) = (("_conv_head", "_bn1"), [WIDTH, CHANNELS, 1, 1]);
        Ok(Self {
            blocks: Lite0Blocks::new(&w, BLOCKS, device)?,
            head: Conv::folded(&w, head, shape, 1, Activation::Relu6, device)?,
            classifier: [
                tensor(&w, "_fc.weight", &[CLASSES, WIDTH], device)?,
                tensor(&w, "_fc.bias", &[CLASSES], device)?,
            ],
        })
    }

    /// Numbers in a pooled vector.
    pub fn width(&self) -> usize {
        WIDTH as usize
    }

    /// The mean of the last map: `[n, 3, h, w]` → `[n, 1280]`.
    ///
    /// # Errors
    /// [`FeaturesError::Torch`] for another shape or where memory runs out.
    pub fn pooled(&self, x: &Tensor) -> Result<Tensor, FeaturesError> {
        let _no_grad = tch::no_grad_guard();
        let last = self.blocks.last(x)?; // [n, 320, h/32, w/32]
        let head = self.head.forward(&last)?; // [n, 1280, h/32, w/32]
        Ok(head.f_mean_dim(&[2i64, 3][..], false, Kind::Float)?)
    }

    /// The classes of ImageNet: `[n, 3, h, w]` → `[n, 1000]`, before the softmax.
    ///
    /// # Errors
    /// As [`pooled`](Self::pooled).
    pub fn logits(&self, x: &Tensor) -> Result<Tensor, FeaturesError> {
        let _no_grad = tch::no_grad_guard();
        let [weight, bias] = &self.classifier;
        Ok(self.pooled(x)?.f_linear(weight, Some(bias))?)
    }
}
