use diffusion_core::{Denoiser, Prediction};
use layers::{Linear, LinearInit};
use settings::{Setting, at_least};
use tch::Tensor;
use tch::nn::{self, Module};

use crate::image::prediction;
use crate::time::Level;
use crate::transformer::Transformer;
use crate::{VectorDitConfig, positions};

/// The transformer of [`Dit`](crate::Dit) over chunks of a vector, for embeddings and tables: a vector
/// is cut into tokens of `chunk` numbers as an image into patches.
///
/// All chunks share one embedding and one head, as patches do; what sets them apart is their position,
/// a fixed sin-cos code of their number. Zeros fill the last chunk up, and what the network says about
/// them is dropped. Start and parameter names are those of [`Dit`](crate::Dit), `x_embedder.proj` being
/// a plain linear layer.
///
/// # Shapes
/// `x_t`: `[b, d]`, `t`: `[b]` or `[1]` → mean `[b, d]`, and where learned the variance, `[b, d]`.
#[derive(Debug)]
pub struct VectorDit {
    proj: Linear,
    pos_embed: Tensor, // [1, n, width]
    transformer: Transformer,
    d: i64,
    chunk: i64,
    outputs: i64,
}

impl VectorDit {
    /// A network for rows of `d` numbers with its parameters under `vs`, drawn from libtorch's
    /// generator (seed it before).
    ///
    /// # Errors
    /// [`Setting`] where a setting is out of range or `d` is 0.
    pub fn new(vs: &nn::Path, d: usize, config: &VectorDitConfig) -> Result<Self, Setting> {
        config.check()?;
        at_least("d", d, 1)?;
        let (chunk, width, size) = (config.chunk, config.width, config.size());
        let proj = vs / "x_embedder" / "proj";
        let positions = positions::line(d.div_ceil(chunk), width, vs.device());
        Ok(Self {
            proj: Linear::with_init(&proj, chunk, width, LinearInit::XavierUniform),
            pos_embed: vs.add("pos_embed", positions, false),
            transformer: Transformer::new(vs, &size, size.outputs() * chunk, Level::Step),
            d: d as i64,
            chunk: chunk as i64,
            outputs: size.outputs() as i64,
        })
    }

    /// `[b, d]` → `[b, n, chunk]`.
    fn cut(&self, x: &Tensor) -> Tensor {
        let missing = self.pos_embed.size()[1] * self.chunk - self.d;
        let x = match missing {
            0 => x.shallow_clone(),
            _ => x.constant_pad_nd([0, missing]),
        };
        x.reshape([x.size()[0], -1, self.chunk])
    }

    /// `[b, n, outputs·chunk]` → `[b, outputs·d]`: all means, then all variances.
    fn join(&self, x: &Tensor) -> Tensor {
        let (b, n, _) = x.size3().expect("tokens are [b, n, outputs·chunk]");
        let x = x.view([b, n, self.outputs, self.chunk]).transpose(1, 2); // [b, outputs, n, chunk]
        let x = x.reshape([b, self.outputs, n * self.chunk]);
        x.narrow(2, 0, self.d).reshape([b, self.outputs * self.d])
    }
}

impl Denoiser for VectorDit {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let x = self.proj.forward(&self.cut(x_t)) + &self.pos_embed; // [b, n, width]
        let x = self.transformer.forward(x, t); // [b, n, outputs·chunk]
        prediction(self.join(&x), self.outputs)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    /// A network whose zeros are filled, so that it answers something.
    fn awake(d: usize, config: &VectorDitConfig) -> (nn::VarStore, VectorDit) {
        tch::manual_seed(1);
        let vs = nn::VarStore::new(Device::Cpu);
        let network = VectorDit::new(&vs.root(), d, config).unwrap();
        let _no_grad = tch::no_grad_guard();
        for mut variable in vs.trainable_variables() {
            let _ = variable.normal_(0.0, 0.1);
        }
        (vs, network)
    }

    #[test]
    fn a_fresh_network_answers_zero() {
        let vs = nn::VarStore::new(Device::Cpu);
        let network = VectorDit::new(&vs.root(), 70, &VectorDitConfig::default()).unwrap();
        let x = Tensor::randn([3, 70], (Kind::Float, Device::Cpu));
        let prediction = network.predict(&x, &Tensor::from_slice(&[7.0f32]), true);
        assert_eq!(prediction.mean.size(), [3, 70]);
        assert_eq!(prediction.mean.abs().max().double_value(&[]), 0.0);
        assert!(prediction.variance.is_none());
    }

    #[test]
    fn a_row_does_not_depend_on_its_batch() {
        for learn_variance in [false, true] {
            let config = VectorDitConfig {
                learn_variance,
                ..VectorDitConfig::default()
            };
            let (_vs, network) = awake(70, &config);
            let _no_grad = tch::no_grad_guard();
            let x = Tensor::randn([5, 70], (Kind::Float, Device::Cpu));
            let t = Tensor::from_slice(&[40.0f32]);
            let all = network.predict(&x, &t.expand([5], false), false);
            let alone = network.predict(&x.narrow(0, 3, 1), &t, false);
            let pairs = [
                Some((all.mean, alone.mean)),
                all.variance.zip(alone.variance),
            ];
            assert_eq!(pairs[1].is_some(), learn_variance);
            for (all, alone) in pairs.into_iter().flatten() {
                assert!(all.std(true).double_value(&[]) > 0.05, "nothing to compare");
                let worst = (all.narrow(0, 3, 1) - alone).abs().max();
                assert!(worst.double_value(&[]) < 1e-5); // f32 sums in another order
            }
        }
    }

    #[test]
    fn every_trained_number_is_counted() {
        for (chunk, learn_variance) in [(5, false), (16, true)] {
            let config = VectorDitConfig {
                chunk,
                learn_variance,
                ..VectorDitConfig::default()
            };
            let (vs, _) = awake(33, &config);
            let count: usize = vs.trainable_variables().iter().map(Tensor::numel).sum();
            assert_eq!(count, config.n_parameters());
        }
    }

    #[test]
    fn no_rows_of_no_numbers() {
        let vs = nn::VarStore::new(Device::Cpu);
        let error = VectorDit::new(&vs.root(), 0, &VectorDitConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), "d = 0: expected at least 1");
    }
}
