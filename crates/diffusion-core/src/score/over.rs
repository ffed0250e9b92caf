//! What errors are averaged over.

use tch::{Kind, Tensor};

use super::config::ErrorMeasure;
use crate::ProcessError;

/// What the numbers of a row are averaged over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// All: `[b, ..]` → `[b]`, a score.
    Numbers,
    /// The channels of each pixel: `[b, c, h, w]` → `[b, h, w]`, a map.
    Channels,
}

impl Over {
    /// The mean of f64 numbers.
    pub(super) fn mean(self, x: &Tensor) -> Result<Tensor, ProcessError> {
        Ok(match self {
            Self::Numbers => x.f_flatten(1, -1)?.f_mean_dim(1, false, Kind::Double)?,
            Self::Channels => x.f_mean_dim(1, false, Kind::Double)?,
        })
    }

    /// Their sum.
    pub(super) fn sum(self, x: &Tensor) -> Result<Tensor, ProcessError> {
        let x = match self {
            Self::Numbers => x.f_flatten(1, -1)?,
            Self::Channels => x.shallow_clone(),
        };
        Ok(x.f_sum_dim_intlist(1, false, Kind::Double)?)
    }
}

impl ErrorMeasure {
    /// The mean error of every row or pixel, f64.
    pub(super) fn mean(
        self,
        found: &Tensor,
        expected: &Tensor,
        over: Over,
    ) -> Result<Tensor, ProcessError> {
        let difference = found.f_sub(expected)?.f_to_kind(Kind::Double)?;
        over.mean(&match self {
            Self::Mse => difference.f_square()?,
            Self::L1 => difference.f_abs()?,
        })
    }
}
