use std::slice;

use diffusion_core::{Denoiser, Prediction, StackedDenoiser};
use layers::{BatchNorm, Dropout, Linear, TimestepEmbedding};
use settings::{Setting, at_least};
use tch::nn::{self, Module, ModuleT};
use tch::{TchError, Tensor};

use crate::ResidualMlpConfig;

/// The residual MLP of DTE's DDPM (Livernoche et al., arXiv:2305.18593; after the tabular ResNet of
/// Gorishniy et al. 2021, arXiv:2106.11959).
///
/// `Linear(d → 128)`, the time embedding added once, three blocks, then `BatchNorm → ReLU →
/// Linear(128 → d)`. Parameter names follow the reference (vicliv/DTE, `diffusion/ddpm.py`), so that
/// its `state_dict` loads, but for `num_batches_tracked`, which momentum 0.1 leaves without use.
///
/// # Shapes
/// `x_t`: `[b, d]`, `t`: `[b]` or `[1]` → mean `[b, d]`, and where learned the variance, `[b, d]`; of `r` networks
/// stacked, in training, `[r, b, d]` and `[r, b]`.
#[derive(Debug)]
pub struct ResidualMlp {
    time_embedding: TimestepEmbedding,
    time_first: Linear,
    time_second: Linear,
    time_to_main: Linear,
    first_layer: Linear,
    blocks: Vec<Block>,
    head_normalization: BatchNorm,
    head_linear: Linear,
    learn_variance: bool,
}

impl ResidualMlp {
    /// A network for rows of `d` numbers with its parameters under `vs`, initialised as PyTorch does
    /// from libtorch's generator (seed it before).
    ///
    /// # Errors
    /// [`Setting`] where a setting or `d` is out of range.
    pub fn new(vs: &nn::Path, d: usize, config: &ResidualMlpConfig) -> Result<Self, Setting> {
        Self::with_outputs(vs, d, config, 1)
    }

    /// The same with a last layer of `2·d` numbers: the mean, then the variance within its range
    /// ([`Variance::LearnedRange`](diffusion_core::Variance::LearnedRange)).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_learned_variance(
        vs: &nn::Path,
        d: usize,
        config: &ResidualMlpConfig,
    ) -> Result<Self, Setting> {
        Self::with_outputs(vs, d, config, 2)
    }

    fn with_outputs(
        vs: &nn::Path,
        d: usize,
        config: &ResidualMlpConfig,
        outputs: usize,
    ) -> Result<Self, Setting> {
        config.check()?;
        at_least("d", d, 1)?;
        config.check_parameters(d.saturating_mul(outputs))?;
        let (d_main, d_time) = (config.d_main, config.d_time);
        let (resnet, time_embed) = (vs / "resnet", vs / "time_embed");
        let (blocks, head) = (&resnet / "blocks", &resnet / "head");
        Ok(Self {
            time_embedding: TimestepEmbedding::new(d_time, vs.device()),
            first_layer: Linear::new(&(&resnet / "first_layer"), d, d_main),
            blocks: (0..config.n_blocks)
                .map(|i| Block::new(&(&blocks / i), config))
                .collect(),
            head_normalization: BatchNorm::new(&(&head / "normalization"), d_main),
            head_linear: Linear::new(&(&head / "linear"), d_main, outputs * d),
            learn_variance: outputs == 2,
            time_to_main: Linear::new(&(&resnet / "mlp" / 1), d_time, d_main),
            time_first: Linear::new(&(&time_embed / 0), d_time, d_time),
            time_second: Linear::new(&(&time_embed / 2), d_time, d_time),
        })
    }

    /// The time's share of the hidden state: `[.., b]` → `[.., b, d_main]`.
    fn time(&self, t: &Tensor) -> Tensor {
        let embedding = self.time_embedding.forward(t); // [.., b, d_time]
        let hidden = self.time_first.forward(&embedding).silu_();
        let hidden = self.time_second.forward(&hidden).silu_(); // [.., b, d_time]
        self.time_to_main.forward(&hidden)
    }
}

impl Denoiser for ResidualMlp {
    fn predict(&self, x_t: &Tensor, t: &Tensor, train: bool) -> Prediction {
        if train {
            // Nothing else is drawn between the noise and these.
            match self.draw(x_t.size()[0]) {
                Ok(drawn) => return self.predict_with(x_t, t, &drawn),
                Err(error) => panic!("{error}"), // as every layer does where memory ends
            }
        }
        let h = self.first(x_t, &self.time(t)); // [b, d_main]
        let h = if h.requires_grad() {
            self.layers(h, false, &[])
        } else {
            self.merged(h)
        };
        self.answer(&h)
    }

