//! The variational bound on the data's likelihood, term by term.

use std::f64::consts::LN_2;

use tch::{Kind, Tensor};

use crate::tables::per_row;
use crate::{Denoiser, Likelihood, Prediction, Process, ProcessError, Target, Variance};

/// What one network evaluation at a step says about each row.
#[derive(Debug)]
#[non_exhaustive]
pub struct VlbTerms {
    /// The step's term of the variational bound, in bits per dimension, `[b]` f64:
    /// `KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t))`, and `−ln p(x_0 | x_1)` at `t = 0`.
    pub bits_per_dim: Tensor,
    /// Mean squared error of the predicted `x_0`, `[b]` f64.
    pub x_0_mse: Tensor,
    /// Mean squared error of the predicted `ε`, `[b]` f64.
    pub eps_mse: Tensor,
}

impl Process {
    /// The term of the variational bound at step `t` and the errors behind it, from one network
    /// evaluation (`calc_bpd_loop` of improved-diffusion takes them at every `t`).
    ///
    /// # Formula
    /// The two Gaussians of the divergence have the means' difference `c_0·(x_0 − x̂_0)`, as both are
    /// posterior means of the same `x_t`; it is computed from the error of what the network predicts,
    /// without the cancellation in `x̂_0` at large `t`.
    ///
    /// # Shapes
    /// `x_0`: `[b, ..]`; `eps`: like it, standard normal.
    ///
    /// # Errors
    /// As [`reverse`](Self::reverse), and [`ProcessError::Shape`] where the shapes differ.
    pub fn vlb_terms(
        &self,
        denoiser: &dyn Denoiser,
        x_0: &Tensor,
        t: usize,
        eps: &Tensor,
        likelihood: Likelihood,
    ) -> Result<VlbTerms, ProcessError> {
        let (nats, error) = self.vlb_nats(denoiser, x_0, t, eps, likelihood)?;
        let mse = row_mean(&squares(&error)?)?;
        let schedule = self.schedule();
        let sd = schedule.sqrt_one_minus_alpha_bars()[t];
        let root = schedule.sqrt_alpha_bars()[t];
        let (x_0_error, eps_error) = match self.target() {
            Target::Epsilon => (schedule.sqrt_recipm1_alpha_bars()[t], 1.0),
            Target::X0 => (1.0, root / sd),
            Target::V => (sd, root),
        };
        Ok(VlbTerms {
            bits_per_dim: row_mean(&nats)?.f_div_scalar(LN_2)?,
            x_0_mse: mse.f_mul_scalar(x_0_error.powi(2))?,
            eps_mse: mse.f_mul_scalar(eps_error.powi(2))?,
        })
    }

    /// The same term in nats for each number, f64, and the error of what the network predicted; both
    /// like `x_0`.
    pub(crate) fn vlb_nats(
        &self,
        denoiser: &dyn Denoiser,
        x_0: &Tensor,
        t: usize,
        eps: &Tensor,
        likelihood: Likelihood,
    ) -> Result<(Tensor, Tensor), ProcessError> {
        self.check_step(t)?;
        let rows = x_0.size().first().copied().unwrap_or(0);
        let all_t = Tensor::f_full([rows], t as i64, (Kind::Int64, x_0.device()))?;
        let x_t = self.q_sample(x_0, &all_t, eps)?;
        let reverse = self.reverse(denoiser, &x_t, t)?;
        let prediction = reverse.prediction();
        let error = self.target_error(prediction, x_0, &all_t, eps)?;
        let log_variance = self.model_log_variance(prediction, &all_t, x_0)?;
        let nats = match t {
            0 => self.nll(&error, &log_variance, x_0, &all_t, likelihood)?,
            _ => self.kl(&error, &log_variance, &all_t)?,
        };
        Ok((nats.f_to_kind(Kind::Double)?, error))
    }

