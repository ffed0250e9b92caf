//! A mean over levels, draws or steps.

use tch::{Kind, Tensor};

use crate::ProcessError;

/// The sum of scores, and then their mean.
#[derive(Debug, Default)]
pub(super) struct Mean {
    sum: Option<Tensor>,
    count: usize,
}

impl Mean {
    pub(super) fn add(&mut self, scores: Tensor) -> Result<(), ProcessError> {
        self.count += 1;
        self.sum = Some(match self.sum.take() {
            None => scores,
            Some(sum) => sum.f_add(&scores)?,
        });
        Ok(())
    }

    /// `[b]` f64, for the rows of `x`; 0 where nothing was added.
    pub(super) fn finish(self, x: &Tensor) -> Result<Tensor, ProcessError> {
        match self.sum {
            Some(sum) => Ok(sum.f_div_scalar(self.count as f64)?),
            None => Ok(Tensor::f_zeros([x.size()[0]], (Kind::Double, x.device()))?),
        }
    }
}
