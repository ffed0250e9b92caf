use tch::{Kind, Tensor};

use crate::process::same_shape;
use crate::{Denoiser, LogVariance, Prediction, Process, ProcessError, Target, Variance};

/// The network's answer for `x_t` at one step that all rows share: `p(x_{t−1} | x_t)`.
///
/// Made by [`Process::reverse`], which costs the one network evaluation; each method then computes
/// what it returns and nothing else.
#[derive(Debug)]
pub struct Reverse<'a> {
    process: &'a Process,
    x_t: &'a Tensor,
    t: usize,
    prediction: Prediction,
}

impl Process {
    /// Asks the network once, with `train = false`, about `x_t` at the step `t`. Under a respaced
    /// schedule the network is given the original step.
    ///
    /// # Shapes
    /// `x_t`: `[b, ..]` float.
    ///
    /// # Errors
    /// [`ProcessError::Step`] for a step outside the schedule, [`ProcessError::Shape`] where the
    /// network answers with another shape, [`ProcessError::NoVariance`] where it should learn the
    /// variance and does not, [`ProcessError::NoSignal`] for the target `ε` under a schedule whose
    /// last step leaves no signal.
    pub fn reverse<'a>(
        &'a self,
        denoiser: &dyn Denoiser,
        x_t: &'a Tensor,
        t: usize,
    ) -> Result<Reverse<'a>, ProcessError> {
        self.check_target()?;
        self.check_step(t)?;
        let original = self.schedule().original_steps()[t];
        let level = Tensor::f_full([1], original as f64, (Kind::Float, x_t.device()))?;
        let prediction = denoiser.predict(x_t, &level, false);
        self.check_prediction(&prediction, x_t)?;
        Ok(Reverse {
            process: self,
            x_t,
            t,
            prediction,
        })
    }

    /// Whether a prediction is shaped like `x` and brings the variance that is to be learned.
    pub(crate) fn check_prediction(
        &self,
        prediction: &Prediction,
        x: &Tensor,
    ) -> Result<(), ProcessError> {
        same_shape("the prediction", &prediction.mean, &x.size())?;
        match (self.variance(), &prediction.variance) {
            (Variance::LearnedRange, None) => Err(ProcessError::NoVariance),
            (Variance::LearnedRange, Some(v)) => same_shape("the predicted variance", v, &x.size()),
            (Variance::FixedSmall | Variance::FixedLarge, _) => Ok(()),
        }
    }
}

