use diffusion_core::{
    Denoiser, Loss, Noise, Objective, Process, StackedDenoiser, StepSampler, StepSampling,
};
use serde_json::{Value, json};
use tch::{Kind, TchError, Tensor};
use training::{BoxError, StackedObjective, TrainingError, TrainingObjective};

use crate::DiffusionError;

/// The loss of a [`Denoiser`] at steps and with noise drawn anew for each batch (Ho et al. 2020,
/// arXiv:2006.11239, algorithm 1).
#[derive(Debug)]
pub struct Denoising {
    denoiser: Box<dyn Denoiser>,
    process: Process,
    objective: Objective,
    sampler: StepSampler,
    /// The plain `L_simple`, which has a faster way.
    plain: bool,
    /// Whether the sampler learns from the losses.
    adaptive: bool,
    noise: Noise,
    flip: bool,
}

impl Denoising {
    /// The loss `objective` of `denoiser`, at steps drawn by `sampling`.
    ///
    /// # Errors
    /// [`DiffusionError::Setting`] for settings that contradict each other.
    pub fn new(
        denoiser: Box<dyn Denoiser>,
        process: Process,
        objective: Objective,
        sampling: StepSampling,
    ) -> Result<Self, DiffusionError> {
        objective.check(process.variance())?;
        Ok(Self {
            sampler: StepSampler::new(sampling, process.steps())?,
            denoiser,
            process,
            objective,
            plain: objective.loss == Loss::Simple
                && objective.min_snr_gamma.is_none()
                && sampling == StepSampling::Uniform,
            adaptive: sampling == StepSampling::LossSecondMoment,
            noise: Noise::default(),
            flip: false,
        })
    }

    /// The same with another kind of noise.
    #[must_use]
    pub fn with_noise(self, noise: Noise) -> Self {
        Self { noise, ..self }
    }

    /// The same with half of the images mirrored, left for right.
    #[must_use]
    pub fn with_flip(self, flip: bool) -> Self {
        Self { flip, ..self }
    }

    /// The network.
    pub fn denoiser(&self) -> &dyn Denoiser {
        &*self.denoiser
    }

    fn stacked_denoiser(&self) -> Result<&dyn StackedDenoiser, BoxError> {
        let found = self.denoiser.stacked();
        found.ok_or_else(|| "a network that cannot be stacked".into())
    }

    /// The process that it denoises.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// The kind of noise.
    pub fn noise(&self) -> Noise {
        self.noise
    }
}

/// Mirrors each image of `x`, `[b, .., w]`, or leaves it, by the toss of a coin.
fn flipped(x: &Tensor) -> Result<Tensor, TchError> {
    let mut shape = vec![1; x.dim()];
    shape[0] = x.size()[0];
    let coin = Tensor::f_rand(shape, (Kind::Float, x.device()))?.f_lt(0.5)?;
    x.f_flip([-1])?.f_where_self(&coin, x)
}

impl TrainingObjective for Denoising {
    fn loss(&mut self, x: &Tensor) -> Result<Tensor, BoxError> {
        let x = &match self.flip {
            true => flipped(x)?,
            false => x.shallow_clone(),
        };
        let (t, weights) = self.sampler.sample(x.size()[0], x.device())?; // [b]
        let eps = self.noise.like(x)?;
        if self.plain {
            return Ok(self.process.simple_loss(&*self.denoiser, x, &t, &eps)?);
        }
        let losses = self
            .process
            .losses(&*self.denoiser, &self.objective, x, &t, &eps)?; // [b]
        // A loss that is not finite has no place in the history, and the loop names the step it stops at.
        if self.adaptive && losses.f_isfinite()?.f_all()?.f_int64_value(&[])? == 1 {
            self.sampler.update(&t, &losses)?;
        }
        let losses = match weights {
            Some(weights) => losses.f_mul(&weights)?,
            None => losses,
        };
        Ok(losses.f_mean(Kind::Float)?)
    }

    fn state(&self) -> Value {
        json!(self.sampler.state())
    }

    fn restore(&mut self, state: &Value) -> Result<(), BoxError> {
        let state = serde_json::from_value(state.clone());
        let state = state.map_err(|e| TrainingError::Checkpoint {
            reason: format!("the step sampler: {e}"),
        })?;
        Ok(self.sampler.restore(state)?)
    }

    fn stacked(&self) -> Option<&dyn StackedObjective> {
        let can = self.plain && !self.flip && self.denoiser.stacked().is_some();
        can.then_some(self as _)
    }
}

/// The plain `L_simple` of a network that can be stacked.
impl StackedObjective for Denoising {
    fn draw(&self, x: &Tensor) -> Result<Vec<Tensor>, BoxError> {
        let b = x.size()[0];
        let (t, _) = self.sampler.sample(b, x.device())?; // [b]
        let mut drawn = vec![t, self.noise.like(x)?];
        drawn.extend(self.stacked_denoiser()?.draw(b)?);
        Ok(drawn)
    }

    fn losses(&self, x: &Tensor, drawn: &[Tensor]) -> Result<Tensor, BoxError> {
        let denoiser = self.stacked_denoiser()?;
        let [t, eps, dropout @ ..] = drawn else {
            return Err("neither times nor noise were drawn".into());
        };
        let process = &self.process;
        Ok(process.simple_losses(denoiser, x, t, eps, dropout)?)
    }
}
