use settings::in_range;
use tch::Tensor;

use crate::gradients::no_grad_unless_tracked;
use crate::{Denoiser, LogVariance, Process, ProcessError, Reverse};

/// How a walk goes from `x_t` to `x_{t−1}`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Walk {
    /// To the mean of `p(x_{t−1} | x_t)`. This is not a sampler: without injected noise the walk
    /// contracts towards the data.
    MeanOnly,
    /// To a sample of `p(x_{t−1} | x_t)` (Ho et al. 2020, algorithm 2), with the process's
    /// [`Variance`](crate::Variance).
    Ancestral,
    /// By DDIM (Song et al. 2021, arXiv:2010.02502, equation 12).
    ///
    /// # Formula
    /// `x_{t−1} = √ᾱ_{t−1}·x̂_0 + √(1−ᾱ_{t−1}−σ²)·ε̂ + σ·z`,
    /// `σ = η·√((1−ᾱ_{t−1})/(1−ᾱ_t))·√(1−ᾱ_t/ᾱ_{t−1})`.
    Ddim {
        /// `η` from 0, deterministic, to 1, the ancestral walk with the fixed small variance.
        eta: f64,
    },
}

/// Gives the standard normal noise of a step, of a shape that broadcasts to `x`.
pub(crate) type Noise<'a> = dyn FnMut(usize) -> Result<Tensor, ProcessError> + 'a;

impl Process {
    /// One reverse step from `x_t` to `x_{t−1}`: the mean of `p(x_{t−1} | x_t)`, and with `noise` a
    /// sample of it, `mean + σ_t·noise`. At `t = 0` the noise is without effect.
    ///
    /// # Shapes
    /// `x_t`: `[b, ..]`; `noise`: anything that broadcasts to `x_t` → like `x_t`.
    ///
    /// # Errors
    /// As [`reverse`](Self::reverse).
    pub fn reverse_step(
        &self,
        denoiser: &dyn Denoiser,
        x_t: &Tensor,
        t: usize,
        noise: Option<&Tensor>,
    ) -> Result<Tensor, ProcessError> {
        let reverse = self.reverse(denoiser, x_t, t)?;
        match noise {
            Some(noise) if t > 0 => disturbed_mean(&reverse, noise),
            _ => reverse.mean(),
        }
    }

    /// Walks back from `x`, taken as `x_start` without any noise added, to `x_0` along the means:
    /// `x_{t−1} = E[x_{t−1} | x_t]` for `t = start−1, …, 0`. Costs `start` network evaluations.
    ///
    /// Its distance from `x` is the score behind the published DDPM column of arXiv:2412.07539.
    ///
    /// # Errors
    /// [`ProcessError::Start`] unless `1 ≤ start ≤ T`, else as [`reverse`](Self::reverse).
    pub fn walk_mean_only(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        start: usize,
    ) -> Result<Tensor, ProcessError> {
        let mut none = |_: usize| Ok(x.f_zeros_like()?);
        self.walk(denoiser, x, start, Walk::MeanOnly, &mut none)
    }

    /// Walks back from `x`, taken as `x_start`, to `x_0`, in the steps `start−1, …, 0`. Costs `start`
    /// network evaluations; for fewer walk on a [`respaced`](Self::respaced) process.
    ///
    /// `noise(t)` gives the standard normal noise of step `t`, of a shape that broadcasts to `x`; it
    /// is asked where the walk needs it, never for the last step `t = 0`. With
    /// [`RowNoise`](crate::RowNoise), or noise of shape `[1, ..]` that all rows share, a row ends at
    /// the same place in any batch.
    ///
    /// # Errors
    /// As [`walk_mean_only`](Self::walk_mean_only), those of `noise`, and [`ProcessError::Setting`] for
    /// an `η` outside `[0, 1]`.
    pub fn walk(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        start: usize,
        walk: Walk,
        noise: &mut dyn FnMut(usize) -> Result<Tensor, ProcessError>,
    ) -> Result<Tensor, ProcessError> {
        self.walk_past(denoiser, x, start, walk, noise, &mut |_| Ok(()))
    }

