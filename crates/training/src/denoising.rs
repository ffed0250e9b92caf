use diffusion_core::{Denoiser, Process};
use tch::{Kind, Tensor};

use crate::{TrainingError, TrainingObjective};

/// The loss of a [`Denoiser`] at steps and with noise drawn anew for each batch (Ho et al. 2020,
/// arXiv:2006.11239, algorithm 1).
#[derive(Debug)]
pub struct Denoising<'a> {
    denoiser: &'a dyn Denoiser,
    process: &'a Process,
}

impl<'a> Denoising<'a> {
    /// The noise loss of `denoiser`, steps drawn uniformly.
    pub fn new(denoiser: &'a dyn Denoiser, process: &'a Process) -> Self {
        Self { denoiser, process }
    }
}

impl TrainingObjective for Denoising<'_> {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, TrainingError> {
        let (b, device) = (x.size()[0], x.device());
        let t = Tensor::f_randint(self.process.steps() as i64, [b], (Kind::Int64, device))?;
        let eps = x.f_randn_like()?;
        Ok(self.process.epsilon_loss(self.denoiser, x, &t, &eps)?)
    }
}
