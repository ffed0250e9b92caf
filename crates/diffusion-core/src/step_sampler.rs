use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::ProcessError;

/// Losses remembered for each step.
const HISTORY: usize = 10;
/// Share of uniform draws among those by importance.
const UNIFORM: f64 = 0.001;

/// How training draws its diffusion steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepSampling {
    /// Every step as often as any other.
    #[default]
    Uniform,
    /// A step the more often the larger its recent losses.
    ///
    /// Each is weighed by the inverse of its probability, for less noise in the gradient of the variational
    /// bound (Nichol & Dhariwal 2021, arXiv:2102.09672, section 3.3).
    ///
    /// # Formula
    /// `p_t ∝ √(E[L_t²])` over a step's last 10 losses, mixed with 0.1 % of uniform draws; uniform
    /// until every step has 10.
    LossSecondMoment,
}

/// Draws the diffusion steps of a batch.
#[derive(Debug)]
pub struct StepSampler {
    steps: usize,
    /// The latest losses of each step, oldest first; absent when drawing uniformly.
    history: Option<Vec<Vec<f64>>>,
}

impl StepSampler {
    /// A sampler of steps in `0..steps`, without history.
    ///
    /// # Errors
    /// [`ProcessError::Step`] without steps.
    pub fn new(sampling: StepSampling, steps: usize) -> Result<Self, ProcessError> {
        if steps == 0 {
            return Err(ProcessError::Step { step: 0, steps });
        }
        let history = match sampling {
            StepSampling::Uniform => None,
            StepSampling::LossSecondMoment => Some(vec![Vec::new(); steps]),
        };
        Ok(Self { steps, history })
    }

    /// `n` steps, int64, and what to multiply their losses with, f32: nothing where all steps are
    /// equally likely. Drawn from libtorch's generator of `device`.
    ///
    /// # Shapes
    /// `[n]` and `[n]`.
    ///
    /// # Errors
    /// [`ProcessError::Torch`] where libtorch has no memory.
    pub fn sample(&self, n: i64, device: Device) -> Result<(Tensor, Option<Tensor>), ProcessError> {
        let Some(p) = self.probabilities() else {
            let t = Tensor::f_randint(self.steps as i64, [n], (Kind::Int64, device))?;
            return Ok((t, None));
        };
        let weights: Vec<f64> = p.iter().map(|p| 1.0 / (p * self.steps as f64)).collect();
        let on_device = |values: &[f64]| -> Result<Tensor, ProcessError> {
            Ok(Tensor::f_from_slice(values)?
                .f_to_kind(Kind::Float)?
                .f_to_device(device)?)
        };
        let t = on_device(&p)?.f_multinomial(n, true)?;
        let weights = on_device(&weights)?.f_index_select(0, &t)?;
        Ok((t, Some(weights)))
    }

    /// Remembers the losses of a batch, before they are weighed. A uniform sampler does not look.
    ///
    /// # Shapes
    /// `t`: `[n]` int64, `losses`: `[n]`.
    ///
    /// # Errors
    /// [`ProcessError::History`] for a loss that is not finite, [`ProcessError::Shape`] where the
    /// numbers differ, [`ProcessError::Step`] for a step outside the schedule.
    pub fn update(&mut self, t: &Tensor, losses: &Tensor) -> Result<(), ProcessError> {
        let Some(history) = &mut self.history else {
            return Ok(());
        };
        crate::process::same_shape("losses", losses, &t.size())?;
        let t = Vec::<i64>::try_from(t.f_to_device(Device::Cpu)?)?;
        let losses = losses
            .f_detach()?
            .f_to_kind(Kind::Double)?
            .f_to_device(Device::Cpu)?;
        for (t, loss) in t.into_iter().zip(Vec::<f64>::try_from(losses)?) {
            check_finite(loss)?;
            let step = usize::try_from(t).unwrap_or(usize::MAX);
            let steps = self.steps;
            let latest = history
                .get_mut(step)
                .ok_or(ProcessError::Step { step, steps })?;
            if latest.len() == HISTORY {
                latest.remove(0);
            }
            latest.push(loss);
        }
        Ok(())
    }

    /// What a checkpoint has to keep: the latest losses of each step, oldest first; empty for a
    /// uniform sampler.
    pub fn state(&self) -> &[Vec<f64>] {
        self.history.as_deref().unwrap_or_default()
    }

    /// Continues from the [`state`](Self::state) of a sampler made alike.
    ///
    /// # Errors
    /// [`ProcessError::History`] for the state of another kind of sampler or another number of steps.
    pub fn restore(&mut self, state: Vec<Vec<f64>>) -> Result<(), ProcessError> {
        let expected = self.state().len();
        if state.len() != expected {
            return Err(ProcessError::History {
                found: format!("the losses of {} steps", state.len()),
                expected: format!("those of {expected}"),
            });
        }
        for latest in &state {
            latest.iter().copied().try_for_each(check_finite)?;
            if latest.len() > HISTORY {
                return Err(ProcessError::History {
                    found: format!("{} losses of a step", latest.len()),
                    expected: format!("at most {HISTORY}"),
                });
            }
        }
        if let Some(history) = &mut self.history {
            *history = state;
        }
        Ok(())
    }

