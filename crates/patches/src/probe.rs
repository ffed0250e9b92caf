use diffusion_core::Denoiser;
use tch::{Kind, Tensor};
use training::{Answers, degenerate};

use crate::PatchesError;

/// Noised training patches; what a network says to them before and after tells whether it learned.
#[derive(Debug)]
pub(crate) struct Probe {
    /// What the network is given.
    pub(crate) input: Tensor, // [b, ..]
    /// The noise level.
    pub(crate) t: usize,
    /// Mean square of what it should say.
    pub(crate) target: f64,
}

impl Probe {
    pub(crate) fn ask(&self, network: &dyn Denoiser) -> Result<Tensor, PatchesError> {
        let _no_grad = tch::no_grad_guard();
        let t = Tensor::f_full([1], self.t as f64, (Kind::Float, self.input.device()))?;
        let mean = network.predict(&self.input, &t, false).mean;
        Ok(mean.f_to_kind(Kind::Double)?)
    }

    /// What is wrong with a network that says `after` where it said `before` its training.
    pub(crate) fn warnings(
        &self,
        before: &Tensor,
        after: &Tensor,
    ) -> Result<Vec<String>, PatchesError> {
        Ok(degenerate(&[Answers {
            before,
            after,
            target: self.target,
        }])?)
    }
}
