//! Anomaly scores of a trained model, one file for each rule.

use tch::{Device, Kind, Tensor};

use crate::process::{combined, same_shape};
use crate::row_noise::Streams;
use crate::{Denoiser, Likelihood, Process, ProcessError, RowNoise};

mod config;
mod epsilon_error;
mod inversion;
mod reconstruction;
mod score_norm;
mod vlb;

pub use config::{ErrorMeasure, PathRule, ScoreConfig, ScoreConfigError, ScoreRule, ScoreWalk};

/// Most numbers of a block on the CPU. What a walk holds of a block then stays in the cache: see
/// `cargo run -p mlp --release --example walk_time`.
const CPU_BLOCK: usize = if cfg!(test) { 1 << 10 } else { 1 << 17 }; // in tests few rows make several

/// A checked [`ScoreConfig`], ready to score. Higher means more anomalous.
#[derive(Debug, Clone)]
pub struct Scoring {
    config: ScoreConfig,
    likelihood: Likelihood,
}

/// A rule, made ready for one process.
trait Rule {
    /// `[b, ..]` → `[b]`, f64.
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
    ) -> Result<Tensor, ProcessError>;
}

impl Scoring {
    /// The rule `config` for a model of `steps` diffusion steps.
    ///
    /// # Errors
    /// [`ScoreConfigError`] as by [`ScoreConfig::check`].
    pub fn new(config: ScoreConfig, steps: usize) -> Result<Self, ScoreConfigError> {
        config.check(steps)?;
        Ok(Self {
            config,
            likelihood: Likelihood::default(),
        })
    }

    /// The same with another likelihood of the data in [`ScoreRule::Vlb`]; a Gaussian density unless
    /// it is set.
    #[must_use]
    pub fn with_likelihood(self, likelihood: Likelihood) -> Self {
        Self { likelihood, ..self }
    }

    /// The settings.
    pub fn config(&self) -> &ScoreConfig {
        &self.config
    }

    /// Scores rows with the network in evaluation mode. A row's score does not depend on the other
    /// rows: `noise`, made of the same `x`, has a stream for each.
    ///
    /// On the CPU rows are taken in blocks that stay in the cache; elsewhere all at once, so that the
    /// caller decides what fits into the device's memory.
    ///
    /// # Shapes
    /// `x`: `[b, ..]` f32, at least two dimensions → `[b]` f64 on the same device.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] for an `x` of one dimension or noise for another number of rows, and
    /// what the process and the network refuse.
    pub fn score(
        &self,
        process: &Process,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut RowNoise,
    ) -> Result<Tensor, ProcessError> {
        if x.dim() < 2 {
            return Err(ProcessError::Shape {
                name: "x",
                found: x.size(),
                expected: vec![-1, -1],
            });
        }
        same_shape("x", x, &noise.shape())?;
        let _no_grad = tch::no_grad_guard();
        let config = &self.config;
        let rule: Box<dyn Rule + '_> = match config.rule {
            ScoreRule::Reconstruction => Box::new(reconstruction::Rule::new(config, process)?),
            ScoreRule::EpsilonError => Box::new(epsilon_error::Rule { config, process }),
            ScoreRule::Vlb => Box::new(vlb::Rule::new(config, self.likelihood, process, noise)),
            ScoreRule::ScoreNorm => Box::new(score_norm::Rule { config, process }),
            ScoreRule::Inversion => Box::new(inversion::Rule::new(config, process)?),
        };
        let rows = noise.rows();
        let block = block_rows(x);
        let mut scores = vec![Tensor::f_zeros([0], (Kind::Double, x.device()))?];
        for first in (0..rows).step_by(block) {
            let len = block.min(rows - first);
            let x = x.f_narrow(0, first as i64, len as i64)?;
            scores.push(rule.score(denoiser, &x, &mut noise.part(first, len))?);
        }
        Ok(Tensor::f_cat(&scores, 0)?)
    }
}

fn block_rows(x: &Tensor) -> usize {
    let rows = x.size()[0].max(1) as usize;
    match x.device() {
        Device::Cpu => (CPU_BLOCK * rows / x.numel().max(1)).clamp(1, rows),
        _ => rows,
    }
}

impl ErrorMeasure {
    /// The mean error of every row: `[b, ..]` → `[b]`, f64.
    fn per_row(self, found: &Tensor, expected: &Tensor) -> Result<Tensor, ProcessError> {
        let difference = found.f_sub(expected)?.f_to_kind(Kind::Double)?;
        let errors = match self {
            Self::Mse => difference.f_square()?,
            Self::L1 => difference.f_abs()?,
        };
        Ok(errors
            .f_flatten(1, -1)?
            .f_mean_dim(1, false, Kind::Double)?)
    }
}

/// The sum of scores, and then their mean.
#[derive(Debug, Default)]
struct Mean {
    sum: Option<Tensor>,
    count: usize,
}

impl Mean {
    fn add(&mut self, scores: Tensor) -> Result<(), ProcessError> {
        self.count += 1;
        self.sum = Some(match self.sum.take() {
            None => scores,
            Some(sum) => sum.f_add(&scores)?,
        });
        Ok(())
    }

    /// `[b]` f64, for the rows of `x`; 0 where nothing was added.
    fn finish(self, x: &Tensor) -> Result<Tensor, ProcessError> {
        match self.sum {
            Some(sum) => Ok(sum.f_div_scalar(self.count as f64)?),
            None => Ok(Tensor::f_zeros([x.size()[0]], (Kind::Double, x.device()))?),
        }
    }
}

/// `√ᾱ_t·x + √(1−ᾱ_t)·ε` at one step for all rows.
fn noised(process: &Process, x: &Tensor, t: usize, eps: &Tensor) -> Result<Tensor, ProcessError> {
    let schedule = process.schedule();
    let noise = schedule.sqrt_one_minus_alpha_bars()[t];
    combined(x, schedule.sqrt_alpha_bars()[t], eps, noise)
}

#[cfg(test)]
mod tests;