    /// The variational bound on `−log p(x_0)` in bits per dimension: the terms of all steps and the
    /// prior's, with one draw of noise at each step. Costs `T` network evaluations.
    ///
    /// `noise(t)` gives the standard normal noise of step `t`, shaped like `x_0`; it is asked for
    /// `t = T−1, …, 0`.
    ///
    /// # Shapes
    /// `x_0`: `[b, ..]` → `[b]` f64.
    ///
    /// # Errors
    /// As [`vlb_terms`](Self::vlb_terms), and those of `noise`.
    pub fn vlb_bits_per_dim(
        &self,
        denoiser: &dyn Denoiser,
        x_0: &Tensor,
        likelihood: Likelihood,
        noise: &mut dyn FnMut(usize) -> Result<Tensor, ProcessError>,
    ) -> Result<Tensor, ProcessError> {
        let _no_grad = tch::no_grad_guard();
        let mut sum = self.prior_bits_per_dim(x_0)?;
        for t in (0..self.steps()).rev() {
            let terms = self.vlb_terms(denoiser, x_0, t, &noise(t)?, likelihood)?;
            sum = sum.f_add(&terms.bits_per_dim)?;
        }
        Ok(sum)
    }

    /// The prior's term of the variational bound in nats, summed over the numbers of a row:
    /// `KL(q(x_T | x_0) ‖ N(0, I))`. No network is asked.
    ///
    /// # Formula
    /// `Σ (ᾱ·x_0² − ᾱ − ln(1−ᾱ))/2` with the last step's `ᾱ`.
    ///
    /// # Shapes
    /// `x_0`: `[b, ..]` → `[b]` f64.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where libtorch has no memory.
    pub fn prior_nats(&self, x_0: &Tensor) -> Result<Tensor, ProcessError> {
        let rows = x_0.size().first().copied().unwrap_or(1).max(1);
        let numbers = x_0.numel() as f64 / rows as f64;
        Ok(self.prior_bits_per_dim(x_0)?.f_mul_scalar(numbers * LN_2)?)
    }

    /// The same as [`prior_nats`](Self::prior_nats) in bits per dimension.
    ///
    /// # Errors
    /// As [`prior_nats`](Self::prior_nats).
    pub fn prior_bits_per_dim(&self, x_0: &Tensor) -> Result<Tensor, ProcessError> {
        self.prior_bits(&row_mean(&squares(x_0)?)?)
    }

    /// The same from the mean of `x_0²`, of whatever numbers.
    pub(crate) fn prior_bits(&self, square: &Tensor) -> Result<Tensor, ProcessError> {
        let alpha_bar = self.schedule().alpha_bars()[self.steps() - 1];
        let constant = alpha_bar + (-alpha_bar).ln_1p();
        Ok(square
            .f_mul_scalar(alpha_bar)?
            .f_sub_scalar(constant)?
            .f_mul_scalar(0.5 / LN_2)?)
    }

    /// What the network predicted minus what it should have, like `x_0`.
    pub(crate) fn target_error(
        &self,
        prediction: &Prediction,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        let mean = prediction.mean.f_to_kind(x_0.kind())?;
        Ok(mean.f_sub(&self.true_target(x_0, t, eps)?)?)
    }

    /// What the network should predict, like `x_0`.
    pub(crate) fn true_target(
        &self,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        match self.target() {
            Target::Epsilon => Ok(eps.shallow_clone()),
            Target::X0 => Ok(x_0.shallow_clone()),
            Target::V => {
                let signal = per_row(&self.tables().sqrt_alpha_bars, t, x_0)?;
                let noise = per_row(&self.tables().sqrt_one_minus_alpha_bars, t, x_0)?;
                Ok(eps.f_mul(&signal)?.f_sub(&x_0.f_mul(&noise)?)?)
            }
        }
    }

