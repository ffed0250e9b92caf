use tch::{Device, Kind, Reduction, Tensor};

use crate::{Denoiser, ProcessError, Schedule, Target, Variance};

/// The forward process of a schedule and its reverse by a network (Ho et al. 2020,
/// arXiv:2006.11239), which knows what the network predicts and which variance a reverse step has.
///
/// Tables stay in f64; those that are gathered per row lie on the device in f32.
#[derive(Debug)]
pub struct Process {
    schedule: Schedule,
    device: Device,
    target: Target,
    variance: Variance,
    sqrt_alpha_bars: Tensor,           // [T]
    sqrt_one_minus_alpha_bars: Tensor, // [T]
}

impl Process {
    /// The process of `schedule` for tensors on `device`, for a network that predicts the noise, with
    /// the fixed small variance.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where the device is absent or full.
    pub fn new(schedule: Schedule, device: Device) -> Result<Self, ProcessError> {
        let table = |values: &[f64]| {
            Tensor::f_from_slice(values)?
                .f_to_kind(Kind::Float)?
                .f_to_device(device)
        };
        Ok(Self {
            sqrt_alpha_bars: table(schedule.sqrt_alpha_bars())?,
            sqrt_one_minus_alpha_bars: table(schedule.sqrt_one_minus_alpha_bars())?,
            schedule,
            device,
            target: Target::default(),
            variance: Variance::default(),
        })
    }

    /// The same for a network that predicts `target`.
    #[must_use]
    pub fn with_target(self, target: Target) -> Self {
        Self { target, ..self }
    }

    /// The same with another variance of the reverse steps.
    #[must_use]
    pub fn with_variance(self, variance: Variance) -> Self {
        Self { variance, ..self }
    }

    /// What the network predicts.
    pub fn target(&self) -> Target {
        self.target
    }

    /// The variance of the reverse steps.
    pub fn variance(&self) -> Variance {
        self.variance
    }

    /// Where the process's tensors lie.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The schedule and its f64 tables.
    pub fn schedule(&self) -> &Schedule {
        &self.schedule
    }

    /// The number of steps `T`.
    pub fn steps(&self) -> usize {
        self.schedule.steps()
    }

    /// A sample of `q(x_t | x_0)`: `√ᾱ_t·x_0 + √(1−ᾱ_t)·ε` (equation 4).
    ///
    /// # Shapes
    /// `x_0`: `[b, ..]`, `t`: `[b]` int64 in `0..T`, `eps`: like `x_0`, standard normal → like `x_0`.
    ///
    /// # Errors
    /// [`ProcessError::Shape`] where the shapes differ, [`ProcessError::Torch`] for a step outside
    /// the schedule.
    pub fn q_sample(&self, x_0: &Tensor, t: &Tensor, eps: &Tensor) -> Result<Tensor, ProcessError> {
        same_shape("eps", eps, &x_0.size())?;
        same_shape("t", t, &x_0.size()[..x_0.dim().min(1)])?;
        let signal = per_row(&self.sqrt_alpha_bars, t, x_0)?;
        let noise = per_row(&self.sqrt_one_minus_alpha_bars, t, x_0)?;
        Ok(x_0.f_mul(&signal)?.f_addcmul(eps, &noise)?)
    }

    /// `L_simple`, the mean squared error of the predicted noise (equation 14), over all elements;
    /// a scalar that can be differentiated.
    ///
    /// # Shapes
    /// As [`q_sample`](Self::q_sample).
    ///
    /// # Errors
    /// As [`q_sample`](Self::q_sample), and [`ProcessError::Shape`] where the network answers with
    /// another shape.
    pub fn epsilon_loss(
        &self,
        denoiser: &dyn Denoiser,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        let x_t = self.q_sample(x_0, t, eps)?;
        let prediction = denoiser.predict(&x_t, &t.f_to_kind(Kind::Float)?, true);
        same_shape("the prediction", &prediction.mean, &x_0.size())?;
        Ok(prediction.mean.f_mse_loss(eps, Reduction::Mean)?)
    }