    /// The probability of each step, absent where all are the same.
    fn probabilities(&self) -> Option<Vec<f64>> {
        let history = self.history.as_ref()?;
        if history.iter().any(|latest| latest.len() < HISTORY) {
            return None;
        }
        let moment = |latest: &Vec<f64>| {
            let squares: f64 = latest.iter().map(|loss| loss * loss).sum();
            (squares / HISTORY as f64).sqrt()
        };
        let moments: Vec<f64> = history.iter().map(moment).collect();
        let sum: f64 = moments.iter().sum();
        if sum == 0.0 {
            return None; // nothing left to learn anywhere
        }
        let uniform = UNIFORM / self.steps as f64;
        let p = moments.iter().map(|m| m / sum * (1.0 - UNIFORM) + uniform);
        Some(p.collect())
    }
}

fn check_finite(loss: f64) -> Result<(), ProcessError> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(ProcessError::History {
        found: format!("a loss of {loss}"),
        expected: "finite losses".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives step `t` the losses `10·(t+1), …, ` so that only the last ten count.
    fn warm(steps: usize) -> StepSampler {
        let mut sampler = StepSampler::new(StepSampling::LossSecondMoment, steps).unwrap();
        let t: Vec<i64> = (0..steps as i64).collect();
        for round in 0..HISTORY + 1 {
            let size = if round == 0 { 1e6 } else { 1.0 };
            let losses: Vec<f64> = t.iter().map(|&t| size * (t + 1) as f64).collect();
            let (t, losses) = (Tensor::from_slice(&t), Tensor::from_slice(&losses));
            assert!(sampler.probabilities().is_none() || round == HISTORY);
            sampler.update(&t, &losses).unwrap();
        }
        sampler
    }

    #[test]
    fn probabilities_follow_the_root_of_the_second_moment() {
        // Losses 1, 2, 3 in all remembered rounds: p = 0.999·(1, 2, 3)/6 + 0.001/3; the first
        // round's huge losses are forgotten.
        let p = warm(3).probabilities().unwrap();
        for (t, p) in p.iter().enumerate() {
            let expected = 0.999 * (t + 1) as f64 / 6.0 + 0.001 / 3.0;
            assert!((p - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn the_weighted_mean_is_unbiased() {
        tch::manual_seed(3);
        let (t, weights) = warm(3).sample(200_000, Device::Cpu).unwrap();
        // The mean of f(t) = t² over uniform steps is 5/3; the sampling error is 0.003.
        let f = t.square() * weights.unwrap();
        assert!((f.mean(Kind::Double).double_value(&[]) - 5.0 / 3.0).abs() < 0.012);
    }

    #[test]
    fn without_history_it_draws_as_a_uniform_one() {
        for sampling in [StepSampling::Uniform, StepSampling::LossSecondMoment] {
            tch::manual_seed(3);
            let sampler = StepSampler::new(sampling, 50).unwrap();
            let (t, weights) = sampler.sample(1000, Device::Cpu).unwrap();
            tch::manual_seed(3);
            assert_eq!(t, Tensor::randint(50, [1000], (Kind::Int64, Device::Cpu)));
            assert!(weights.is_none());
        }
    }

    #[test]
    fn a_restored_sampler_continues() {
        let sampler = warm(4);
        let text = serde_json::to_string(sampler.state()).unwrap();
        let mut other = StepSampler::new(StepSampling::LossSecondMoment, 4).unwrap();
        other.restore(serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(other.probabilities(), sampler.probabilities());
        for (state, message) in [
            (
                vec![vec![]; 3],
                "step sampler: the losses of 3 steps, expected those of 4",
            ),
            (
                vec![vec![1.0; 11]; 4],
                "step sampler: 11 losses of a step, expected at most 10",
            ),
            (
                vec![vec![f64::NAN]; 4],
                "step sampler: a loss of NaN, expected finite losses",
            ),
        ] {
            assert_eq!(other.restore(state).unwrap_err().to_string(), message);
        }
        let mut uniform = StepSampler::new(StepSampling::Uniform, 4).unwrap();
        assert!(uniform.state().is_empty());
        assert!(uniform.restore(sampler.state().to_vec()).is_err());
        uniform.restore(Vec::new()).unwrap();
    }

    #[test]
    fn misuse_is_an_error() {
        assert!(StepSampler::new(StepSampling::Uniform, 0).is_err());
        let mut sampler = StepSampler::new(StepSampling::LossSecondMoment, 4).unwrap();
        let one = Tensor::from_slice(&[1.0f32]);
        for t in [-1i64, 4] {
            assert!(matches!(
                sampler.update(&Tensor::from_slice(&[t]), &one),
                Err(ProcessError::Step { steps: 4, .. })
            ));
        }
        assert!(matches!(
            sampler.update(&Tensor::from_slice(&[1i64, 2]), &one),
            Err(ProcessError::Shape { .. })
        ));
        assert!(matches!(
            sampler.update(&Tensor::from_slice(&[1i64]), &(one * f64::NAN)),
            Err(ProcessError::History { .. })
        ));
    }
}
