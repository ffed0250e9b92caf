use tch::{Kind, Tensor};

use crate::process::same_shape;
use crate::{Denoiser, Process, ProcessError};

impl Process {
    /// One reverse step from `x_t` to `x_{t−1}`: the mean of `p(x_{t−1} | x_t)`, and with `noise` a
    /// sample of it, `mean + √β̃_t·noise`. At `t = 0` the variance is 0 and the noise without effect.
    ///
    /// # Shapes
    /// `x_t`: `[b, ..]`; `noise`: anything that broadcasts to `x_t` → like `x_t`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or a network that answers with another shape.
    pub fn reverse_step(
        &self,
        denoiser: &dyn Denoiser,
        x_t: &Tensor,
        t: usize,
        noise: Option<&Tensor>,
    ) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        let level = Tensor::f_full([1], t as f64, (Kind::Float, x_t.device()))?;
        let prediction = denoiser.predict(x_t, &level, false);
        same_shape("the prediction", &prediction.mean, &x_t.size())?;
        let mean = self.mean_from_eps(x_t, &prediction.mean, t)?;
        let sigma = self.schedule().posterior_variances()[t].sqrt();
        match noise {
            Some(noise) if t > 0 => Ok(mean.f_add(&noise.f_mul_scalar(sigma)?)?),
            _ => Ok(mean),
        }
    }

    /// Walks back from `x`, taken as `x_start` without any noise added, to `x_0` along the means:
    /// `x_{t−1} = E[x_{t−1} | x_t]` for `t = start−1, …, 0`. Costs `start` network evaluations.
    ///
    /// This is no sampler: without injected noise the walk contracts towards the data. Its distance
    /// from `x` is the score behind the published DDPM column of arXiv:2412.07539.
    ///
    /// # Errors
    /// [`ProcessError::Start`] unless `1 ≤ start ≤ T`, else as [`reverse_step`](Self::reverse_step).
    pub fn walk_mean_only(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        start: usize,
    ) -> Result<Tensor, ProcessError> {
        self.walk(denoiser, x, start, None)
    }

    /// Ancestral sampling from `x`, taken as `x_start` without any noise added, to `x_0`
    /// (Ho et al. 2020, algorithm 2, with the posterior variance). Costs `start` network evaluations.
    ///
    /// `noise(t)` gives the standard normal noise of step `t`, of a shape that broadcasts to `x`; it
    /// is asked for `t = start−1, …, 1`. Noise of shape `[1, ..]` is shared by all rows, so that a
    /// row ends at the same place in any batch.
    ///
    /// # Errors
    /// As [`walk_mean_only`](Self::walk_mean_only).
    pub fn walk_ancestral(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        start: usize,
        noise: &mut dyn FnMut(usize) -> Tensor,
    ) -> Result<Tensor, ProcessError> {
        self.walk(denoiser, x, start, Some(noise))
    }

    fn walk(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        start: usize,
        mut noise: Option<&mut dyn FnMut(usize) -> Tensor>,
    ) -> Result<Tensor, ProcessError> {
        let steps = self.steps();
        if start == 0 || start > steps {
            return Err(ProcessError::Start { start, steps });
        }
        let _no_grad = tch::no_grad_guard();
        let mut x_t = x.shallow_clone();
        for t in (0..start).rev() {
            let noise = match &mut noise {
                Some(draw) if t > 0 => Some(draw(t)),
                _ => None,
            };
            x_t = self.reverse_step(denoiser, &x_t, t, noise.as_ref())?;
        }
        Ok(x_t)
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::{Prediction, Schedule};

    /// Predicts zeros, as a network with a zero-initialised head does before training.
    #[derive(Debug)]
    struct Zero;

    impl Denoiser for Zero {
        fn predict(&self, x_t: &Tensor, _t: &Tensor, _train: bool) -> Prediction {
            Prediction::new(x_t.zeros_like())
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
    fn ancestral_noise_has_the_posterior_variances_and_none_at_the_last_step() {
        let process = process();
        let x = Tensor::zeros([2, 1], (Kind::Float, Device::Cpu));
        let mut asked = Vec::new();
        let end = process
            .walk_ancestral(&Zero, &x, 3, &mut |t| {
                asked.push(t);
                Tensor::ones([1, 1], (Kind::Float, Device::Cpu))
            })
            .unwrap();
        assert_eq!(asked, [2, 1]);
        let s = process.schedule();
        let (a, v) = (s.alphas(), s.posterior_variances());
        let expected = (v[2].sqrt() / a[1].sqrt() + v[1].sqrt()) / a[0].sqrt();
        assert!((end.double_value(&[1, 0]) - expected).abs() < 1e-6);
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
