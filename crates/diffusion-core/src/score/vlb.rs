use super::ScoreConfig;
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError};
use tch::Tensor;
pub(super) struct Rule<'a> {
    pub(super) config: &'a ScoreConfig,
    pub(super) process: &'a Process,
}
impl super::Rule for Rule<'_> {
    fn score(
        &self,
        _d: &dyn Denoiser,
        _x: &Tensor,
        noise: &mut Streams<'_>,
    ) -> Result<Tensor, ProcessError> {
        Ok(Tensor::from_slice(&noise.uniform())
            * (self.config.draws as f64)
            * self.process.steps() as f64)
    }
}