    /// `ln σ²` of the model's reverse step; broadcasts to `x`.
    pub(crate) fn model_log_variance(
        &self,
        prediction: &Prediction,
        t: &Tensor,
        x: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        let tables = self.tables();
        match self.variance() {
            Variance::FixedSmall => per_row(&tables.posterior_log_variances_clipped, t, x),
            Variance::FixedLarge => per_row(&tables.log_betas_clipped, t, x),
            Variance::LearnedRange => {
                let v = prediction.variance.as_ref();
                let v = v.ok_or(ProcessError::NoVariance)?.f_to_kind(x.kind())?;
                let small = per_row(&tables.posterior_log_variances_clipped, t, x)?;
                let large = per_row(&tables.log_betas, t, x)?;
                let fraction = v.f_add_scalar(1.0)?.f_mul_scalar(0.5)?;
                Ok(large.f_sub(&small)?.f_mul(&fraction)?.f_add(&small)?)
            }
        }
    }

    /// The term of the variational bound at each row's own step in bits per dimension, `[b]`.
    pub(crate) fn vlb_at(
        &self,
        error: &Tensor,
        log_variance: &Tensor,
        x_0: &Tensor,
        t: &Tensor,
        likelihood: Likelihood,
    ) -> Result<Tensor, ProcessError> {
        let kl = row_mean(&self.kl(error, log_variance, t)?)?;
        let nll = row_mean(&self.nll(error, log_variance, x_0, t, likelihood)?)?;
        Ok(nll.f_where_self(&t.f_eq(0)?, &kl)?.f_div_scalar(LN_2)?)
    }

    /// `KL(q(x_{t−1} | x_t, x_0) ‖ p(x_{t−1} | x_t))` of each number in nats.
    fn kl(
        &self,
        error: &Tensor,
        log_variance: &Tensor,
        t: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        let tables = self.tables();
        let weight = per_row(&tables.posterior_mean_x_0, t, error)?;
        let difference = self.x_0_error(error, t)?.f_mul(&weight)?;
        let posterior = per_row(&tables.posterior_log_variances_clipped, t, error)?;
        let log_ratio = posterior.f_sub(log_variance)?;
        let spread = log_ratio.f_exp()?.f_sub(&log_ratio)?.f_sub_scalar(1.0)?;
        let precision = log_variance.f_neg()?.f_exp()?;
        let shift = difference.f_square()?.f_mul(&precision)?;
        Ok(shift.f_add(&spread)?.f_mul_scalar(0.5)?)
    }

    /// `−ln p(x_0 | x_1)` of each number in nats, where the mean of `p` is the predicted `x_0`.
    fn nll(
        &self,
        error: &Tensor,
        log_variance: &Tensor,
        x_0: &Tensor,
        t: &Tensor,
        likelihood: Likelihood,
    ) -> Result<Tensor, ProcessError> {
        likelihood.nll(x_0, &self.x_0_error(error, t)?, log_variance)
    }

    /// `x_0 − x̂_0` from the error of the target.
    fn x_0_error(&self, error: &Tensor, t: &Tensor) -> Result<Tensor, ProcessError> {
        let tables = self.tables();
        let factor = match self.target() {
            Target::Epsilon => &tables.sqrt_recipm1_alpha_bars,
            Target::X0 => return Ok(error.f_neg()?),
            Target::V => &tables.sqrt_one_minus_alpha_bars,
        };
        Ok(error.f_mul(&per_row(factor, t, error)?)?)
    }
}

/// `x²`, f64.
pub(crate) fn squares(x: &Tensor) -> Result<Tensor, ProcessError> {
    Ok(x.f_to_kind(Kind::Double)?.f_square()?)
}

/// The mean over the numbers of each row, `[b, ..]` → `[b]`.
pub(crate) fn row_mean(x: &Tensor) -> Result<Tensor, ProcessError> {
    let size = x.size();
    let [rows, rest @ ..] = &size[..] else {
        return Err(ProcessError::Shape {
            name: "a batch",
            found: size,
            expected: vec![1],
        });
    };
    let flat = x.f_reshape([*rows, rest.iter().product()])?;
    Ok(flat.f_mean_dim(1, false, x.kind())?)
}
