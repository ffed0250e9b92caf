use layers::Conv2d;
use tch::Tensor;
use tch::nn::{self, Module};

use crate::UnetConfig;
use crate::attention::Attention;
use crate::plan::Layer;
use crate::res_block::ResBlock;
use crate::resample::{Downsample, Upsample};

/// A few layers between two skip connections.
#[derive(Debug)]
pub(crate) struct Stage {
    layers: Vec<Built>,
}

#[derive(Debug)]
enum Built {
    Stem(Conv2d),
    Res(ResBlock),
    Attention(Attention),
    Down(Downsample),
    Up(Upsample),
}

impl Stage {
    /// The `layers` under `vs`, by their place.
    pub(crate) fn new(vs: &nn::Path, layers: &[Layer], config: &UnetConfig) -> Self {
        let build = |(i, layer): (usize, &Layer)| {
            let vs = &(vs / i);
            match *layer {
                Layer::Stem { from, to } => Built::Stem(Conv2d::new(vs, from, to, 3, 1)),
                Layer::Res { from, to } => Built::Res(ResBlock::new(vs, from, to, config)),
                Layer::Attention { channels } => {
                    Built::Attention(Attention::new(vs, channels, config))
                }
                Layer::Down { channels } => Built::Down(Downsample::new(vs, channels)),
                Layer::Up { channels } => Built::Up(Upsample::new(vs, channels)),
            }
        };
        Self {
            layers: layers.iter().enumerate().map(build).collect(),
        }
    }

    /// `x`: `[b, c, h, w]`, time embedding (through SiLU): `[b, 4C]` or `[1, 4C]`.
    pub(crate) fn forward(&self, x: Tensor, time: &Tensor, train: bool) -> Tensor {
        self.layers.iter().fold(x, |x, layer| match layer {
            Built::Stem(conv) => conv.forward(&x),
            Built::Res(block) => block.forward(&x, time, train),
            Built::Attention(attention) => attention.forward(&x),
            Built::Down(down) => down.forward(&x),
            Built::Up(up) => up.forward(&x),
        })
    }
}
