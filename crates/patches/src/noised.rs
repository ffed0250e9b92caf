use diffusion_core::{Denoiser, Process, ProcessError};
use tch::{Kind, TchError, Tensor};

/// Training images that a network is asked for, at most.
const MOST: i64 = 8;

/// What a network over patches is asked before and after its training: noised patches of some training
/// images.
#[derive(Debug)]
pub(crate) struct Noised {
    /// What the network is given, `[b, ..]`.
    pub(crate) input: Tensor,
    /// The noise level.
    pub(crate) t: usize,
}

impl Noised {
    /// What `network` answers, f64.
    pub(crate) fn answer(&self, network: &dyn Denoiser) -> Result<Tensor, TchError> {
        let t = Tensor::f_full([1], self.t as f64, (Kind::Float, self.input.device()))?;
        let mean = network.predict(&self.input, &t, false).mean;
        mean.f_to_kind(Kind::Double)
    }
}

/// The first images of `x`, `[n, ..]`.
pub(crate) fn first(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_narrow(0, 0, x.size()[0].min(MOST))
}

/// The images `x_0`, `[b, ..]`, noised at the middle level: `x_t` and `v`, like the images, and the level.
pub(crate) fn noised(
    process: &Process,
    x_0: &Tensor,
) -> Result<(Tensor, Tensor, usize), ProcessError> {
    let level = process.steps() / 2;
    let t = Tensor::f_full([x_0.size()[0]], level as i64, (Kind::Int64, x_0.device()))?;
    let eps = x_0.f_randn_like()?;
    let v = velocity(process, x_0, &t, &eps)?;
    Ok((process.q_sample(x_0, &t, &eps)?, v, level))
}

/// `v = √ᾱ·ε − √(1−ᾱ)·x_0`: the forward process with the roles exchanged.
pub(crate) fn velocity(
    process: &Process,
    x_0: &Tensor,
    t: &Tensor,
    eps: &Tensor,
) -> Result<Tensor, ProcessError> {
    process.q_sample(eps, t, &x_0.f_neg()?)
}
