use tch::Tensor;

use crate::process::{combined, same_shape};
use crate::{Process, ProcessError};

impl Process {
    /// The mean of `q(x_{t−1} | x_t, x_0)` (equation 7); its variance is
    /// [`Schedule::posterior_variances`](crate::Schedule::posterior_variances) at `t`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or shapes that differ.
    pub fn posterior_mean(
        &self,
        x_0: &Tensor,
        x_t: &Tensor,
        t: usize,
    ) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        same_shape("x_t", x_t, &x_0.size())?;
        let from_x_0 = self.schedule().posterior_mean_x_0()[t];
        let from_x_t = self.schedule().posterior_mean_x_t()[t];
        combined(x_0, from_x_0, x_t, from_x_t)
    }

    /// The mean of `p(x_{t−1} | x_t)` for the noise `eps`: `(x_t − β_t/√(1−ᾱ_t)·ε)/√α_t`
    /// (equation 11).
    ///
    /// It equals [`posterior_mean`](Self::posterior_mean) of [`x_0_from_eps`](Self::x_0_from_eps),
    /// without the cancellation at large `t`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule, one without signal, or shapes that differ.
    pub fn mean_from_eps(
        &self,
        x_t: &Tensor,
        eps: &Tensor,
        t: usize,
    ) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        self.check_signal(t)?;
        same_shape("eps", eps, &x_t.size())?;
        let recip = self.schedule().alphas()[t].sqrt().recip();
        let factor =
            recip * self.schedule().betas()[t] / self.schedule().sqrt_one_minus_alpha_bars()[t];
        combined(x_t, recip, eps, -factor)
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::Schedule;

    fn process() -> Process {
        Process::new(Schedule::linear(40, 1e-3, 0.2).unwrap(), Device::Cpu).unwrap()
    }

    #[test]
    fn both_forms_of_the_reverse_mean_agree() {
        let process = process();
        let x_t = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7, 0.1, -0.2]).view([2, 3]);
        let eps = Tensor::from_slice(&[1.1f32, 0.4, -0.9, -2.0, 0.0, 0.5]).view([2, 3]);
        for t in [0, 1, 17, 39] {
            let direct = process.mean_from_eps(&x_t, &eps, t).unwrap();
            let x_0 = process.x_0_from_eps(&x_t, &eps, t).unwrap();
            let posterior = process.posterior_mean(&x_0, &x_t, t).unwrap();
            let difference = (direct - posterior).abs().max().double_value(&[]);
            assert!(difference < 1e-5, "t = {t}: {difference}"); // f32, values up to about 10
        }
    }
}
