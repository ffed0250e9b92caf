use tch::Tensor;

use crate::process::combined;
use crate::walk::Noise;
use crate::{Denoiser, Process, ProcessError, Reverse};

impl Process {
    /// One step of [`Walk::Ddim`](crate::Walk::Ddim) from the network's answer at `t`; asks for noise
    /// only where `σ > 0`.
    pub(crate) fn ddim_step(
        &self,
        reverse: &Reverse<'_>,
        t: usize,
        eta: f64,
        noise: &mut Noise<'_>,
    ) -> Result<Tensor, ProcessError> {
        if t == 0 {
            return reverse.x_0(); // ᾱ_{−1} = 1
        }
        let schedule = self.schedule();
        let (alpha_bar, prev) = (schedule.alpha_bars()[t], schedule.alpha_bars_prev()[t]);
        let variance = eta.powi(2) * (1.0 - prev) / (1.0 - alpha_bar) * (1.0 - alpha_bar / prev);
        let direction = (1.0 - prev - variance).max(0.0).sqrt();
        let mut x = combined(&reverse.x_0()?, prev.sqrt(), &reverse.eps()?, direction)?;
        if variance > 0.0 {
            x = x.f_add_(&noise(t)?.f_mul_scalar(variance.sqrt())?)?;
        }
        Ok(x)
    }

    /// Follows the deterministic DDIM walk backwards, from the clean `x` through all steps
    /// `0, …, T−1` to the noise `x_T` that would be denoised to it. Costs `T` network evaluations; for
    /// fewer invert on a [`respaced`](Self::respaced) process.
    ///
    /// The DDIM step `x_t → x_{t−1}` is solved for `x_t` with `ε(x_t, t)` taken as `ε(x_{t−1}, t)`, an
    /// Euler step of the probability-flow ODE (Song et al. 2021, arXiv:2010.02502, section 4.3): the
    /// round trip's error falls like one over the number of steps.
    ///
    /// # Formula
    /// `x_t = c·x_{t−1} + k·ε(x_{t−1}, t)`, `c = √(ᾱ_t/ᾱ_{t−1})`, `k = √(1−ᾱ_t) − c·√(1−ᾱ_{t−1})`,
    /// with `ᾱ = 1` for the clean `x`.
    ///
    /// # Shapes
    /// `x`: `[b, ..]` → like `x`.
    ///
    /// # Errors
    /// As [`reverse`](Self::reverse).
    pub fn invert(&self, denoiser: &dyn Denoiser, x: &Tensor) -> Result<Tensor, ProcessError> {
        let _no_grad = tch::no_grad_guard();
        let mut x_t = x.shallow_clone();
        for t in 0..self.steps() {
            let eps = self.reverse(denoiser, &x_t, t)?.eps()?;
            x_t = self.inversion_step(&x_t, &eps, t)?;
        }
        Ok(x_t)
    }

    /// `c·x_{t−1} + k·ε`.
    pub(crate) fn inversion_step(
        &self,
        x: &Tensor,
        eps: &Tensor,
        t: usize,
    ) -> Result<Tensor, ProcessError> {
        let (c, k) = self.inversion_factors(t);
        combined(x, c, eps, k)
    }

    /// `c` and `k` of the step from `x_{t−1}` to `x_t`.
    pub(crate) fn inversion_factors(&self, t: usize) -> (f64, f64) {
        let schedule = self.schedule();
        let (alpha_bar, prev) = (schedule.alpha_bars()[t], schedule.alpha_bars_prev()[t]);
        let c = (alpha_bar / prev).sqrt();
        (c, (1.0 - alpha_bar).sqrt() - c * (1.0 - prev).sqrt())
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::toy::{Gaussian, Wave};
    use crate::{RowNoise, Schedule, Walk};

    fn process() -> Process {
        Process::new(Schedule::linear(60, 1e-3, 0.2).unwrap(), Device::Cpu).unwrap()
    }

    fn gap(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn with_eta_1_it_is_the_ancestral_walk() {
        let x = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7]).view([2, 2]);
        let whole = process();
        let part = process().respaced(&[0, 7, 20, 33, 59]).unwrap();
        for process in [whole, part] {
            let start = process.steps();
            let end = |walk| {
                let mut noise = RowNoise::new(&x, 3).unwrap();
                process
                    .walk(&Wave, &x, start, walk, &mut |_| noise.draw())
                    .unwrap()
            };
            let ancestral = end(Walk::Ancestral);
            // f32, 60 steps of a network with slopes of about 2.
            assert!(gap(&end(Walk::Ddim { eta: 1.0 }), &ancestral) < 1e-4);
            assert!(gap(&end(Walk::Ddim { eta: 0.5 }), &ancestral) > 1e-2);
        }
    }

    #[test]
    fn without_eta_it_asks_for_no_noise() {
        let x = Tensor::ones([1, 2], (Kind::Float, Device::Cpu));
        let mut refuse = |t| Err(ProcessError::Step { step: t, steps: 0 });
        let walk = Walk::Ddim { eta: 0.0 };
        assert!(process().walk(&Wave, &x, 60, walk, &mut refuse).is_ok());
        for eta in [-0.1, 1.1, f64::NAN] {
            let walk = Walk::Ddim { eta };
            let error = process().walk(&Wave, &x, 60, walk, &mut refuse);
            assert!(matches!(error, Err(ProcessError::Setting(_))), "{eta}");
        }
    }

    #[test]
    fn inversion_and_ddim_are_a_round_trip_as_steps_grow() {
        let x = Tensor::from_slice(&[2.0f32, 3.0, 4.5, 3.2]).view([2, 2]);
        let errors: Vec<f64> = [50, 200, 800]
            .into_iter()
            .map(|steps| {
                let schedule = Schedule::cosine(steps).unwrap();
                let process = Process::new(schedule, Device::Cpu).unwrap();
                let data = Gaussian::new(3.0, 0.5, process.schedule());
                let noise = process.invert(&data, &x).unwrap();
                let walk = Walk::Ddim { eta: 0.0 };
                let mut none = |t| Err(ProcessError::Step { step: t, steps });
                let back = process.walk(&data, &noise, steps, walk, &mut none).unwrap();
                gap(&back, &x)
            })
            .collect();
        // First order: four times the steps, about a quarter of the error.
        assert!(errors[1] < 0.4 * errors[0], "{errors:?}");
        assert!(errors[2] < 0.4 * errors[1], "{errors:?}");
    }
}
