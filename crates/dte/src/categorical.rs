use detector::DetectorError;
use diffusion_core::{Process, ProcessError, Schedule, ScheduleConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Reduction, TchError, Tensor};
use training::{
    BoxError, NetworkDetector, NetworkMethod, Question, SampleShape, StackedObjective, TrainConfig,
    Trainable, TrainingObjective, check_widths, own_train, probe_rows, to_numbers,
};

use crate::draw::{Drawn, draw};
use crate::published::{self, SCHEDULE};
use crate::settings;
use crate::time_mlp::TimeMlp;

/// DTE-C: a network that classifies how much noise a row carries, as one of a few bins of diffusion time
/// (Livernoche et al., arXiv:2305.18593, section 3.3).
///
/// # Formula
/// A training row `x_0` gets noise of a time `t` drawn uniformly from `0..T`, `x_t = x_0 + √(1−ᾱ_t)·ε`;
/// the network answers with one number per bin, trained by cross-entropy against the bin
/// `⌊bins·t/T⌋`. With `p` the softmax of its answer for a row as it is, the score is `Σ k·p_k`.
///
/// # Differences from the reference
/// The authors' code (vicliv/DTE, `diffusion/dte.py`) ends the network with a softmax **and** takes a
/// loss that applies it again. As the published numbers depend on it, [`Softmax::Double`] is the
/// default; [`Softmax::Single`] is the loss of the paper's text. Where the training rows leave a last
/// batch of one row, it is left out.
pub type DteCategorical = NetworkDetector<DteCategoricalConfig>;

/// Settings of [`DteCategorical`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DteCategoricalConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// Bins of diffusion time, the classes of the network, 2 to the steps of the schedule.
    pub bins: usize,
    /// How often the softmax is applied in the loss.
    pub softmax: Softmax,
    /// Widths of the hidden layers.
    pub widths: Vec<usize>,
    /// Dropout after every hidden layer but the first, in [0, 1).
    pub dropout: f64,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// How the network is trained.
    #[serde(deserialize_with = "own_train::<DteCategoricalConfig, _>")]
    pub train: TrainConfig,
}

/// How often the softmax is applied in the loss of [`DteCategorical`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Softmax {
    /// Twice, as released.
    ///
    /// `p` takes the place of the logits, and the loss cannot fall below `ln(1 + (bins − 1)/e)`.
    Double,
    /// Once, as cross-entropy is defined.
    Single,
}

impl Default for DteCategoricalConfig {
    /// The authors' code (vicliv/DTE, `diffusion/dte.py`).
    fn default() -> Self {
        Self {
            steps: 400,
            bins: 7,
            softmax: Softmax::Double,
            widths: vec![256, 512, 256],
            dropout: 0.5,
            schedule: SCHEDULE,
            train: published::train(400, 1e-4, 5e-4),
        }
    }
}

impl NetworkMethod for DteCategoricalConfig {
    const NAME: &'static str = "dte-c";
    const STACKABLE: bool = true;

    type Network = Categorical;

    fn check(&self) -> Result<(), DetectorError> {
        settings::check_bins(self.bins, &self.schedule, self.steps)?;
        check_widths("widths", &self.widths)?;
        settings::check_dropout(self.dropout)?;
        Ok(self.train.check()?)
    }

    fn train(&self) -> &TrainConfig {
        &self.train
    }

    fn network(&self, vs: &Path<'_>, shape: SampleShape) -> Result<Categorical, BoxError> {
        let schedule = self.schedule.build(self.steps)?;
        Ok(Categorical::new(vs, shape.numbers(), self, schedule)?)
    }
}

/// A network that answers with one number for each bin.
pub(crate) trait Classifier: std::fmt::Debug + Send {
    /// What dropout draws for `b` samples in training.
    fn draw(&self, b: i64) -> Result<Vec<Tensor>, TchError>;

    /// In training, with what was drawn: `[b, ..]` → `[b, bins]`.
    fn forward(&self, x: &Tensor, drawn: &[Tensor]) -> Tensor;

    /// For a score, without dropout: `[b, ..]` → `[b, bins]`.
    fn answer(&self, x: &Tensor) -> Result<Tensor, TchError>;

    /// Whether it can be a stack of replicas, which answers `[r, b, ..]` → `[r, b, bins]` in training.
    fn is_stackable(&self) -> bool {
        false
    }
}

