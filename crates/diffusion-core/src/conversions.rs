//! `ε`, `x_0` and `v` from one another at a step that all rows share.

use tch::Tensor;

use crate::process::{combined, same_shape};
use crate::{Process, ProcessError};

impl Process {
    /// `x_0 = √(1/ᾱ_t)·x_t − √(1/ᾱ_t − 1)·ε`, equation 4 solved for `x_0`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule, one without signal, or shapes that differ.
    pub fn x_0_from_eps(
        &self,
        x_t: &Tensor,
        eps: &Tensor,
        t: usize,
    ) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        self.check_signal(t)?;
        same_shape("eps", eps, &x_t.size())?;
        let signal = self.schedule().sqrt_recip_alpha_bars()[t];
        let noise = self.schedule().sqrt_recipm1_alpha_bars()[t];
        combined(x_t, signal, eps, -noise)
    }

    /// `x_0 = √ᾱ_t·x_t − √(1−ᾱ_t)·v`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or shapes that differ.
    pub fn x_0_from_v(&self, x_t: &Tensor, v: &Tensor, t: usize) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        same_shape("v", v, &x_t.size())?;
        let signal = self.schedule().sqrt_alpha_bars()[t];
        let noise = self.schedule().sqrt_one_minus_alpha_bars()[t];
        combined(x_t, signal, v, -noise)
    }

    /// `ε = √(1−ᾱ_t)·x_t + √ᾱ_t·v`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or shapes that differ.
    pub fn eps_from_v(&self, x_t: &Tensor, v: &Tensor, t: usize) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        same_shape("v", v, &x_t.size())?;
        let signal = self.schedule().sqrt_alpha_bars()[t];
        let noise = self.schedule().sqrt_one_minus_alpha_bars()[t];
        combined(x_t, noise, v, signal)
    }

    /// `ε = (x_t − √ᾱ_t·x_0)/√(1−ᾱ_t)`, equation 4 solved for `ε`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or shapes that differ.
    pub fn eps_from_x_0(
        &self,
        x_t: &Tensor,
        x_0: &Tensor,
        t: usize,
    ) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        same_shape("x_0", x_0, &x_t.size())?;
        let noise = x_t.f_sub(&x_0.f_mul_scalar(self.schedule().sqrt_alpha_bars()[t])?)?;
        let sd = self.schedule().sqrt_one_minus_alpha_bars()[t];
        Ok(noise.f_div_scalar(sd)?)
    }
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::{Denoiser, Prediction, Schedule, Target};

    #[derive(Debug)]
    struct Zero;

    impl Denoiser for Zero {
        fn predict(&self, x_t: &Tensor, _t: &Tensor, _train: bool) -> Prediction {
            Prediction::new(x_t.zeros_like())
        }
    }

    #[test]
    fn noise_tells_nothing_without_signal() {
        let schedule = Schedule::cosine(20).unwrap().zero_terminal_snr().unwrap();
        let process = Process::new(schedule, Device::Cpu).unwrap();
        let x = Tensor::ones([2, 3], (Kind::Float, Device::Cpu));
        for error in [
            process.x_0_from_eps(&x, &x, 19).unwrap_err(),
            process.mean_from_eps(&x, &x, 19).unwrap_err(),
            process.reverse(&Zero, &x, 3).unwrap_err(),
        ] {
            assert!(
                matches!(error, ProcessError::NoSignal { step: 19 }),
                "{error}"
            );
        }
        assert!(process.x_0_from_eps(&x, &x, 18).is_ok());
        for target in [Target::X0, Target::V] {
            let process = Process::new(process.schedule().clone(), Device::Cpu)
                .unwrap()
                .with_target(target);
            let reverse = process.reverse(&Zero, &x, 19).unwrap();
            for tensor in [reverse.x_0(), reverse.eps(), reverse.mean()] {
                assert!(tensor.unwrap().isfinite().all().int64_value(&[]) == 1);
            }
        }
    }
}
