use diffusion_core::Schedule;
use tch::{Device, Kind, TchError, Tensor};

/// Noise that leaves the row in its place: `x_t = x_0 + σ_t·ε`, `σ_t² = 1 − ᾱ_t`, without the `√ᾱ_t` in
/// front of `x_0` that a diffusion model has (Livernoche et al., arXiv:2305.18593, section 3).
#[derive(Debug)]
pub(crate) struct VarianceNoise {
    sigmas: Tensor, // [T], float
}

impl VarianceNoise {
    pub(crate) fn new(schedule: &Schedule, device: Device) -> Result<Self, TchError> {
        let sigmas: Vec<f32> = schedule
            .sqrt_one_minus_alpha_bars()
            .iter()
            .map(|s| *s as f32)
            .collect();
        Ok(Self {
            sigmas: Tensor::f_from_slice(&sigmas)?.f_to_device(device)?,
        })
    }

    /// A step from 0 to `T − 1` and standard normal noise for each row of `x_0`, `[b, d]`: `t`, `[b]`
    /// int64, and `eps`, `[b, d]`.
    pub(crate) fn draw(&self, x_0: &Tensor) -> Result<(Tensor, Tensor), TchError> {
        let (steps, b) = (self.sigmas.size()[0], x_0.size()[0]);
        let t = Tensor::f_randint(steps, [b], (Kind::Int64, x_0.device()))?;
        Ok((t, x_0.f_randn_like()?))
    }

    /// `σ_t`, `[b, 1]`.
    pub(crate) fn sigma(&self, t: &Tensor) -> Result<Tensor, TchError> {
        self.sigmas.f_index_select(0, t)?.f_unsqueeze(1)
    }

    /// `x_t`, `[b, d]`.
    pub(crate) fn add(&self, x_0: &Tensor, t: &Tensor, eps: &Tensor) -> Result<Tensor, TchError> {
        x_0.f_addcmul(&self.sigma(t)?, eps)
    }
}
