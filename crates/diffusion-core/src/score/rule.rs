//! What every rule does.

use tch::Tensor;

use super::over::Over;
use crate::row_noise::Streams;
use crate::{Denoiser, ProcessError};

/// A rule, made ready for one process.
pub(super) trait Rule {
    /// `[b, ..]` → `[b]` or `[b, h, w]`, f64.
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
        over: Over,
    ) -> Result<Tensor, ProcessError>;
}