impl Reverse<'_> {
    /// What the network predicted.
    pub(crate) fn prediction(&self) -> &Prediction {
        &self.prediction
    }

    /// The predicted `x_0`, shaped like `x_t`.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where libtorch has no memory.
    pub fn x_0(&self) -> Result<Tensor, ProcessError> {
        let (x_t, t, mean) = (self.x_t, self.t, &self.prediction.mean);
        match self.process.target() {
            Target::Epsilon => self.process.x_0_from_eps(x_t, mean, t),
            Target::X0 => Ok(mean.shallow_clone()),
            Target::V => self.process.x_0_from_v(x_t, mean, t),
        }
    }

    /// The predicted noise `ε`, shaped like `x_t`.
    ///
    /// # Errors
    /// As [`x_0`](Self::x_0).
    pub fn eps(&self) -> Result<Tensor, ProcessError> {
        let (x_t, t, mean) = (self.x_t, self.t, &self.prediction.mean);
        match self.process.target() {
            Target::Epsilon => Ok(mean.shallow_clone()),
            Target::X0 => self.process.eps_from_x_0(x_t, mean, t),
            Target::V => self.process.eps_from_v(x_t, mean, t),
        }
    }

    /// The mean of `p(x_{t−1} | x_t)`, shaped like `x_t`.
    ///
    /// From `ε` it is taken directly ([`Process::mean_from_eps`]), without the cancellation in `x_0`
    /// at large `t`; else it is the posterior mean of the predicted `x_0`.
    ///
    /// # Errors
    /// As [`x_0`](Self::x_0).
    pub fn mean(&self) -> Result<Tensor, ProcessError> {
        match self.process.target() {
            Target::Epsilon => self
                .process
                .mean_from_eps(self.x_t, &self.prediction.mean, self.t),
            Target::X0 | Target::V => self.process.posterior_mean(&self.x_0()?, self.x_t, self.t),
        }
    }

    /// `ln σ²` of `p(x_{t−1} | x_t)` in nats.
    ///
    /// At `t = 0`, where a sampler adds no noise and `β̃_0 = 0`, it is the variance under which
    /// likelihoods are computed, see [`Variance`].
    ///
    /// # Errors
    /// As [`x_0`](Self::x_0).
    pub fn log_variance(&self) -> Result<LogVariance, ProcessError> {
        let schedule = self.process.schedule();
        let small = schedule.posterior_log_variances_clipped()[self.t];
        match self.process.variance() {
            Variance::FixedSmall => Ok(LogVariance::Shared(small)),
            Variance::FixedLarge => Ok(LogVariance::Shared(schedule.log_betas_clipped()[self.t])),
            Variance::LearnedRange => {
                let v = self.prediction.variance.as_ref();
                let v = v.ok_or(ProcessError::NoVariance)?;
                let large = schedule.betas()[self.t].ln();
                let half_width = 0.5 * (large - small);
                let middle = 0.5 * (large + small);
                let each = v.f_mul_scalar(half_width)?.f_add_scalar(middle)?;
                Ok(LogVariance::Each(each))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::Schedule;

    /// Answers `v` of the point it was made for, in the form asked for.
    #[derive(Debug)]
    struct Oracle {
        mean: Tensor,
        variance: Option<f64>,
    }

    impl Denoiser for Oracle {
        fn predict(&self, _x_t: &Tensor, _t: &Tensor, _train: bool) -> Prediction {
            let mean = self.mean.shallow_clone();
            match self.variance {
                None => Prediction::new(mean),
                Some(v) => {
                    let v = mean.full_like(v);
                    Prediction::with_variance(mean, v)
                }
            }
        }
    }

    fn process() -> Process {
        Process::new(Schedule::linear(40, 1e-3, 0.2).unwrap(), Device::Cpu).unwrap()
    }

    fn gap(a: &Tensor, b: &Tensor) -> f64 {
        (a - b).abs().max().double_value(&[])
    }

    #[test]
    fn every_target_tells_the_same_point() {
        let x_0 = Tensor::from_slice(&[0.3f32, -1.5, 2.0, 0.7, 0.1, -0.2]).view([2, 3]);
        let eps = Tensor::from_slice(&[1.1f32, 0.4, -0.9, -2.0, 0.0, 0.5]).view([2, 3]);
        for t in [0, 17, 39] {
            let rows = Tensor::from_slice(&[t as i64; 2]);
            let x_t = process().q_sample(&x_0, &rows, &eps).unwrap();
            let posterior = process().posterior_mean(&x_0, &x_t, t).unwrap();
            let alpha_bar = process().schedule().alpha_bars()[t];
            let v = &eps * alpha_bar.sqrt() - &x_0 * (1.0 - alpha_bar).sqrt();
            for (target, mean) in [(Target::Epsilon, &eps), (Target::X0, &x_0), (Target::V, &v)] {
                let process = process().with_target(target);
                let oracle = Oracle {
                    mean: mean.shallow_clone(),
                    variance: None,
                };
                let reverse = process.reverse(&oracle, &x_t, t).unwrap();
                // f32; at t = 0 ε is a difference that is divided by √(1−ᾱ) = 0.03.
                assert!(gap(&reverse.x_0().unwrap(), &x_0) < 1e-5, "{target:?} {t}");
                assert!(gap(&reverse.eps().unwrap(), &eps) < 3e-5, "{target:?} {t}");
                assert!(
                    gap(&reverse.mean().unwrap(), &posterior) < 1e-5,
                    "{target:?} {t}"
                );
            }
        }
    }

    #[test]
    fn the_learned_variance_runs_between_the_fixed_ones() {
        let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let shared = |variance, t| {
            let process = process().with_variance(variance);
            let oracle = Oracle {
                mean: x.shallow_clone(),
                variance: None,
            };
            match process.reverse(&oracle, &x, t).unwrap().log_variance() {
                Ok(LogVariance::Shared(value)) => value,
                other => panic!("{other:?}"),
            }
        };
        let learned = |v, t| {
            let process = process().with_variance(Variance::LearnedRange);
            let oracle = Oracle {
                mean: x.shallow_clone(),
                variance: Some(v),
            };
            match process.reverse(&oracle, &x, t).unwrap().log_variance() {
                Ok(LogVariance::Each(values)) => values.double_value(&[1, 2]),
                other => panic!("{other:?}"),
            }
        };
        for t in [1, 20, 39] {
            assert!((learned(-1.0, t) - shared(Variance::FixedSmall, t)).abs() < 1e-6);
            assert!((learned(1.0, t) - shared(Variance::FixedLarge, t)).abs() < 1e-6);
        }
        // At t = 0 both fixed ones are β̃_1; the range reaches up to β_0.
        let at_1 = process().schedule().posterior_variances()[1].ln();
        assert_eq!(shared(Variance::FixedSmall, 0), at_1);
        assert_eq!(shared(Variance::FixedLarge, 0), at_1);
        assert!((learned(1.0, 0) - 1e-3f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn a_network_without_the_variance_is_an_error() {
        let x = Tensor::zeros([2, 3], (Kind::Float, Device::Cpu));
        let process = process().with_variance(Variance::LearnedRange);
        let oracle = Oracle {
            mean: x.shallow_clone(),
            variance: None,
        };
        assert!(matches!(
            process.reverse(&oracle, &x, 3),
            Err(ProcessError::NoVariance)
        ));
    }
}
