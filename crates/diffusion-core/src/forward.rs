//! From data to noise.

use tch::Tensor;

use crate::process::{combined, same_shape};
use crate::tables::per_row;
use crate::{Process, ProcessError};

impl Process {
    /// A sample of `q(x_t | x_0)`: `√ᾱ_t·x_0 + √(1−ᾱ_t)·ε` (equation 4).
    ///
    /// # Shapes
    /// `x_0`: `[b, ..]`, `t`: `[b]` int64 in `0..T`, `eps`: like `x_0`, standard normal → like `x_0`.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] where the shapes differ, [`ProcessError::Torch`] for a step outside
    /// the schedule.
    pub fn q_sample(&self, x_0: &Tensor, t: &Tensor, eps: &Tensor) -> Result<Tensor, ProcessError> {
        check_rows(x_0, t, eps)?;
        let signal = per_row(&self.tables().sqrt_alpha_bars, t, x_0)?;
        let noise = per_row(&self.tables().sqrt_one_minus_alpha_bars, t, x_0)?;
        Ok(x_0.f_mul(&signal)?.f_addcmul(eps, &noise)?)
    }

    /// [`q_sample`](Self::q_sample) at one step for all rows.
    pub(crate) fn noised(
        &self,
        x: &Tensor,
        t: usize,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        let schedule = self.schedule();
        let noise = schedule.sqrt_one_minus_alpha_bars()[t];
        combined(x, schedule.sqrt_alpha_bars()[t], eps, noise)
    }

    /// A sample of `q(x_t | x_{t−1})`, one step of the forward chain: `√(1−β_t)·x_{t−1} + √β_t·ε`
    /// (equation 2).
    ///
    /// # Shapes
    /// As [`q_sample`](Self::q_sample), with `x_{t−1}` for `x_0`.
    ///
    /// # Errors
    /// As [`q_sample`](Self::q_sample).
    pub fn q_step(
        &self,
        x_prev: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        check_rows(x_prev, t, eps)?;
        let signal = per_row(&self.tables().sqrt_alphas, t, x_prev)?;
        let noise = per_row(&self.tables().sqrt_betas, t, x_prev)?;
        Ok(x_prev.f_mul(&signal)?.f_addcmul(eps, &noise)?)
    }

    /// The variance-only form of the marginal, `x_0 + √(1−ᾱ_t)·ε`: the noise of
    /// [`q_sample`](Self::q_sample) without shrinking the signal. Diffusion time estimation corrupts
    /// its training rows like this (Livernoche et al. 2024, arXiv:2305.18593, authors' code).
    ///
    /// # Shapes
    /// As [`q_sample`](Self::q_sample).
    ///
    /// # Errors
    /// As [`q_sample`](Self::q_sample).
    pub fn q_sample_variance_only(
        &self,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        check_rows(x_0, t, eps)?;
        let noise = per_row(&self.tables().sqrt_one_minus_alpha_bars, t, x_0)?;
        Ok(x_0.f_addcmul(eps, &noise)?)
    }
}

/// Noise for each number and a step for each row.
fn check_rows(x: &Tensor, t: &Tensor, eps: &Tensor) -> Result<(), ProcessError> {
    same_shape("eps", eps, &x.size())?;
    same_shape("t", t, &x.size()[..x.dim().min(1)])
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use crate::Schedule;

    fn process() -> Process {
        Process::new(Schedule::linear(40, 1e-3, 0.2).unwrap(), Device::Cpu).unwrap()
    }

    #[test]
    fn misuse_is_an_error() {
        let process = process();
        let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let t = Tensor::from_slice(&[0i64, 40]);
        assert!(matches!(
            process.q_sample(&x, &t, &x),
            Err(ProcessError::Torch(_))
        ));
        assert!(matches!(
            process.q_sample(&x, &t, &x.transpose(0, 1)),
            Err(ProcessError::Shape { name: "eps", .. })
        ));
        assert!(matches!(
            process.q_sample(&x, &t.narrow(0, 0, 1), &x),
            Err(ProcessError::Shape { name: "t", .. })
        ));
        assert!(matches!(
            process.mean_from_eps(&x, &x, 40),
            Err(ProcessError::Step {
                step: 40,
                steps: 40
            })
        ));
    }

    #[test]
    fn the_chain_ends_where_the_marginal_does() {
        // Means and variances along the chain, with x_0 = 1 and then ε alone.
        let process = process();
        let one = Tensor::ones([1, 1], (Kind::Double, Device::Cpu));
        let zero = one.zeros_like();
        let (mut mean, mut variance) = (one.shallow_clone(), 0.0);
        for t in 0..40 {
            let t = Tensor::from_slice(&[t]);
            mean = process.q_step(&mean, &t, &zero).unwrap();
            let share = process
                .q_step(&one, &t, &zero)
                .unwrap()
                .double_value(&[0, 0]);
            let noise = process
                .q_step(&zero, &t, &one)
                .unwrap()
                .double_value(&[0, 0]);
            variance = variance * share.powi(2) + noise.powi(2);
            let at = process.q_sample(&one, &t, &zero).unwrap();
            let sd = process
                .q_sample(&zero, &t, &one)
                .unwrap()
                .double_value(&[0, 0]);
            // Tables in f32, forty products of them.
            assert!((&mean - at).abs().double_value(&[0, 0]) < 1e-6);
            assert!((variance.sqrt() - sd).abs() < 1e-6);
            let wide = process.q_sample_variance_only(&one, &t, &one).unwrap();
            assert!((wide.double_value(&[0, 0]) - 1.0 - sd).abs() < 1e-12);
        }
    }
}
