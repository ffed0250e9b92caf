use tch::Tensor;

use super::config::{PathRule, ScoreConfig};
use super::mean::Mean;
use super::over::Over;
use super::rule;
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError, Reverse, even_steps};

/// [`ScoreRule::Reconstruction`](crate::ScoreRule::Reconstruction).
pub(super) struct Rule<'a> {
    config: &'a ScoreConfig,
    /// For every start the process over the steps `0, …, start−1`, or those that are kept of them.
    processes: Vec<Process>,
}

impl<'a> Rule<'a> {
    pub(super) fn new(config: &'a ScoreConfig, process: &Process) -> Result<Self, ProcessError> {
        let starts = config.start.iter();
        let processes = starts.map(|&s| process.respaced(&even_steps(s, config.evaluations)));
        Ok(Self {
            config,
            processes: processes.collect::<Result<_, _>>()?,
        })
    }

    /// Where one walk from the first start ends, like `x`.
    pub(super) fn reconstruct(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
    ) -> Result<Tensor, ProcessError> {
        match self.processes.first() {
            Some(process) => self.walk(process, denoiser, x, noise, &mut |_| Ok(())),
            None => Ok(x.shallow_clone()),
        }
    }

    fn walk(
        &self,
        process: &Process,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
        visit: &mut dyn FnMut(&Reverse<'_>) -> Result<(), ProcessError>,
    ) -> Result<Tensor, ProcessError> {
        let steps = process.steps();
        let x_t = match self.config.noised {
            true => &process.noised(x, steps - 1, &noise.draw()?)?,
            false => x,
        };
        let mut draw = |_: usize| noise.draw();
        process.walk_past(denoiser, x_t, steps, self.config.walk(), &mut draw, visit)
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
        let config = self.config;
        let mut scores = Mean::default();
        for process in &self.processes {
            for _ in 0..config.draws_needed() {
                let mut path = Mean::default();
                let mut visit = |reverse: &Reverse<'_>| match config.path {
                    PathRule::Full => path.add(config.error.mean(&reverse.x_0()?, x, over)?),
                    PathRule::Last => Ok(()),
                };
                let end = self.walk(process, denoiser, x, noise, &mut visit)?;
                scores.add(match config.path {
                    PathRule::Full => path.finish(x)?,
                    PathRule::Last => config.error.mean(&end, x, over)?,
                })?;
            }
        }
        scores.finish(x)
    }
}
