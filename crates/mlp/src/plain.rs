use diffusion_core::{Denoiser, Prediction};
use layers::{Linear, TimestepEmbedding};
use settings::{Setting, at_least};
use tch::Tensor;
use tch::nn::{self, Module};

use crate::{Activation, MlpConfig, TimeInput};

/// A plain MLP over rows of numbers: `Linear → activation` for each width, then a linear head.
///
/// The time comes as sinusoids ([`layers::timestep_embedding`]), concatenated to the input or added to
/// the first hidden layer ([`TimeInput`]). There is no norm and no dropout, so training and scoring are
/// the same map. Parameters: `layers.0` … `layers.N` (the head last), and `time.0`, `time.2` where the
/// time is added; they start as PyTorch's.
///
/// # Shapes
/// `x_t`: `[b, d]`, `t`: `[b]` or `[1]` → mean `[b, d]`, and where learned the variance, `[b, d]`.
#[derive(Debug)]
pub struct Mlp {
    sinusoids: TimestepEmbedding,
    time: Option<[Linear; 2]>,
    first: Linear,
    others: Vec<Linear>, // the head last
    activation: Activation,
    d: i64,
    learn_variance: bool,
}

impl Mlp {
    /// A network for rows of `d` numbers with its parameters under `vs`, drawn from libtorch's
    /// generator (seed it before).
    ///
    /// # Errors
    /// [`Setting`] where a setting or `d` is out of range.
    pub fn new(vs: &nn::Path, d: usize, config: &MlpConfig) -> Result<Self, Setting> {
        config.check()?;
        at_least("d", d, 1)?;
        config.check_parameters(d)?;
        let (widths, d_time) = (&config.widths, config.d_time);
        let d_out = d * (1 + usize::from(config.learn_variance));
        let layers = vs / "layers";
        let (d_first, time) = match config.time {
            TimeInput::Concatenate => (d + d_time, None),
            TimeInput::Add => {
                let path = vs / "time";
                let hidden = Linear::new(&(&path / 0), d_time, widths[0]);
                (
                    d,
                    Some([hidden, Linear::new(&(&path / 2), widths[0], widths[0])]),
                )
            }
        };
        let after = widths.iter().skip(1).chain([&d_out]);
        Ok(Self {
            sinusoids: TimestepEmbedding::new(d_time, vs.device()),
            time,
            first: Linear::new(&(&layers / 0), d_first, widths[0]),
            others: widths
                .iter()
                .zip(after)
                .enumerate()
                .map(|(i, (&from, &to))| Linear::new(&(&layers / (i + 1)), from, to))
                .collect(),
            activation: config.activation,
            d: d as i64,
            learn_variance: config.learn_variance,
        })
    }

    /// The first layer, before its activation: `[b, d]` → `[b, widths[0]]`.
    fn first(&self, x: &Tensor, t: &Tensor) -> Tensor {
        let sinusoids = self.sinusoids.forward(t); // [b, d_time] or [1, d_time]
        if let Some([hidden, out]) = &self.time {
            let hidden = self.activate(hidden.forward(&sinusoids));
            return self.first.forward(x) + out.forward(&hidden);
        }
        // One product over [x, sinusoids] is the sum of two, and the second is one row where all rows
        // share the time.
        let weight = self.first.weight();
        let of_x = weight.narrow(1, 0, self.d);
        let of_time = weight.narrow(1, self.d, weight.size()[1] - self.d);
        let time = sinusoids.linear(&of_time, Some(self.first.bias()));
        time.addmm(x, &of_x.tr())
    }

    fn activate(&self, x: Tensor) -> Tensor {
        let mut x = x;
        match self.activation {
            Activation::Relu => x.relu_(),
            Activation::Silu => x.silu_(),
        }
    }
}

impl Denoiser for Mlp {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let mut h = self.first(x_t, t); // [b, widths[0]]
        for layer in &self.others {
            h = layer.forward(&self.activate(h)); // [b, width], at last [b, d] or [b, 2·d]
        }
        if self.learn_variance {
            let (mean, v) = (h.narrow(1, 0, self.d), h.narrow(1, self.d, self.d));
            return Prediction::with_variance(mean, v);
        }
        Prediction::new(h)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;

    #[test]
    fn one_shared_time_is_the_same_as_one_per_row() {
        for time in [TimeInput::Concatenate, TimeInput::Add] {
            tch::manual_seed(3);
            let vs = nn::VarStore::new(Device::Cpu);
            let config = MlpConfig {
                time,
                ..MlpConfig::default()
            };
            let network = Mlp::new(&vs.root(), 7, &config).unwrap();
            let x = Tensor::randn([5, 7], (Kind::Float, Device::Cpu));
            let shared = Tensor::from_slice(&[249.0f32]);
            let one = network.predict(&x, &shared, false).mean;
            let each = network.predict(&x, &shared.expand([5], false), false).mean;
            let alone = network.predict(&x.narrow(0, 2, 1), &shared, false).mean;
            // f32 sums in another order.
            assert!((&one - each).abs().max().double_value(&[]) < 1e-5);
            assert!((one.narrow(0, 2, 1) - alone).abs().max().double_value(&[]) < 1e-5);
            let later = network.predict(&x, &(shared + 300.0), false).mean;
            assert!(
                (one - later).abs().max().double_value(&[]) > 1e-3,
                "no time"
            );
        }
    }

    #[test]
    fn no_rows_of_no_numbers() {
        let vs = nn::VarStore::new(Device::Cpu);
        let error = Mlp::new(&vs.root(), 0, &MlpConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), "d = 0: expected at least 1");
    }
}
