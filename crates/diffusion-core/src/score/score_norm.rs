use tch::{Kind, Tensor};

use super::config::ScoreConfig;
use super::mean::Mean;
use super::over::Over;
use super::rule;
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError};

/// [`ScoreRule::ScoreNorm`](crate::ScoreRule::ScoreNorm).
pub(super) struct Rule<'a> {
    pub(super) config: &'a ScoreConfig,
    pub(super) process: &'a Process,
}

impl rule::Rule for Rule<'_> {
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
        over: Over,
    ) -> Result<Tensor, ProcessError> {
        let mut scores = Mean::default();
        for start in &self.config.start {
            let t = start - 1;
            let sd = self.process.schedule().sqrt_one_minus_alpha_bars()[t];
            for _ in 0..self.config.draws_needed() {
                let x_t = match self.config.noised {
                    true => &self.process.noised(x, t, &noise.draw()?)?,
                    false => x,
                };
                let eps = self.process.reverse(denoiser, x_t, t)?.eps()?;
                let squares = eps.f_to_kind(Kind::Double)?.f_square()?;
                scores.add(over.sum(&squares)?.f_sqrt()?.f_div_scalar(sd)?)?;
            }
        }
        scores.finish(x)
    }
}
