use detector::{DetectorError, Input};
use diffusion_core::{Process, ProcessError, Schedule, ScheduleConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use tch::{Kind, Tensor};
use training::{
    BoxError, NetworkDetector, NetworkMethod, Question, SampleShape, StackedObjective, TrainConfig,
    Trainable, TrainingObjective, check_widths, mean_square, own_train, probe_rows, to_numbers,
};

use crate::draw::{Drawn, draw};
use crate::published::{self, SCHEDULE};
use crate::settings;
use crate::time_mlp::TimeMlp;

/// Keeps the logarithm finite where the network answers 0.
const EPS: f64 = 1e-5;

/// DTE-IG: a network that answers with the scale `b` of an inverse gamma distribution over the noise
/// variance of a row (Livernoche et al., arXiv:2305.18593, section 3.3).
///
/// # Formula
/// A training row gets noise of a time `t` drawn uniformly from `0..T`, `x_t = x_0 + σ_t·ε`,
/// `σ_t² = 1 − ᾱ_t`. With `b` the square of the network's answer for `x_t` and `d` the row's width, the
/// loss is `−[(d/2 − 1)·ln(b + 1e-5) − b/σ_t²]`; it is least at `b = (d/2 − 1)·σ_t²`. The score is `b`
/// for the row as it is, or the variance `b/(d/2 − 1)` ([`InverseGammaScore`]).
///
/// Rows of one or two numbers are an error: the shape `d/2 − 1` is not positive, and the loss pulls `b`
/// to 0 everywhere.
///
/// # Differences from the reference
/// The authors' code (vicliv/DTE, `diffusion/dte.py`) scores by the network's answer before it is
/// squared, whose sign is an accident of the seed: half of its seeds rank upside down. Here the score is
/// `b`. The defaults are those of the code today. Its first version, beside which the numbers were
/// published, has `steps = 400`, `widths = [256, 512, 256]` and `train = { weight-decay = 5e-4 }`.
pub type DteInverseGamma = NetworkDetector<DteInverseGammaConfig>;

/// Settings of [`DteInverseGamma`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DteInverseGammaConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// Widths of the hidden layers.
    pub widths: Vec<usize>,
    /// Dropout after every hidden layer but the first, in [0, 1).
    pub dropout: f64,
    /// What is reported of the distribution.
    pub score: InverseGammaScore,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// How the network is trained.
    #[serde(deserialize_with = "own_train::<DteInverseGammaConfig, _>")]
    pub train: TrainConfig,
}

/// What [`DteInverseGamma`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InverseGammaScore {
    /// The scale `b`.
    Scale,
    /// The noise variance `b/(d/2 − 1)`: the same order, in a unit that does not depend on the width.
    Variance,
}

impl Default for DteInverseGammaConfig {
    /// The authors' code (vicliv/DTE, `diffusion/dte.py`).
    fn default() -> Self {
        Self {
            steps: 300,
            widths: vec![128, 128],
            dropout: 0.5,
            score: InverseGammaScore::Scale,
            schedule: SCHEDULE,
            train: published::train(400, 1e-4, 0.0),
        }
    }
}

impl NetworkMethod for DteInverseGammaConfig {
    const NAME: &'static str = "dte-ig";
    const STACKABLE: bool = true;

    type Network = InverseGamma;

    fn check(&self) -> Result<(), DetectorError> {
        settings::check_schedule(&self.schedule, self.steps)?;
        check_widths("widths", &self.widths)?;
        settings::check_dropout(self.dropout)?;
        Ok(self.train.check()?)
    }

    fn train(&self) -> &TrainConfig {
        &self.train
    }

    fn shape(&self, x: Input<'_>) -> Result<SampleShape, DetectorError> {
        let shape = SampleShape::of_rows(x)?;
        match shape.numbers() {
            d @ ..3 => Err(DetectorError::method(format!(
                "rows of {d} columns: the inverse gamma distribution needs at least 3"
            ))),
            _ => Ok(shape),
        }
    }

    fn network(&self, vs: &Path<'_>, shape: SampleShape) -> Result<InverseGamma, BoxError> {
        let schedule = self.schedule.build(self.steps)?;
        Ok(InverseGamma::new(vs, shape.numbers(), self, schedule)?)
    }
}