impl Classifier for TimeMlp {
    fn draw(&self, b: i64) -> Result<Vec<Tensor>, TchError> {
        self.draw(b)
    }

    fn forward(&self, x: &Tensor, drawn: &[Tensor]) -> Tensor {
        self.forward(x, drawn)
    }

    fn answer(&self, x: &Tensor) -> Result<Tensor, TchError> {
        self.answer(x)
    }

    fn is_stackable(&self) -> bool {
        true
    }
}

#[derive(Debug)]
pub struct Categorical {
    network: Box<dyn Classifier>,
    process: Process,
    bins: i64,
    softmax: Softmax,
}

impl Categorical {
    pub(crate) fn new(
        vs: &Path<'_>,
        d: usize,
        config: &DteCategoricalConfig,
        schedule: Schedule,
    ) -> Result<Self, ProcessError> {
        let network = TimeMlp::new(vs, d, &config.widths, config.bins, config.dropout);
        Ok(Self {
            network: Box::new(network),
            process: Process::new(schedule, vs.device())?,
            bins: config.bins as i64,
            softmax: config.softmax,
        })
    }

    /// Over another network, which answers with one number for each bin.
    pub(crate) fn over(
        network: Box<dyn Classifier>,
        process: Process,
        bins: usize,
        softmax: Softmax,
    ) -> Self {
        Self {
            network,
            process,
            bins: bins as i64,
            softmax,
        }
    }

    /// The mean loss of samples with what was drawn for them: `[]`, of `r` replicas `[r]`.
    pub(crate) fn loss_at(&self, x_0: &Tensor, drawn: Drawn<'_>) -> Result<Tensor, ProcessError> {
        let x_t = drawn.noised(&self.process, x_0)?;
        let answer = self.network.forward(&x_t, drawn.dropout); // [.., b, bins]
        let logits = match self.softmax {
            Softmax::Double => answer.f_softmax(-1, Kind::Float)?,
            Softmax::Single => answer,
        };
        let bin = bin(drawn.t, self.bins, self.process.steps() as i64)?;
        let loss = |logits: &Tensor, bin: &Tensor, reduction| {
            logits.f_cross_entropy_loss(bin, None::<&Tensor>, reduction, -100, 0.0)
        };
        if bin.dim() == 1 {
            return Ok(loss(&logits, &bin, Reduction::Mean)?);
        }
        let rows = loss(
            &logits.f_flatten(0, 1)?,
            &bin.f_flatten(0, 1)?,
            Reduction::None,
        )?;
        Ok(rows.f_view_as(&bin)?.f_mean_dim(1, false, Kind::Float)?)
    }
}

impl TrainingObjective for Categorical {
    fn loss(&mut self, x_0: &Tensor) -> Result<Tensor, BoxError> {
        self.losses(x_0, &self.draw(x_0)?)
    }

    fn stacked(&self) -> Option<&dyn StackedObjective> {
        self.network.is_stackable().then_some(self as _)
    }
}

impl StackedObjective for Categorical {
    fn draw(&self, x: &Tensor) -> Result<Vec<Tensor>, BoxError> {
        Drawn::all(&self.process, x, |b| self.network.draw(b))
    }

    fn losses(&self, x: &Tensor, drawn: &[Tensor]) -> Result<Tensor, BoxError> {
        Ok(self.loss_at(x, Drawn::of(drawn)?)?)
    }
}

impl Trainable for Categorical {
    type Input = Tensor;

    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Tensor>>, BoxError> {
        let x_0 = to_numbers(&probe_rows(x)?)?;
        let (t, eps) = draw(&self.process, &x_0)?;
        Ok(vec![Question {
            input: self.process.q_sample_variance_only(&x_0, &t, &eps)?,
            target: 1.0 / self.bins as f64, // of a 1 among zeros
        }])
    }

    /// `p`, `[b, bins]`.
    fn answer(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        Ok(self.network.answer(x)?.f_softmax(1, Kind::Double)?)
    }

    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let k = Tensor::f_arange(self.bins, (Kind::Double, x.device()))?;
        Ok(self.answer(x)?.f_mv(&k)?)
    }
}

/// `⌊bins·t/T⌋`.
pub(crate) fn bin(t: &Tensor, bins: i64, steps: i64) -> Result<Tensor, TchError> {
    (t * bins).f_floor_divide_scalar(steps)
}
