use tch::{Kind, Tensor};

use super::{Mean, ScoreConfig, noised};
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError};

/// [`ScoreRule::ScoreNorm`](super::ScoreRule::ScoreNorm).
pub(super) struct Rule<'a> {
    pub(super) config: &'a ScoreConfig,
    pub(super) process: &'a Process,
}

impl super::Rule for Rule<'_> {
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
    ) -> Result<Tensor, ProcessError> {
        let mut scores = Mean::default();
        for start in &self.config.start {
            let t = start - 1;
            let sd = self.process.schedule().sqrt_one_minus_alpha_bars()[t];
            for _ in 0..self.config.draws_needed() {
                let x_t = match self.config.noised {
                    true => &noised(self.process, x, t, &noise.draw()?)?,
                    false => x,
                };
                let eps = self.process.reverse(denoiser, x_t, t)?.eps()?;
                let squares = eps.f_to_kind(Kind::Double)?.f_square()?;
                let squares = squares.f_flatten(1, -1)?;
                let norm = squares
                    .f_sum_dim_intlist(1, false, Kind::Double)?
                    .f_sqrt()?;
                scores.add(norm.f_div_scalar(sd)?)?;
            }
        }
        scores.finish(x)
    }
}
