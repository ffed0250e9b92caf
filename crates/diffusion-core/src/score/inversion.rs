use std::f64::consts::{LN_2, PI};

use tch::{Kind, Tensor};

use super::ScoreConfig;
use crate::row_noise::Streams;
use crate::{Denoiser, Process, ProcessError, even_steps};

/// The finite difference's step along a probe, in units of the data's spread. Networks with ReLU
/// are linear in pieces: a short step seldom leaves its piece, and f32 still resolves it, the error
/// of a trace over `d` numbers being about `√d·1e-7/PROBE`.
const PROBE: f64 = 1e-3;

/// [`ScoreRule::Inversion`](super::ScoreRule::Inversion).
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

impl super::Rule for Rule<'_> {
    fn score(
        &self,
        denoiser: &dyn Denoiser,
        x: &Tensor,
        noise: &mut Streams<'_>,
    ) -> Result<Tensor, ProcessError> {
        let process = &self.process;
        let d = (x.numel() / (x.size()[0].max(1) as usize)) as f64;
        let probes = (0..self.config.draws)
            .map(|_| Ok(noise.draw()?.f_sign()?))
            .collect::<Result<Vec<Tensor>, ProcessError>>()?;
        let mut x_t = x.shallow_clone();
        let mut volume = Tensor::f_zeros([x.size()[0]], (Kind::Double, x.device()))?; // ln, [b]
        for t in 0..process.steps() {
            let eps = process.reverse(denoiser, &x_t, t)?.eps()?;
            let (c, k) = process.inversion_factors(t);
            // ln|det(c + k·∂ε/∂x)| = d·ln c + k/c·tr ∂ε/∂x + O(k²)
            if c == 0.0 && !probes.is_empty() {
                return Err(ProcessError::NoSignal { step: t });
            }
            for probe in &probes {
                let trace = self.curvature(denoiser, &x_t, &eps, probe, t)?;
                let step = trace.f_mul_scalar(k / c)?.f_add_scalar(d * c.ln())?;
                volume = volume.f_add(&step.f_div_scalar(probes.len() as f64)?)?;
            }
            x_t = process.inversion_step(&x_t, &eps, t)?;
        }
        let squares = x_t.f_to_kind(Kind::Double)?.f_square()?.f_flatten(1, -1)?;
        let distance = squares.f_sum_dim_intlist(1, false, Kind::Double)?;
        let nats = distance
            .f_mul_scalar(0.5)?
            .f_add_scalar(0.5 * d * (2.0 * PI).ln())?
            .f_sub(&volume)?;
        Ok(nats.f_div_scalar(d * LN_2)?)
    }
}
