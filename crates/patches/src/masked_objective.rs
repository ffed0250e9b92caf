use diffusion_core::{Denoiser, Process};
use tch::{Kind, Tensor};
use training::{BoxError, TrainingObjective};

/// The loss of a network that predicts `v` of the hidden patches of a map, given the others as they are.
#[derive(Debug)]
pub(crate) struct MaskedDenoising<'a> {
    pub(crate) network: &'a dyn Denoiser,
    pub(crate) process: &'a Process,
    /// Each image is hidden by one of them, `[m, 1, g, g]`.
    pub(crate) masks: &'a Tensor,
}

impl TrainingObjective for MaskedDenoising<'_> {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let (b, k, ..) = x.size4()?;
        let ints = (Kind::Int64, x.device());
        let which = Tensor::f_randint(self.masks.size()[0], [b], ints)?;
        let hidden = self.masks.f_index_select(0, &which)?; // [b, 1, g, g]
        let t = Tensor::f_randint(self.process.steps() as i64, [b], ints)?;
        let eps = x.f_randn_like()?;
        let x_t = self.process.q_sample(x, &t, &eps)?; // [b, k, g, g]
        // v = √ᾱ·ε − √(1−ᾱ)·x_0 is the forward process with the roles exchanged.
        let v = self.process.q_sample(&eps, &t, &x.f_neg()?)?;
        let input = partly_hidden(x, &x_t, &hidden)?;
        let answer = self
            .network
            .predict(&input, &t.f_to_kind(Kind::Float)?, true);
        let error = answer.mean.f_narrow(1, 0, k)?.f_sub(&v)?.f_square()?;
        let n = hidden.f_sum(Kind::Float)?.f_mul_scalar(k)?;
        Ok(error.f_mul(&hidden)?.f_sum(Kind::Float)?.f_div(&n)?)
    }
}

/// What the network is given: noised patches where they are hidden, the patches themselves elsewhere, and
/// which is which in one more channel.
///
/// # Shapes
/// `x`, `x_t`: `[b, k, g, g]`, `hidden`: `[b, 1, g, g]`, 0 or 1 → `[b, k + 1, g, g]`.
pub(crate) fn partly_hidden(
    x: &Tensor,
    x_t: &Tensor,
    hidden: &Tensor,
) -> Result<Tensor, tch::TchError> {
    let seen = x_t.f_where_self(&hidden.f_gt(0.5)?, x)?;
    Tensor::f_cat(&[&seen, hidden], 1)
}
