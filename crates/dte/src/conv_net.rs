use layers::{Conv2d, Dropout, GroupNorm, Linear};
use tch::nn::{Module, Path};
use tch::{Kind, TchError, Tensor};

use crate::categorical::Classifier;

/// A small convolutional network over images of any size: 3×3 convolutions, each with a group norm and
/// ReLU, the image halved by every one but the first, the mean over what is left of it, one linear layer.
///
/// # Shapes
/// `[b, c, h, w]` → `[b, d_out]`.
#[derive(Debug)]
pub(crate) struct ConvNet {
    stages: Vec<(Conv2d, GroupNorm)>,
    last: Linear,
    dropout: Dropout,
}

impl ConvNet {
    /// Stages of `channels`, not empty, each a multiple of `groups`.
    pub(crate) fn new(
        vs: &Path<'_>,
        c: usize,
        channels: &[usize],
        groups: usize,
        d_out: usize,
        dropout: f64,
    ) -> Self {
        let (convs, norms) = (vs / "convs", vs / "norms");
        let froms = [c].into_iter().chain(channels.iter().copied());
        let stages = froms.zip(channels).enumerate();
        Self {
            stages: stages
                .map(|(i, (from, &to))| {
                    let stride = if i == 0 { 1 } else { 2 };
                    let conv = Conv2d::new(&(&convs / i), from, to, 3, stride);
                    (conv, GroupNorm::new(&(&norms / i), groups, to))
                })
                .collect(),
            last: Linear::new(&(vs / "last"), channels[channels.len() - 1], d_out),
            dropout: Dropout(dropout),
        }
    }

    /// `[b, c, h, w]` → `[b, channels]`.
    fn features(&self, x: &Tensor) -> Tensor {
        let mut h = x.shallow_clone();
        for (conv, norm) in &self.stages {
            h = norm.forward(&conv.forward(&h)).relu_();
        }
        h.mean_dim([2, 3].as_slice(), false, Kind::Float)
    }
}

impl Classifier for ConvNet {
    fn draw(&self, b: i64) -> Result<Vec<Tensor>, TchError> {
        let weight = self.last.weight(); // [d_out, channels]
        let mut drawn = Vec::new();
        let shape = [b, weight.size()[1]];
        self.dropout.draw(shape, weight.device(), &mut drawn)?;
        Ok(drawn)
    }

    fn forward(&self, x: &Tensor, drawn: &[Tensor]) -> Tensor {
        let h = self.dropout.apply(self.features(x), &mut drawn.iter());
        self.last.forward(&h)
    }

    fn answer(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.last.forward(&self.features(x)).f_to_kind(Kind::Double)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, nn};

    use super::*;

    #[test]
    fn any_channels_and_any_size() {
        tch::manual_seed(0);
        for (c, h, w) in [(1, 28, 28), (3, 7, 12), (5, 1, 1)] {
            let vs = nn::VarStore::new(Device::Cpu);
            let net = ConvNet::new(&vs.root(), c as usize, &[4, 8], 2, 7, 0.5);
            let x = Tensor::randn([2, c, h, w], (Kind::Float, Device::Cpu));
            let drawn = net.draw(2).unwrap();
            assert_eq!(net.forward(&x, &drawn).size(), [2, 7]);
            let answer = net.answer(&x).unwrap();
            assert_eq!(answer, net.answer(&x).unwrap()); // no dropout
            let alone = net.answer(&x.narrow(0, 1, 1)).unwrap();
            let gap = (answer.narrow(0, 1, 1) - alone).abs().max();
            assert!(gap.double_value(&[]) < 1e-6);
        }
    }
}
