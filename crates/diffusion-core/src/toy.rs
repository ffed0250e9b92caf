//! Denoisers that tests know by heart.

use std::cell::Cell;

use tch::{Kind, Tensor};

use crate::{Denoiser, Prediction, Schedule};

/// Smooth, nonlinear, and it depends on the step.
#[derive(Debug)]
pub(crate) struct Wave;

impl Denoiser for Wave {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let mut shape = vec![1; x_t.dim()];
        shape[0] = -1;
        let phase = x_t * 1.7 + t.view(shape.as_slice()) * 0.01;
        Prediction::new(phase.sin())
    }
}

/// Counts how often it is asked about the whole block.
#[derive(Debug, Default)]
pub(crate) struct Counting(pub(crate) Cell<u64>);

impl Denoiser for Counting {
    fn predict(&self, x_t: &Tensor, t: &Tensor, train: bool) -> Prediction {
        self.0.set(self.0.get() + 1);
        Wave.predict(x_t, t, train)
    }
}

/// Data `x_0 ~ N(mean, sd²)` in every number, for which the best denoiser is known:
/// `E[ε | x_t] = √(1−ᾱ)·(x_t − √ᾱ·mean)/(ᾱ·sd² + 1 − ᾱ)`.
#[derive(Debug)]
pub(crate) struct Gaussian {
    mean: f64,
    sd: f64,
    alpha_bars: Tensor, // [T]
}

impl Gaussian {
    pub(crate) fn new(mean: f64, sd: f64, schedule: &Schedule) -> Self {
        Self {
            mean,
            sd,
            alpha_bars: Tensor::from_slice(schedule.alpha_bars()),
        }
    }
}

impl Denoiser for Gaussian {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let mut shape = vec![1; x_t.dim()];
        shape[0] = -1;
        let bars = self.alpha_bars.index_select(0, &t.to_kind(Kind::Int64));
        let bars = bars.view(shape.as_slice());
        let noise: Tensor = 1.0 - &bars;
        let factor = noise.sqrt() / (&bars * self.sd.powi(2) + &noise);
        let eps = (x_t - bars.sqrt() * self.mean) * factor;
        Prediction::new(eps.to_kind(Kind::Float))
    }
}
