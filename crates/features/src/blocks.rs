use std::path::Path;

use detector::State;
use tch::{Device, Tensor};

use crate::conv::{Activation, Conv};
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
pub(crate) const BLOCKS: usize = 16;
const STEM: i64 = 32;
/// Channels of the last block.
pub(crate) const CHANNELS: i64 = 320;
const KIND: &str = "lite0";
const LAYOUT: u32 = 1;

/// The stem and the first blocks of [`Lite0`](crate::Lite0): all that maps of features need.
///
/// Its weights are data, which a fitted detector can store: those of blocks 0 to 10 take 3 MB, the whole
/// network's 19 MB.
#[derive(Debug)]
pub struct Lite0Blocks {
    stem: Conv,
    blocks: Vec<Block>,
}

/// An inverted residual block.
#[derive(Debug)]
struct Block {
    expand: Option<Conv>,
    depthwise: Conv,
    project: Conv,
    residual: bool,
}

impl Lite0Blocks {
    /// The weights of the stem and of the first `n` blocks in a file that
    /// [`lite0_weights`](crate::lite0_weights) gets, as arrays with their names in the file.
    ///
    /// # Errors
    /// As [`StateDict::load`].
    pub fn weights(file: &Path, n: usize) -> Result<State, FeaturesError> {
        weights(file, |name| match name.strip_prefix("_blocks.") {
            Some(rest) => {
                let number = rest.split('.').next();
                number.is_some_and(|number| number.parse().is_ok_and(|number: usize| number < n))
            }
            None => name.starts_with("_conv_stem.") || name.starts_with("_bn0."),
        })
    }

    /// The first `n` blocks, 16 at most, with these [`weights`](Self::weights).
    ///
    /// # Errors
    /// [`FeaturesError::State`] where an array is missing, of another shape or not finite,
    /// [`FeaturesError::Torch`] where the device is absent.
    pub fn new(weights: &State, n: usize, device: Device) -> Result<Self, FeaturesError> {
        weights.expect(KIND, LAYOUT)?;
        let conv = |name: &str, norm: &str, shape, stride, activation| {
            Conv::folded(weights, (name, norm), shape, stride, activation, device)
        };
        let mut blocks = Vec::with_capacity(BLOCKS);
        let mut channels = STEM;
        let all = STAGES
            .iter()
            .flat_map(|&(kernel, repeats, out, expansion, stride)| {
                // Only a stage's first block has its stride.
                (0..repeats).map(move |i| (kernel, out, expansion, if i == 0 { stride } else { 1 }))
            });
        for (kernel, out, expansion, stride) in all.take(n) {
            let at = format!("_blocks.{}", blocks.len());
            let inner = channels * expansion;
            let name = |part: &str| format!("{at}.{part}");
            let (project, norm_2) = (name("_project_conv"), name("_bn2"));
            let (depthwise, norm_1) = (name("_depthwise_conv"), name("_bn1"));
            let (expand, norm_0) = (name("_expand_conv"), name("_bn0"));
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
        Ok(Self {
            stem: conv("_conv_stem", "_bn0", [STEM, 3, 3, 3], 2, Activation::Relu6)?,
            blocks,
        })
    }

    /// The outputs of the blocks `wanted`, in that order, after the residual sum: `[n, 3, h, w]` →
    /// `[n, c, ⌈h/s⌉, ⌈w/s⌉]` each. Blocks behind the last one wanted are not run.
    ///
    /// # Errors
    /// [`FeaturesError::Block`] for a block that is not there, [`FeaturesError::Torch`] for another shape
    /// or where memory runs out.
    pub fn outputs(&self, x: &Tensor, wanted: &[usize]) -> Result<Vec<Tensor>, FeaturesError> {
        let n = self.blocks.len();
        if let Some(&block) = wanted.iter().find(|&&block| block >= n) {
            let last = n.saturating_sub(1);
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

    /// The output of the last block, `[n, 3, h, w]` → `[n, c, ⌈h/s⌉, ⌈w/s⌉]`.
    pub(crate) fn last(&self, x: &Tensor) -> Result<Tensor, FeaturesError> {
        self.run(x, self.blocks.len(), |_, _| {})
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

/// The tensors of 32-bit floats in a file of weights whose names are `wanted`.
pub(crate) fn weights(file: &Path, wanted: impl Fn(&str) -> bool) -> Result<State, FeaturesError> {
    let dictionary = StateDict::load(file)?;
    let mut state = State::new(KIND, LAYOUT);
    for name in dictionary.names().filter(|name| wanted(name)) {
        if let Some(array) = dictionary.floats(name)? {
            state = state.with_array(name, &array);
        }
    }
    Ok(state)
}
