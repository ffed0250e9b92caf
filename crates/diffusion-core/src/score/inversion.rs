use std::f64::consts::{LN_2, PI};

use tch::{Kind, Tensor};

use super::config::ScoreConfig;
use super::mean::Mean;
use super::over::Over;
use super::rule;
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError, even_steps};

/// The finite difference's step along a probe, in units of the data's spread. Its rounding, which
/// differs between a row alone and in a batch, is divided by the step: the error of a trace over `d`
/// numbers is about `√d·1e-7/PROBE`. What a long step costs is small: a term that is odd in the probe
/// has the mean 0 over its random signs, which leaves a bias of second order.
const PROBE: f64 = 0.0078125; // a power of two divides exactly

/// [`ScoreRule::Inversion`](crate::ScoreRule::Inversion).
pub(super) struct Rule<'a> {
    config: &'a ScoreConfig,
    process: Process,
}

impl<'a> Rule<'a> {
    pub(super) fn new(config: &'a ScoreConfig, process: &Process) -> Result<Self, ProcessError> {
        let kept = even_steps(process.steps(), config.evaluations);
        Ok(Self {
            config,
            process: process.respaced(&kept)?,
        })
    }

    /// `v·∂ε/∂x·v` for a probe `v` of random signs, whose expectation is the trace of `∂ε/∂x`
    /// (Hutchinson 1990): `[b]`, f64.
    fn curvature(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        eps: &Tensor,
        probe: &Tensor,
        t: usize,
    ) -> Result<Tensor, ProcessError> {
        let aside = x.f_add(&probe.f_mul_scalar(PROBE)?)?;
        let moved = self.process.reverse(denoiser, &aside, t)?.eps()?;
        let slope = moved.f_sub(eps)?.f_mul(probe)?.f_to_kind(Kind::Double)?;
        Ok(slope
            .f_flatten(1, -1)?
            .f_sum_dim_intlist(1, false, Kind::Double)?
            .f_div_scalar(PROBE)?)
    }
}

impl rule::Rule for Rule<'_> {
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
        over: Over,
    ) -> Result<Tensor, ProcessError> {
        let process = &self.process;
        let d = (x.numel() / (x.size()[0].max(1) as usize)) as f64;
        let draws = match over {
            Over::Numbers => self.config.draws,
            Over::Channels => 0, // a volume belongs to the whole image
        };
        let probes = (0..draws)
            .map(|_| Ok(noise.draw()?.f_sign()?))
            .collect::<Result<Vec<Tensor>, ProcessError>>()?;
        let mut x_t = x.shallow_clone();
        let mut volume = Tensor::f_zeros([x.size()[0]], (Kind::Double, x.device()))?; // ln, [b]
        let mut least = volume.f_add_scalar(f64::INFINITY)?; // stretch along the walk, [b]
        for t in 0..process.steps() {
            let eps = process.reverse(denoiser, &x_t, t)?.eps()?;
            let (c, k) = process.inversion_factors(t);
            if !probes.is_empty() {
                let mut traces = Mean::default();
                for probe in &probes {
                    traces.add(self.curvature(denoiser, &x_t, &eps, probe, t)?)?;
                }
                // ln det(c + k·J) = d·ln(c + k·tr J/d) + O(k²), exact where J is a multiple of 1.
                // The plain first order, d·ln c + k/c·tr J, fails in the last steps of a cosine
                // schedule, where c is near 0.
                let stretch = traces.finish(x)?.f_mul_scalar(k / d)?.f_add_scalar(c)?;
                least = least.f_minimum(&stretch)?;
                volume = volume.f_add(&stretch.f_log()?.f_mul_scalar(d)?)?;
            }
            x_t = process.inversion_step(&x_t, &eps, t)?;
        }
        // NaN, which a network makes of extreme rows, is another matter and stays in the score.
        let least = Vec::<f64>::try_from(least)?;
        if let Some(stretch) = least.into_iter().find(|stretch| *stretch <= 0.0) {
            return Err(ProcessError::Volume { stretch });
        }
        let squares = x_t.f_to_kind(Kind::Double)?.f_square()?;
        if over == Over::Channels {
            let nats = over.mean(&squares)?.f_mul_scalar(0.5)?;
            let nats = nats.f_add_scalar(0.5 * (2.0 * PI).ln())?;
            return Ok(nats.f_div_scalar(LN_2)?);
        }
        let distance = over.sum(&squares)?;
        let nats = distance
            .f_mul_scalar(0.5)?
            .f_add_scalar(0.5 * d * (2.0 * PI).ln())?
            .f_sub(&volume)?;
        Ok(nats.f_div_scalar(d * LN_2)?)
    }
}
