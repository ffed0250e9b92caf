use detector::DetectorError;
use detector::settings::check;
use layers::{Linear, TimestepEmbedding};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::nn::{Module, Path};
use tch::{Kind, Reduction, TchError, Tensor};
use training::{
    BoxError, NetworkDetector, NetworkMethod, Question, SampleShape, TrainConfig, Trainable,
    TrainingObjective, check_widths, mean_square, own_train, probe_rows,
};

/// TCCM: time-conditioned contraction matching (Li et al., NeurIPS 2025, arXiv:2510.18328), a flow
/// that pulls every row to the origin at all times.
///
/// # Formula
/// The network `f(x, t)` sees the row and a sinusoidal embedding of `t`, drawn uniformly from [0, 1);
/// its loss is the mean square of `f(x, t) + x`. The score is `‖f(x, 1) + x‖`: one evaluation.
///
/// # Differences from the reference
/// None in the network, loss or score. The published runs choose the epochs (1 to 5000), the batch and
/// the learning rate for each data set by name; the defaults here are those of the authors' class.
/// Where the training rows leave a last batch of one row, it is left out.
pub type Tccm = NetworkDetector<TccmConfig>;

/// Settings of [`Tccm`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct TccmConfig {
    /// Widths of the hidden layers.
    pub widths: Vec<usize>,
    /// Width of the time embedding, even.
    pub d_time: usize,
    /// How the network is trained.
    #[serde(deserialize_with = "own_train::<TccmConfig, _>")]
    pub train: TrainConfig,
}

impl Default for TccmConfig {
    /// The authors' code (ZhongLIFR/TCCM-NIPS, `FMAD/FlowMatchingAD.py`).
    fn default() -> Self {
        Self {
            widths: vec![256, 256],
            d_time: 128,
            train: TrainConfig {
                epochs: 100,
                batch_size: 64,
                drop_last: false,
                learning_rate: 1e-3,
                weight_decay: 0.0,
                early_stop_after: TrainConfig::NO_LIMIT,
                ..TrainConfig::default()
            },
        }
    }
}

impl NetworkMethod for TccmConfig {
    const NAME: &'static str = "tccm";

    type Network = Contraction;

    fn check(&self) -> Result<(), DetectorError> {
        check_widths("widths", &self.widths)?;
        check(
            "d-time",
            self.d_time,
            (2..=1 << 20).contains(&self.d_time) && self.d_time.is_multiple_of(2),
            "an even number, 2 to 1048576",
        )?;
        Ok(self.train.check()?)
    }

    fn train(&self) -> &TrainConfig {
        &self.train
    }

    fn network(&self, vs: &Path<'_>, shape: SampleShape) -> Result<Contraction, BoxError> {
        Ok(Contraction::new(vs, shape.numbers(), self))
    }
}

/// `f(x, t)`; names as in the reference (`model.0.weight`, `model.2.weight`, …).
#[derive(Debug)]
pub struct Contraction {
    embedding: TimestepEmbedding,
    half: i64,
    hidden: Vec<Linear>,
    last: Linear,
}

impl Contraction {
    pub(crate) fn new(vs: &Path<'_>, d: usize, config: &TccmConfig) -> Self {
        let vs = vs / "model";
        let mut width = d + config.d_time;
        let mut hidden = Vec::new();
        for (i, next) in config.widths.iter().enumerate() {
            hidden.push(Linear::new(&(&vs / (2 * i)), width, *next));
            width = *next;
        }
        Self {
            embedding: TimestepEmbedding::new(config.d_time, vs.device()),
            half: config.d_time as i64 / 2,
            hidden,
            last: Linear::new(&(&vs / (2 * config.widths.len())), width, d),
        }
    }

    /// `x`: `[b, d]`, `t`: `[b]` → `[x; sin; cos]`, `[b, d + d_time]`.
    fn input(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, TchError> {
        let cos_sin = self.embedding.forward(t); // [b, d_time]
        Tensor::f_cat(&[x, &cos_sin.f_roll([self.half], [1])?], 1) // the reference starts with the sines
    }

    /// `x`: `[b, d]`, `t`: `[b]` → `f(x, t)`, `[b, d]`.
    fn forward(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, TchError> {
        let mut h = self.input(x, t)?;
        for layer in &self.hidden {
            h = layer.forward(&h).relu_();
        }
        Ok(self.last.forward(&h))
    }

    /// The mean square of `f(x, t) + x`.
    pub(crate) fn loss_at(&self, x: &Tensor, t: &Tensor) -> Result<Tensor, TchError> {
        self.forward(x, t)?.f_mse_loss(&x.f_neg()?, Reduction::Mean)
    }
}

impl TrainingObjective for Contraction {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let t = Tensor::f_rand([x.size()[0]], (Kind::Float, x.device()))?;
        Ok(self.loss_at(x, &t)?)
    }
}

impl Trainable for Contraction {
    type Input = Tensor;

    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Tensor>>, BoxError> {
        let x = probe_rows(x)?;
        let target = mean_square(&x)?; // of −x
        Ok(vec![Question { input: x, target }])
    }

    /// `f(x, 1)`, `[b, d]`.
    fn answer(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let t = Tensor::f_ones([x.size()[0]], (Kind::Float, x.device()))?;
        let mut h = self.input(x, &t)?.f_to_kind(Kind::Double)?;
        for layer in &self.hidden {
            h = layer.forward_f64(&h)?.relu_();
        }
        Ok(self.last.forward_f64(&h)?)
    }

    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let rest = self.answer(x)? + x.f_to_kind(Kind::Double)?;
        let squares = rest.f_square()?;
        let sums = squares.f_sum_dim_intlist(1, false, Kind::Double)?;
        Ok(sums.f_sqrt()?)
    }
}