    fn stacked(&self) -> Option<&dyn StackedDenoiser> {
        Some(self)
    }
}

impl StackedDenoiser for ResidualMlp {
    fn draw(&self, b: i64) -> Result<Vec<Tensor>, TchError> {
        let mut drawn = Vec::new();
        for block in &self.blocks {
            block.draw(b, &mut drawn)?;
        }
        Ok(drawn)
    }

    fn predict_with(&self, x_t: &Tensor, t: &Tensor, drawn: &[Tensor]) -> Prediction {
        let h = self.first(x_t, &self.time(t)); // [.., b, d_main]
        self.answer(&self.layers(h, true, drawn))
    }
}

impl ResidualMlp {
    /// `Linear(x_t)` plus the time's share, in one pass where the time is the same for all rows.
    fn first(&self, x_t: &Tensor, time: &Tensor) -> Tensor {
        let layer = &self.first_layer;
        match time.size()[..] {
            [1, _] => x_t.linear(layer.weight(), Some(layer.bias() + time.squeeze_dim(0))),
            _ => layer.forward(x_t) + time,
        }
    }

    /// The head's last layer: `[.., b, d_main]` → `[.., b, d]`, twice where the variance is learned.
    fn answer(&self, h: &Tensor) -> Prediction {
        let answer = self.head_linear.forward(h); // [.., d] or [.., 2d]
        if !self.learn_variance {
            return Prediction::new(answer);
        }
        let d = answer.size().last().map_or(0, |d| d / 2);
        Prediction::with_variance(answer.narrow(-1, 0, d), answer.narrow(-1, d, d))
    }

    /// Blocks and the head's norm one after another, with what dropout has drawn: `[.., b, d_main]` → the same.
    fn layers(&self, mut h: Tensor, train: bool, drawn: &[Tensor]) -> Tensor {
        let mut drawn = drawn.iter();
        for block in &self.blocks {
            h = block.forward(&h, train, &mut drawn); // [.., b, d_main]
        }
        self.head_normalization.forward_t(&h, train).relu_()
    }

    /// The same outside training, with every batch norm merged into the linear layer behind it and the
    /// blocks' last biases carried along beside the rows: between two products of matrices stands the
    /// ReLU alone. What is computed for it has the size of the weights, not of the rows. Works in
    /// place, so nothing may record gradients.
    fn merged(&self, mut h: Tensor) -> Tensor {
        let mut missing = Tensor::zeros([h.size()[1]], (h.kind(), h.device())); // the state is h + missing
        for block in &self.blocks {
            let (first, second) = (&block.linear_first, &block.linear_second);
            let (scale, shift) = block.normalization.scale_and_shift();
            let shift = shift.addcmul(&missing, &scale);
            let bias = first.bias().addmv(first.weight(), &shift); // [d_hidden]
            let weight = first.weight() * scale; // [d_hidden, d_main]
            let inner = h.linear(&weight, Some(bias)).relu_(); // [b, d_hidden]
            let _ = h.addmm_(&inner, &second.weight().tr());
            missing += second.bias();
        }
        let (scale, shift) = self.head_normalization.scale_and_shift();
        let shift = shift.addcmul(&missing, &scale);
        shift.addcmul(&h, &scale).relu_() // [b, d_main]
    }
}

/// `x + Dropout(Linear(Dropout(ReLU(Linear(BatchNorm(x))))))`.
#[derive(Debug)]
struct Block {
    normalization: BatchNorm,
    linear_first: Linear,
    linear_second: Linear,
    dropout_first: Dropout,
    dropout_second: Dropout,
}

impl Block {
    fn new(vs: &nn::Path, config: &ResidualMlpConfig) -> Self {
        Self {
            normalization: BatchNorm::new(&(vs / "normalization"), config.d_main),
            linear_first: Linear::new(&(vs / "linear_first"), config.d_main, config.d_hidden),
            linear_second: Linear::new(&(vs / "linear_second"), config.d_hidden, config.d_main),
            dropout_first: Dropout(config.dropout_first),
            dropout_second: Dropout(config.dropout_second),
        }
    }

    /// Appends what dropout draws for `b` rows.
    fn draw(&self, b: i64, to: &mut Vec<Tensor>) -> Result<(), TchError> {
        for (layer, dropout) in [
            (&self.linear_first, self.dropout_first),
            (&self.linear_second, self.dropout_second),
        ] {
            let bias = layer.bias(); // [.., width]
            let width = bias.size().last().copied().unwrap_or(0);
            dropout.draw([b, width], bias.device(), to)?;
        }
        Ok(())
    }

