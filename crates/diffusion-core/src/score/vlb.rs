use rand::RngExt;
use tch::Tensor;

use super::ScoreConfig;
use crate::row_noise::Streams;
use crate::{Denoiser, Likelihood, Process, ProcessError, RowNoise};

/// [`ScoreRule::Vlb`](super::ScoreRule::Vlb).
pub(super) struct Rule<'a> {
    process: &'a Process,
    likelihood: Likelihood,
    levels: Vec<Level>,
}

/// A step whose term of the bound is computed.
struct Level {
    t: usize,
    /// How many steps it stands for, over the number of draws.
    weight: f64,
}

impl<'a> Rule<'a> {
    /// Draws the levels where not all are to be computed. All rows share them, which costs no bias
    /// and leaves the rows comparable: terms differ more between levels than between rows.
    pub(super) fn new(
        config: &ScoreConfig,
        likelihood: Likelihood,
        process: &'a Process,
        noise: &mut RowNoise,
    ) -> Self {
        let steps = process.steps();
        let count = match config.evaluations {
            0 => steps,
            some => some.min(steps),
        };
        let mut levels = Vec::with_capacity(count * config.draws);
        for _ in 0..config.draws {
            for i in 0..count {
                let range = i * steps / count..(i + 1) * steps / count;
                levels.push(Level {
                    weight: range.len() as f64 / config.draws as f64,
                    t: match range.len() {
                        1 => range.start,
                        _ => noise.shared().random_range(range),
                    },
                });
            }
        }
        Self {
            process,
            likelihood,
            levels,
        }
    }
}

impl super::Rule for Rule<'_> {
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
    ) -> Result<Tensor, ProcessError> {
        let mut bits = self.process.prior_bits_per_dim(x)?;
        for level in &self.levels {
            let eps = noise.draw()?;
            let terms = self
                .process
                .vlb_terms(denoiser, x, level.t, &eps, self.likelihood)?;
            bits = bits.f_add(&terms.bits_per_dim.f_mul_scalar(level.weight)?)?;
        }
        Ok(bits)
    }
}
