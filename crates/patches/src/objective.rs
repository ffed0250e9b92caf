use diffusion_core::Process;
use tch::{Kind, Reduction, Tensor};
use training::{BoxError, TrainingObjective};

use crate::network::PatchMlp;

/// The loss of a [`PatchMlp`] that predicts `v`, at some places of each image, all places of an image
/// at one noise level: one embedding of the time serves them all.
#[derive(Debug)]
pub(crate) struct PatchDenoising<'a> {
    pub(crate) network: &'a PatchMlp,
    pub(crate) process: &'a Process,
    /// Places of an image in one step.
    pub(crate) places: usize,
}

impl TrainingObjective for PatchDenoising<'_> {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let (b, p, k) = x.size3()?;
        let (m, steps) = (self.places as i64, self.process.steps() as i64);
        let ints = (Kind::Int64, x.device());
        let places = Tensor::f_randint(p, [b, m], ints)?;
        let t = Tensor::f_randint(steps, [b], ints)?;
        let at = places.f_unsqueeze(2)?.f_expand([b, m, k], false)?;
        let x_0 = x.f_gather(1, &at, false)?; // [b, m, k]
        let eps = x_0.f_randn_like()?;
        let x_t = self.process.q_sample(&x_0, &t, &eps)?;
        // v = √ᾱ·ε − √(1−ᾱ)·x_0 is the forward process with the roles exchanged.
        let v = self.process.q_sample(&eps, &t, &x_0.f_neg()?)?;
        let predicted = self.network.at(&x_t, &t.f_to_kind(Kind::Float)?, &places);
        Ok(predicted.f_mse_loss(&v, Reduction::Mean)?)
    }
}
