use std::f64::consts::LN_2;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use tch::Tensor;

use super::config::ScoreConfig;
use super::over::Over;
use super::rule;
use crate::row_noise::Streams;
use crate::vlb::squares;
use crate::{Denoiser, Likelihood, Process, ProcessError, RowNoise};

/// [`ScoreRule::Vlb`](crate::ScoreRule::Vlb).
pub(super) struct Rule<'a> {
    process: &'a Process,
    likelihood: Likelihood,
    /// Levels for each draw.
    count: usize,
    draws: usize,
    /// What all blocks of rows draw their levels from, anew each.
    levels: ChaCha8Rng,
}

impl<'a> Rule<'a> {
    /// Draws the levels where not all are to be computed. All rows share them, which costs no bias
    /// and leaves the rows comparable: terms differ more between levels than between rows.
    pub(super) fn new(
        config: &ScoreConfig,
        likelihood: Likelihood,
        process: &'a Process,
        noise: &RowNoise,
    ) -> Self {
        let steps = process.steps();
        let count = match config.evaluations {
            0 => steps,
            some => some.min(steps),
        };
        Self {
            process,
            likelihood,
            count,
            draws: config.draws,
            levels: noise.shared(),
        }
    }
}

impl rule::Rule for Rule<'_> {
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
        over: Over,
    ) -> Result<Tensor, ProcessError> {
        let mut bits = self.process.prior_bits(&over.mean(&squares(x)?)?)?;
        let steps = self.process.steps();
        let mut levels = self.levels.clone();
        for _ in 0..self.draws {
            for i in 0..self.count {
                let range = i * steps / self.count..(i + 1) * steps / self.count;
                // What the drawn level stands for.
                let weight = range.len() as f64 / self.draws as f64;
                let t = match range.len() {
                    1 => range.start,
                    _ => levels.random_range(range),
                };
                let eps = noise.draw()?;
                let (nats, _) = self
                    .process
                    .vlb_nats(denoiser, x, t, &eps, self.likelihood)?;
                let term = over.mean(&nats)?.f_div_scalar(LN_2)?;
                bits = bits.f_add(&term.f_mul_scalar(weight)?)?;
            }
        }
        Ok(bits)
    }
}
