//! Anomaly scores of a trained model, one file for each rule.

use settings::Setting;
use tch::{Device, Kind, Tensor};

use self::over::Over;
use self::rule::Rule;
use crate::gradients::no_grad_unless_tracked;
use crate::process::same_shape;
use crate::{Denoiser, Likelihood, Process, ProcessError, RowNoise};

mod config;
mod epsilon_error;
mod inversion;
mod mean;
mod over;
mod reconstruction;
mod rule;
mod score_norm;
mod vlb;

pub use config::{Combine, ErrorMeasure, PathRule, ScoreConfig, ScoreRule, ScoreWalk};

/// Most numbers of a block on the CPU. What a walk holds of a block then stays in the cache: see
/// `cargo run -p mlp --release --example walk_time`.
const CPU_BLOCK: usize = if cfg!(test) { 1 << 10 } else { 1 << 17 }; // in tests few rows make several

/// A checked [`ScoreConfig`], ready to score. Higher means more anomalous.
#[derive(Debug, Clone)]
pub struct Scoring {
    config: ScoreConfig,
    likelihood: Likelihood,
}

impl Scoring {
    /// The rule `config` for a model of `steps` diffusion steps.
    ///
    /// # Errors
    /// [`Setting`] as by [`ScoreConfig::check`].
    pub fn new(config: ScoreConfig, steps: usize) -> Result<Self, Setting> {
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

    /// The rule at each level of `start` alone.
    pub fn by_level(&self) -> Vec<Self> {
        let alone = |&start: &usize| {
            let mut one = self.clone();
            one.config.start = vec![start];
            one
        };
        self.config.start.iter().map(alone).collect()
    }

    /// The settings.
    pub fn config(&self) -> &ScoreConfig {
        &self.config
    }

    /// Scores rows with the network in evaluation mode. A row's score does not depend on the other
    /// rows: `noise`, made of the same `x`, has a stream for each.
    ///
    /// On the CPU rows are taken in blocks that stay in the cache; elsewhere all at once, so that the
    /// caller decides what fits into the device's memory. Where `x` asks for gradients the scores have
    /// them, at the price of everything that the rule computes on its way being kept.
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
        self.apply(process, denoiser, x, noise, Over::Numbers)
    }

    /// The same rule for every pixel of images: errors are averaged over the channels alone, so that
    /// the mean of a map over its pixels is the score. Of the norm of `score-norm` it is the norm over
    /// the channels; of `inversion` the first term, without the change of volume, which belongs to the
    /// whole image.
    ///
    /// # Shapes
    /// `x`: `[b, c, h, w]` f32 → `[b, h, w]` f64 on the same device.
    ///
    /// # Errors
    /// As [`score`](Self::score); [`ProcessError::Shape`] for anything but images.
    pub fn maps(
        &self,
        process: &Process,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut RowNoise,
    ) -> Result<Tensor, ProcessError> {
        if x.dim() != 4 {
            return Err(ProcessError::Shape {
                name: "the images",
                found: x.size(),
                expected: vec![-1, -1, -1, -1],
            });
        }
        self.apply(process, denoiser, x, noise, Over::Channels)
    }

    /// What one walk from the first of `start` makes of each row, whatever the rule: something to look
    /// at.
    ///
    /// # Shapes
    /// `x`: `[b, ..]` f32 → like `x`.
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn reconstruct(
        &self,
        process: &Process,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut RowNoise,
    ) -> Result<Tensor, ProcessError> {
        same_shape("x", x, &noise.shape())?;
        let _no_grad = tch::no_grad_guard();
        let rule = reconstruction::Rule::new(&self.config, process)?;
        let rows = noise.rows();
        rule.reconstruct(denoiser, x, &mut noise.part(0, rows))
    }

    fn apply(
        &self,
        process: &Process,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut RowNoise,
        over: Over,
    ) -> Result<Tensor, ProcessError> {
        if x.dim() < 2 {
            return Err(ProcessError::Shape {
                name: "x",
                found: x.size(),
                expected: vec![-1, -1],
            });
        }
        same_shape("x", x, &noise.shape())?;
        let _no_grad = no_grad_unless_tracked(x);
        let config = &self.config;
        let rule: Box<dyn Rule + '_> = match config.rule {
            ScoreRule::Reconstruction => Box::new(reconstruction::Rule::new(config, process)?),
            ScoreRule::EpsilonError => Box::new(epsilon_error::Rule { config, process }),
            ScoreRule::Vlb => Box::new(vlb::Rule::new(config, self.likelihood, process, noise)),
            ScoreRule::ScoreNorm => Box::new(score_norm::Rule { config, process }),
            ScoreRule::Inversion => Box::new(inversion::Rule::new(config, process)?),
        };
        let (rows, size) = (noise.rows(), x.size());
        let block = block_rows(x);
        let mut scores = Vec::new();
        for first in (0..rows).step_by(block) {
            let len = block.min(rows - first);
            let x = x.f_narrow(0, first as i64, len as i64)?;
            scores.push(rule.score(denoiser, &x, &mut noise.part(first, len), over)?);
        }
        if scores.is_empty() {
            let pixels = if over == Over::Channels {
                &size[2..]
            } else {
                &[]
            };
            let shape: Vec<i64> = [&[0], pixels].concat();
            return Ok(Tensor::f_zeros(shape, (Kind::Double, x.device()))?);
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

#[cfg(test)]
mod tests;