    fn forward(&self, x: &Tensor, train: bool, drawn: &mut slice::Iter<'_, Tensor>) -> Tensor {
        let h = self.normalization.forward_t(x, train); // [.., b, d_main]
        let h = self.linear_first.forward(&h).relu_(); // [.., b, d_hidden]
        let h = self.dropout_first.apply(h, drawn);
        let h = self.linear_second.forward(&h); // [.., b, d_main]
        x + self.dropout_second.apply(h, drawn)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tch::{Device, Kind};

    use super::*;

    fn network(d: usize) -> (nn::VarStore, ResidualMlp) {
        let vs = nn::VarStore::new(Device::Cpu);
        let network = ResidualMlp::new(&vs.root(), d, &ResidualMlpConfig::default()).unwrap();
        (vs, network)
    }

    #[test]
    fn parameters_and_names_are_the_references() {
        let (vs, _) = network(512);
        let count: usize = vs.trainable_variables().iter().map(Tensor::numel).sum();
        // sum(p.numel() for p in model.parameters()) of the reference in PyTorch at d = 512.
        assert_eq!(count, 494_976);
        let names: BTreeSet<String> = vs.variables().into_keys().collect();
        assert_eq!(names.len(), 12 + 3 * 8 + 2); // no name was taken twice
        for name in [
            "resnet.first_layer.weight",
            "resnet.blocks.2.normalization.running_var",
            "resnet.blocks.0.linear_first.bias",
            "resnet.head.normalization.weight",
            "resnet.head.linear.weight",
            "resnet.mlp.1.weight",
            "time_embed.0.weight",
            "time_embed.2.bias",
        ] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn one_shared_time_is_the_same_as_one_per_row() {
        tch::manual_seed(3);
        let (_vs, network) = network(7);
        let x = Tensor::randn([5, 7], (Kind::Float, Device::Cpu));
        let shared = Tensor::from_slice(&[249.0f32]);
        let one = network.predict(&x, &shared, false).mean;
        let each = network.predict(&x, &shared.expand([5], false), false).mean;
        // GEMM may sum in another order for one row than for five.
        assert!((one - each).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn merged_layers_answer_as_the_layers_do() {
        tch::manual_seed(4);
        let (vs, network) = network(20);
        let x = Tensor::randn([64, 20], (Kind::Float, Device::Cpu)) * 2.0 + 1.0;
        let t = Tensor::from_slice(&[30.0f32]);
        let variables = vs.variables();
        tch::no_grad(|| {
            for _ in 0..20 {
                network.predict(&x, &t, true); // moves the running means and variances
            }
            for (name, variable) in &variables {
                if name.contains("normalization") && variable.requires_grad() {
                    let _ = variable.shallow_clone().uniform_(-0.5, 1.5);
                }
            }
        });
        let layers = network.predict(&x, &t, false).mean;
        assert!(layers.requires_grad());
        let merged = tch::no_grad(|| network.predict(&x, &t, false).mean);
        assert!(!merged.requires_grad());
        assert!(layers.abs().max().double_value(&[]) > 0.3);
        // f32 products in another order.
        assert!((layers - merged).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn a_learned_variance_is_the_second_half_of_the_last_layer() {
        let vs = nn::VarStore::new(Device::Cpu);
        let config = ResidualMlpConfig::default();
        let network = ResidualMlp::with_learned_variance(&vs.root(), 3, &config).unwrap();
        let variables = vs.variables();
        let bias = &variables["resnet.head.linear.bias"];
        tch::no_grad(|| {
            let _ = variables["resnet.head.linear.weight"]
                .shallow_clone()
                .zero_();
            let values = Tensor::from_slice(&[1.0f32, 2.0, 3.0, -0.5, 0.0, 0.5]);
            bias.shallow_clone().copy_(&values);
        });
        let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let answer = network.predict(&x, &Tensor::from_slice(&[4.0f32]), false);
        let row = |x: Tensor| Vec::<f32>::try_from(x.get(1)).unwrap();
        assert_eq!(row(answer.mean), [1.0, 2.0, 3.0]);
        assert_eq!(row(answer.variance.unwrap()), [-0.5, 0.0, 0.5]);
    }

    #[test]
    fn no_rows_of_no_numbers() {
        let vs = nn::VarStore::new(Device::Cpu);
        let error = ResidualMlp::new(&vs.root(), 0, &ResidualMlpConfig::default()).unwrap_err();
        assert_eq!(error.to_string(), "d = 0: expected at least 1");
    }
}