    /// [`walk`](Self::walk), and `visit` sees the network's answer at every step.
    pub(crate) fn walk_past(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        start: usize,
        walk: Walk,
        noise: &mut Noise<'_>,
        visit: &mut dyn FnMut(&Reverse<'_>) -> Result<(), ProcessError>,
    ) -> Result<Tensor, ProcessError> {
        let steps = self.steps();
        if start == 0 || start > steps {
            return Err(ProcessError::Start { start, steps });
        }
        if let Walk::Ddim { eta } = walk {
            in_range("eta", eta, 0.0..=1.0)?;
        }
        let _no_grad = no_grad_unless_tracked(x);
        let mut x_t = x.shallow_clone();
        for t in (0..start).rev() {
            let reverse = self.reverse(denoiser, &x_t, t)?;
            visit(&reverse)?;
            let next = match walk {
                Walk::Ancestral if t > 0 => disturbed_mean(&reverse, &noise(t)?)?,
                Walk::Ancestral | Walk::MeanOnly => reverse.mean()?,
                Walk::Ddim { eta } => self.ddim_step(&reverse, t, eta, noise)?,
            };
            x_t = next;
        }
        Ok(x_t)
    }
}

/// `mean + σ_t·noise`.
fn disturbed_mean(reverse: &Reverse<'_>, noise: &Tensor) -> Result<Tensor, ProcessError> {
    let noise = match reverse.log_variance()? {
        LogVariance::Shared(ln) => noise.f_mul_scalar((0.5 * ln).exp())?,
        LogVariance::Each(ln) => ln.f_mul_scalar(0.5)?.f_exp()?.f_mul(noise)?,
    };
    Ok(reverse.mean()?.f_add(&noise)?)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::{Prediction, Schedule};

    /// Predicts zeros, as a network with a zero-initialised head does before training.
    #[derive(Debug)]
    struct Zero;

    impl Denoiser for Zero {
        fn predict(&self, x_t: &Tensor, _t: &Tensor, _train: bool) -> Prediction {
            Prediction::with_variance(x_t.zeros_like(), x_t.ones_like())
        }
    }

    fn process() -> Process {
        Process::new(Schedule::linear(40, 1e-3, 0.2).unwrap(), Device::Cpu).unwrap()
    }

    #[test]
    fn a_network_that_predicts_zero_only_rescales() {
        // x/√ᾱ: such a walk's error ranks like ‖x‖², which says nothing about training.
        let process = process();
        let x = Tensor::from_slice(&[0.5f32, -2.0, 1.0]).view([1, 3]);
        let end = process.walk_mean_only(&Zero, &x, 25).unwrap();
        let expected = &x / process.schedule().sqrt_alpha_bars()[24];
        assert!((end - expected).abs().max().double_value(&[]) < 1e-5);
    }

    #[test]
    fn ancestral_noise_has_the_process_variances_and_none_at_the_last_step() {
        let x = Tensor::zeros([2, 1], (Kind::Float, Device::Cpu));
        for variance in [
            crate::Variance::FixedSmall,
            crate::Variance::FixedLarge,
            crate::Variance::LearnedRange, // Zero answers 1: the large one
        ] {
            let process = process().with_variance(variance);
            let mut asked = Vec::new();
            let end = process
                .walk(&Zero, &x, 3, Walk::Ancestral, &mut |t| {
                    asked.push(t);
                    Ok(Tensor::ones([1, 1], (Kind::Float, Device::Cpu)))
                })
                .unwrap();
            assert_eq!(asked, [2, 1]);
            let s = process.schedule();
            let v = match variance {
                crate::Variance::FixedSmall => s.posterior_variances(),
                _ => s.betas(),
            };
            let a = s.alphas();
            let expected = (v[2].sqrt() / a[1].sqrt() + v[1].sqrt()) / a[0].sqrt();
            assert!((end.double_value(&[1, 0]) - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn walks_start_inside_the_schedule() {
        let process = process();
        let x = Tensor::zeros([1, 2], (Kind::Float, Device::Cpu));
        for start in [0, 41] {
            assert!(matches!(
                process.walk_mean_only(&Zero, &x, start),
                Err(ProcessError::Start { steps: 40, .. })
            ));
        }
    }
}
