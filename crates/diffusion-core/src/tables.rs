use tch::{Device, Kind, Tensor};

use crate::{ProcessError, Schedule};

/// The tables that are gathered per row, `[T]` each, in f32 on the device; computed in f64.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) sqrt_alphas: Tensor,
    pub(crate) sqrt_betas: Tensor,
    pub(crate) sqrt_alpha_bars: Tensor,
    pub(crate) sqrt_one_minus_alpha_bars: Tensor,
    pub(crate) sqrt_recipm1_alpha_bars: Tensor,
    pub(crate) posterior_mean_x_0: Tensor,
    pub(crate) posterior_log_variances_clipped: Tensor,
    pub(crate) log_betas: Tensor,
    pub(crate) log_betas_clipped: Tensor,
    pub(crate) snr: Tensor,
    /// What the network is given; absent where it is the step itself.
    original_steps: Option<Tensor>,
}

impl Tables {
    pub(crate) fn new(schedule: &Schedule, device: Device) -> Result<Self, ProcessError> {
        let table = |values: &[f64]| -> Result<Tensor, ProcessError> {
            Ok(Tensor::f_from_slice(values)?
                .f_to_kind(Kind::Float)?
                .f_to_device(device)?)
        };
        let of = |values: &[f64], f: fn(f64) -> f64| {
            table(&values.iter().copied().map(f).collect::<Vec<f64>>())
        };
        let original: Vec<f64> = schedule
            .original_steps()
            .iter()
            .map(|&t| t as f64)
            .collect();
        let respaced = !schedule
            .original_steps()
            .iter()
            .copied()
            .eq(0..schedule.steps());
        Ok(Self {
            sqrt_alphas: of(schedule.alphas(), f64::sqrt)?,
            sqrt_betas: of(schedule.betas(), f64::sqrt)?,
            sqrt_alpha_bars: table(schedule.sqrt_alpha_bars())?,
            sqrt_one_minus_alpha_bars: table(schedule.sqrt_one_minus_alpha_bars())?,
            sqrt_recipm1_alpha_bars: table(schedule.sqrt_recipm1_alpha_bars())?,
            posterior_mean_x_0: table(schedule.posterior_mean_x_0())?,
            posterior_log_variances_clipped: table(schedule.posterior_log_variances_clipped())?,
            log_betas: of(schedule.betas(), f64::ln)?,
            log_betas_clipped: table(schedule.log_betas_clipped())?,
            snr: table(schedule.snr())?,
            original_steps: if respaced {
                Some(table(&original)?)
            } else {
                None
            },
        })
    }

    /// The noise levels a network is given for the steps `t`, `[b]` int64 → `[b]` float.
    pub(crate) fn levels(&self, t: &Tensor) -> Result<Tensor, ProcessError> {
        match &self.original_steps {
            None => Ok(t.f_to_kind(Kind::Float)?),
            Some(steps) => Ok(steps.f_index_select(0, t)?),
        }
    }
}

/// `table[t]` as `[b, 1, ..]`, to be multiplied with `x`.
pub(crate) fn per_row(table: &Tensor, t: &Tensor, x: &Tensor) -> Result<Tensor, ProcessError> {
    let mut shape = vec![1i64; x.dim()];
    if let Some(first) = shape.first_mut() {
        *first = -1;
    }
    Ok(table.f_index_select(0, t)?.f_view(shape.as_slice())?)
}