    /// The mean of `q(x_{t−1} | x_t, x_0)` (equation 7).
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
        let from_x_0 = x_0.f_mul_scalar(self.schedule.posterior_mean_x_0()[t])?;
        let from_x_t = x_t.f_mul_scalar(self.schedule.posterior_mean_x_t()[t])?;
        Ok(from_x_0.f_add(&from_x_t)?)
    }

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
        let signal = x_t.f_mul_scalar(self.schedule.sqrt_recip_alpha_bars()[t])?;
        let noise = eps.f_mul_scalar(self.schedule.sqrt_recipm1_alpha_bars()[t])?;
        Ok(signal.f_sub(&noise)?)
    }

    /// `x_0 = √ᾱ_t·x_t − √(1−ᾱ_t)·v`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or shapes that differ.
    pub fn x_0_from_v(&self, x_t: &Tensor, v: &Tensor, t: usize) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        same_shape("v", v, &x_t.size())?;
        let signal = x_t.f_mul_scalar(self.schedule.sqrt_alpha_bars()[t])?;
        let noise = v.f_mul_scalar(self.schedule.sqrt_one_minus_alpha_bars()[t])?;
        Ok(signal.f_sub(&noise)?)
    }

    /// `ε = √(1−ᾱ_t)·x_t + √ᾱ_t·v`.
    ///
    /// # Errors
    /// [`ProcessError`] for a step outside the schedule or shapes that differ.
    pub fn eps_from_v(&self, x_t: &Tensor, v: &Tensor, t: usize) -> Result<Tensor, ProcessError> {
        self.check_step(t)?;
        same_shape("v", v, &x_t.size())?;
        let from_x_t = x_t.f_mul_scalar(self.schedule.sqrt_one_minus_alpha_bars()[t])?;
        let from_v = v.f_mul_scalar(self.schedule.sqrt_alpha_bars()[t])?;
        Ok(from_x_t.f_add(&from_v)?)
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
        let noise = x_t.f_sub(&x_0.f_mul_scalar(self.schedule.sqrt_alpha_bars()[t])?)?;
        let sd = self.schedule.sqrt_one_minus_alpha_bars()[t];
        Ok(noise.f_div_scalar(sd)?)
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
        let recip = self.schedule.alphas()[t].sqrt().recip();
        let factor =
            recip * self.schedule.betas()[t] / self.schedule.sqrt_one_minus_alpha_bars()[t];
        Ok(x_t.f_mul_scalar(recip)?.f_sub(&eps.f_mul_scalar(factor)?)?)
    }

    pub(crate) fn check_step(&self, step: usize) -> Result<(), ProcessError> {
        let steps = self.steps();
        if step < steps {
            return Ok(());
        }
        Err(ProcessError::Step { step, steps })
    }

    /// Without signal `ε` does not tell `x_0`.
    fn check_signal(&self, step: usize) -> Result<(), ProcessError> {
        if self.schedule.alpha_bars()[step] > 0.0 {
            return Ok(());
        }
        Err(ProcessError::NoSignal { step })
    }

    /// Whether the target fits the schedule: `ᾱ` can only vanish in the last step.
    pub(crate) fn check_target(&self) -> Result<(), ProcessError> {
        match self.target {
            Target::Epsilon => self.check_signal(self.steps() - 1),
            Target::X0 | Target::V => Ok(()),
        }
    }
}

pub(crate) fn same_shape(
    name: &'static str,
    tensor: &Tensor,
    expected: &[i64],
) -> Result<(), ProcessError> {
    let found = tensor.size();
    if found == expected {
        return Ok(());
    }
    Err(ProcessError::Shape {
        name,
        found,
        expected: expected.to_vec(),
    })
}

/// `table[t]` as `[b, 1, ..]`, to be multiplied with `x`.
fn per_row(table: &Tensor, t: &Tensor, x: &Tensor) -> Result<Tensor, ProcessError> {
    let mut shape = vec![1i64; x.dim()];
    if let Some(first) = shape.first_mut() {
        *first = -1;
    }
    Ok(table.f_index_select(0, t)?.f_view(shape.as_slice())?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
