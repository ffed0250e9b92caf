use diffusion_core::{Process, ProcessError};
use tch::{Kind, Tensor};

/// A step from 0 to `T − 1` and standard normal noise for each sample of `x_0`, `[b, ..]`: `t`, `[b]`
/// int64, and `eps`, like `x_0`.
pub(crate) fn draw(process: &Process, x_0: &Tensor) -> Result<(Tensor, Tensor), ProcessError> {
    let (steps, b) = (process.steps() as i64, x_0.size()[0]);
    let t = Tensor::f_randint(steps, [b], (Kind::Int64, x_0.device()))?;
    Ok((t, x_0.f_randn_like()?))
}