/// The scale `b` as a network of the row, with its loss and its score.
#[derive(Debug)]
pub struct InverseGamma {
    mlp: TimeMlp,
    process: Process,
    /// `σ_t`, `[T]`, float.
    sigmas: Tensor,
    /// `d/2 − 1`.
    shape: f64,
    score: InverseGammaScore,
}

impl InverseGamma {
    pub(crate) fn new(
        vs: &Path<'_>,
        d: usize,
        config: &DteInverseGammaConfig,
        schedule: Schedule,
    ) -> Result<Self, ProcessError> {
        Ok(Self {
            mlp: TimeMlp::new(vs, d, &config.widths, 1, config.dropout),
            sigmas: Tensor::f_from_slice(schedule.sqrt_one_minus_alpha_bars())?
                .f_to_kind(Kind::Float)?
                .f_to_device(vs.device())?,
            process: Process::new(schedule, vs.device())?,
            shape: 0.5 * d as f64 - 1.0,
            score: config.score,
        })
    }

    /// The mean loss of rows with what was drawn for them: `[]`, of `r` replicas `[r]`.
    pub(crate) fn loss_at(&self, x_0: &Tensor, drawn: Drawn<'_>) -> Result<Tensor, ProcessError> {
        let x_t = drawn.noised(&self.process, x_0)?;
        let b = self.mlp.forward(&x_t, drawn.dropout).f_square()?; // [.., b, 1]
        let variance = self.variance(drawn.t)?;
        let log_likelihood = (&b + EPS).f_log()? * self.shape - b.f_div(&variance)?;
        let mean = match drawn.t.dim() {
            1 => log_likelihood.f_mean(Kind::Float)?,
            _ => log_likelihood
                .f_flatten(1, -1)?
                .f_mean_dim(1, false, Kind::Float)?,
        };
        Ok(mean.f_neg()?)
    }

    /// `σ_t²`, `[.., b, 1]`.
    fn variance(&self, t: &Tensor) -> Result<Tensor, ProcessError> {
        let sigma = self.sigmas.f_index_select(0, &t.f_flatten(0, -1)?)?;
        Ok(sigma.f_view_as(t)?.f_unsqueeze(-1)?.f_square()?)
    }
}

impl TrainingObjective for InverseGamma {
    fn loss(&mut self, x_0: &Tensor) -> Result<Tensor, BoxError> {
        self.losses(x_0, &self.draw(x_0)?)
    }

    fn stacked(&self) -> Option<&dyn StackedObjective> {
        Some(self)
    }
}

impl StackedObjective for InverseGamma {
    fn draw(&self, x: &Tensor) -> Result<Vec<Tensor>, BoxError> {
        Drawn::all(&self.process, x, |b| self.mlp.draw(b))
    }

    fn losses(&self, x: &Tensor, drawn: &[Tensor]) -> Result<Tensor, BoxError> {
        Ok(self.loss_at(x, Drawn::of(drawn)?)?)
    }
}

impl Trainable for InverseGamma {
    type Input = Tensor;

    fn questions(&self, x: &Tensor, _seed: u64) -> Result<Vec<Question<Tensor>>, BoxError> {
        let x_0 = to_numbers(&probe_rows(x)?)?;
        let (t, eps) = draw(&self.process, &x_0)?;
        // Where rows do not show their noise the best b is far below (d/2 − 1)·σ²: only ratios count.
        let logs = self.variance(&t)?.f_log()?;
        let spread = logs.f_sub(&logs.f_mean(Kind::Float)?)?;
        Ok(vec![Question {
            input: self.process.q_sample_variance_only(&x_0, &t, &eps)?,
            target: mean_square(&spread)?,
        }])
    }

    /// `ln(b + 1e-5)`, `[b, 1]`.
    fn answer(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let b = self.mlp.answer(x)?.f_square()?;
        Ok((b + EPS).f_log()?)
    }

    fn score(&self, x: &Tensor) -> Result<Tensor, BoxError> {
        let b = self.mlp.answer(x)?.f_squeeze_dim(1)?.f_square()?;
        Ok(match self.score {
            InverseGammaScore::Scale => b,
            InverseGammaScore::Variance => b.f_div_scalar(self.shape)?,
        })
    }
}
