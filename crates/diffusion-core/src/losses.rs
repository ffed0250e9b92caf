use tch::{Kind, Reduction, Tensor};

use crate::process::same_shape;
use crate::tables::per_row;
use crate::vlb::row_mean;
use crate::{Denoiser, Loss, Objective, Process, ProcessError, StackedDenoiser, Target};

impl Process {
    /// The loss of every row at its own step, for the gradient: weigh and average them.
    ///
    /// `L_simple` is a mean over a row's numbers, the variational bound in bits per dimension. For the
    /// plain `L_simple` under uniform steps, [`simple_loss`](Self::simple_loss) is faster.
    ///
    /// # Shapes
    /// `x_0`: `[b, ..]`, `t`: `[b]` int64 in `0..T`, `eps`: like `x_0`, standard normal → `[b]`.
    ///
    /// # Errors
    /// [`ProcessError::Setting`] of [`Objective::check`], else as [`simple_loss`](Self::simple_loss)
    /// and [`reverse`](Self::reverse).
    pub fn losses(
        &self,
        denoiser: &dyn Denoiser,
        objective: &Objective,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        objective.check(self.variance())?;
        self.check_target()?;
        let x_t = self.q_sample(x_0, t, eps)?;
        let prediction = denoiser.predict(&x_t, &self.tables().levels(t)?, true);
        self.check_prediction(&prediction, x_0)?;
        let error = self.target_error(&prediction, x_0, t, eps)?;
        let bound = |error: &Tensor| {
            let log_variance = self.model_log_variance(&prediction, t, x_0)?;
            self.vlb_at(error, &log_variance, x_0, t, objective.likelihood)
        };
        let steps = self.steps() as f64;
        match objective.loss {
            Loss::Simple => self.weighted_simple(&error, objective.min_snr_gamma, t),
            Loss::Vlb => bound(&error),
            Loss::RescaledVlb => Ok(bound(&error)?.f_mul_scalar(steps)?),
            Loss::Hybrid => {
                let simple = self.weighted_simple(&error, objective.min_snr_gamma, t)?;
                let bound = bound(&error.f_detach()?)?;
                Ok(simple.f_add(&bound.f_mul_scalar(steps / 1000.0)?)?)
            }
        }
    }

    /// `L_simple`, the mean squared error of what the network predicts (Ho et al. 2020, equation 14),
    /// over all numbers of all rows; a scalar that can be differentiated.
    ///
    /// It is the mean of [`losses`](Self::losses) of the default objective up to rounding, in one
    /// fused operation.
    ///
    /// # Shapes
    /// As [`losses`](Self::losses).
    ///
    /// # Errors
    /// As [`q_sample`](Self::q_sample), [`ProcessError::Shape`] where the network answers with another
    /// shape, [`ProcessError::NoSignal`] for the target `ε` under a schedule without terminal signal.
    pub fn simple_loss(
        &self,
        denoiser: &dyn Denoiser,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        self.check_target()?;
        let x_t = self.q_sample(x_0, t, eps)?;
        let prediction = denoiser.predict(&x_t, &self.tables().levels(t)?, true);
        self.check_prediction(&prediction, x_0)?;
        let mean = prediction.mean.f_to_kind(x_0.kind())?;
        Ok(mean.f_mse_loss(&self.true_target(x_0, t, eps)?, Reduction::Mean)?)
    }

    /// [`simple_loss`](Self::simple_loss) of each of `r` replicas, with what their networks have drawn.
    ///
    /// # Shapes
    /// `x_0`: `[r, b, ..]`, `t`: `[r, b]` int64 in `0..T`, `eps`: like `x_0`, each of `drawn`: `[r, ..]` → `[r]`.
    ///
    /// # Errors
    /// As [`simple_loss`](Self::simple_loss).
    pub fn simple_losses(
        &self,
        denoiser: &dyn StackedDenoiser,
        x_0: &Tensor,
        t: &Tensor,
        eps: &Tensor,
        drawn: &[Tensor],
    ) -> Result<Tensor, ProcessError> {
        self.check_target()?;
        same_shape("t", t, &x_0.size()[..x_0.dim().min(2)])?;
        let rows = |x: &Tensor| x.f_flatten(0, 1);
        let (flat, steps, noise) = (rows(x_0)?, rows(t)?, rows(eps)?);
        let x_t = self.q_sample(&flat, &steps, &noise)?.f_view_as(x_0)?;
        let levels = self.tables().levels(&steps)?.f_view_as(t)?;
        let prediction = denoiser.predict_with(&x_t, &levels, drawn);
        self.check_prediction(&prediction, x_0)?;
        let target = self.true_target(&flat, &steps, &noise)?.f_view_as(x_0)?;
        let squares = prediction.mean.f_mse_loss(&target, Reduction::None)?; // [r, b, ..]
        Ok(squares
            .f_flatten(1, -1)?
            .f_mean_dim(1, false, Kind::Float)?)
    }

    /// The mean square of each row's error, weighed by Min-SNR where `gamma` is given.
    fn weighted_simple(
        &self,
        error: &Tensor,
        gamma: Option<f64>,
        t: &Tensor,
    ) -> Result<Tensor, ProcessError> {
        let mse = row_mean(&error.f_square()?)?;
        let Some(gamma) = gamma else {
            return Ok(mse);
        };
        let snr = per_row(&self.tables().snr, t, &mse)?;
        let capped = snr.f_clamp_max(gamma)?;
        let weight = match self.target() {
            Target::Epsilon => capped.f_div(&snr)?,
            Target::X0 => capped,
            Target::V => capped.f_div(&snr.f_add_scalar(1.0)?)?,
        };
        Ok(mse.f_mul(&weight)?)
    }
}
