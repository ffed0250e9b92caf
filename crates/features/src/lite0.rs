use std::path::Path;

use tch::{Device, Kind, Tensor};

use crate::conv::{Activation, Conv, tensor};
use crate::{FeaturesError, StateDict};

/// Kernel, blocks, output channels, expansion and stride of each stage: EfficientNet-B0's (Tan & Le
/// 2019, table 1).
const STAGES: [(i64, usize, i64, i64, i64); 7] = [
    (3, 1, 16, 1, 1),
    (3, 2, 24, 6, 2),
    (5, 2, 40, 6, 2),
    (3, 3, 80, 6, 2),
    (5, 3, 112, 6, 1),
    (5, 4, 192, 6, 2),
    (3, 1, 320, 6, 1),
];
/// Blocks in all.
const BLOCKS: usize = 16;
const STEM: i64 = 32;
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
    stem: Conv,
    blocks: Vec<Block>,
    head: Conv,
    classifier: [Tensor; 2],
}

/// An inverted residual block.
#[derive(Debug)]
struct Block {
    expand: Option<Conv>,
    depthwise: Conv,
    project: Conv,
    residual: bool,
}

impl Lite0 {
    /// The network with the weights of a file ([`lite0_weights`](crate::lite0_weights)).
    ///
    /// # Errors
    /// As [`StateDict::load`] and [`new`](Self::new).
    pub fn load(weights: &Path, device: Device) -> Result<Self, FeaturesError> {
        Self::new(&StateDict::load(weights)?, device)
    }

    /// The network with the weights `w`, named as in the `efficientnet_lite_pytorch` package.
    ///
    /// # Errors
    /// [`FeaturesError::NoTensor`], [`FeaturesError::TensorShape`], [`FeaturesError::Torch`] where the
    /// device is absent.
    pub fn new(w: &StateDict, device: Device) -> Result<Self, FeaturesError> {
        let conv = |name: &str, norm: &str, shape, stride, activation| {
            Conv::folded(w, (name, norm), shape, stride, activation, device)
        };
        let mut blocks = Vec::with_capacity(BLOCKS);
        let mut channels = STEM;
        for (kernel, repeats, out, expansion, stride) in STAGES {
            for repeat in 0..repeats {
                let at = format!("_blocks.{}", blocks.len());
                let inner = channels * expansion;
                let name = |part: &str| format!("{at}.{part}");
                let (project, norm_2) = (name("_project_conv"), name("_bn2"));
                let (depthwise, norm_1) = (name("_depthwise_conv"), name("_bn1"));
                let (expand, norm_0) = (name("_expand_conv"), name("_bn0"));
                let stride = if repeat == 0 { stride } else { 1 };
                let relu6 = Activation::Relu6;
                blocks.push(Block {
                    expand: (expansion > 1)
                        .then(|| conv(&expand, &norm_0, [inner, channels, 1, 1], 1, relu6))
                        .transpose()?,
                    depthwise: conv(
                        &depthwise,
                        &norm_1,
                        [inner, 1, kernel, kernel],
                        stride,
                        relu6,
                    )?,
                    project: conv(&project, &norm_2, [out, inner, 1, 1], 1, Activation::None)?,
                    residual: stride == 1 && channels == out,
                });
                channels = out;
            }
        }
        let relu6 = Activation::Relu6;
        Ok(Self {
            stem: conv("_conv_stem", "_bn0", [STEM, 3, 3, 3], 2, relu6)?,
            blocks,
            head: conv("_conv_head", "_bn1", [WIDTH, channels, 1, 1], 1, relu6)?,
            classifier: [
                tensor(w, "_fc.weight", &[CLASSES, WIDTH], device)?,
                tensor(w, "_fc.bias", &[CLASSES], device)?,
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
        let last = self.run(x, BLOCKS, |_, _| {})?; // [n, 320, h/32, w/32]
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

    /// The outputs of the blocks `wanted`, in that order, after the residual sum: `[n, 3, h, w]` →
    /// `[n, c, ⌈h/s⌉, ⌈w/s⌉]` each. Blocks behind the last one wanted are not run.
    ///
    /// # Errors
    /// [`FeaturesError::Block`] for a number above 15; as [`pooled`](Self::pooled).
    pub fn block_outputs(
        &self,
        x: &Tensor,
        wanted: &[usize],
    ) -> Result<Vec<Tensor>, FeaturesError> {
        let last = BLOCKS - 1;
        if let Some(&block) = wanted.iter().find(|&&block| block > last) {
            return Err(FeaturesError::Block { block, last });
        }
        let _no_grad = tch::no_grad_guard();
        let n_blocks = wanted.iter().max().map_or(0, |last| last + 1);
        let mut found: Vec<Option<Tensor>> = wanted.iter().map(|_| None).collect();
        let _last = self.run(x, n_blocks, |block, output| {
            for (slot, _) in found.iter_mut().zip(wanted).filter(|(_, w)| **w == block) {
                *slot = Some(output.shallow_clone());
            }
        })?;
        Ok(found.into_iter().flatten().collect())
    }

    /// Stem and the first `n_blocks` blocks; `see` is shown each block's output.
    fn run(
        &self,
        x: &Tensor,
        n_blocks: usize,
        mut see: impl FnMut(usize, &Tensor),
    ) -> Result<Tensor, FeaturesError> {
        let x = x.f_sub_scalar(127.0)?.f_div_scalar_(128.0)?;
        let mut h = self.stem.forward(&x)?; // [n, 32, h/2, w/2]
        for (number, block) in self.blocks.iter().take(n_blocks).enumerate() {
            h = block.forward(&h)?; // [n, c, h/s, w/s]
            see(number, &h);
        }
        Ok(h)
    }
}

impl Block {
    fn forward(&self, x: &Tensor) -> Result<Tensor, FeaturesError> {
        let expanded = self.expand.as_ref().map(|conv| conv.forward(x));
        let h = expanded.transpose()?;
        let h = self.depthwise.forward(h.as_ref().unwrap_or(x))?;
        let mut h = self.project.forward(&h)?;
        match self.residual {
            true => Ok(h.f_add_(x)?),
            false => Ok(h),
        }
    }
}
