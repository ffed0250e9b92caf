use diffusion_core::{Process, ProcessError};
use tch::{Kind, TchError, Tensor};
use training::BoxError;

/// A step from 0 to `T − 1` and standard normal noise for each sample of `x_0`, `[b, ..]`: `t`, `[b]`
/// int64, and `eps`, like `x_0`.
pub(crate) fn draw(process: &Process, x_0: &Tensor) -> Result<(Tensor, Tensor), ProcessError> {
    let (steps, b) = (process.steps() as i64, x_0.size()[0]);
    let t = Tensor::f_randint(steps, [b], (Kind::Int64, x_0.device()))?;
    Ok((t, x_0.f_randn_like()?))
}

/// What is drawn for a training batch: times, noise, dropout. Of `r` replicas each is stacked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drawn<'a> {
    pub(crate) t: &'a Tensor,   // [b] or [r, b]
    pub(crate) eps: &'a Tensor, // like the samples
    pub(crate) dropout: &'a [Tensor],
}

impl<'a> Drawn<'a> {
    /// Of the batch `x_0`, where the network's dropout draws as `dropout` does.
    pub(crate) fn all(
        process: &Process,
        x_0: &Tensor,
        dropout: impl FnOnce(i64) -> Result<Vec<Tensor>, TchError>,
    ) -> Result<Vec<Tensor>, BoxError> {
        let (t, eps) = draw(process, x_0)?;
        let mut all = vec![t, eps];
        all.extend(dropout(x_0.size()[0])?);
        Ok(all)
    }

    /// What [`all`](Self::all) gave.
    pub(crate) fn of(all: &'a [Tensor]) -> Result<Self, BoxError> {
        match all {
            [t, eps, dropout @ ..] => Ok(Self { t, eps, dropout }),
            _ => Err("neither times nor noise were drawn".into()),
        }
    }

    /// `x_0` with noise: shaped like `x_0`.
    pub(crate) fn noised(self, process: &Process, x_0: &Tensor) -> Result<Tensor, ProcessError> {
        let last = self.t.dim() as i64 - 1;
        let rows = |x: &Tensor| x.f_flatten(0, last); // of all replicas
        let x_t = process.q_sample_variance_only(&rows(x_0)?, &rows(self.t)?, &rows(self.eps)?)?;
        Ok(x_t.f_view_as(x_0)?)
    }
}
