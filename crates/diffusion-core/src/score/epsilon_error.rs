use tch::Tensor;

use super::config::ScoreConfig;
use super::mean::Mean;
use super::over::Over;
use super::rule;
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError};

/// [`ScoreRule::EpsilonError`](crate::ScoreRule::EpsilonError).
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
            for _ in 0..self.config.draws_needed() {
                let eps = noise.draw()?;
                let x_t = self.process.noised(x, t, &eps)?;
                let found = self.process.reverse(denoiser, &x_t, t)?.eps()?;
                scores.add(self.config.error.mean(&found, &eps, over)?)?;
            }
        }
        scores.finish(x)
    }
}
