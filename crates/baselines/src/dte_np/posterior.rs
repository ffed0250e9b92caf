use detector::{State, StateError};
use ndarray::Ix1;
use schedules::Schedule;

/// The posterior over the diffusion time of a row that lies at a given squared distance from clean
/// data, under variance-only noise `x_t = x + σ_t·ε` (Livernoche et al., arXiv:2305.18593, section 3).
///
/// # Formula
/// `p(t | x) ∝ (σ_t²)^(−d/2)·exp(−dist²/(2σ_t²))`, `σ_t² = 1 − ᾱ_t`: the density of an inverse gamma
/// distribution of shape `a = d/2 − 1` and scale `b = dist²/2`, taken at the `T` noise levels and
/// normalised over them. As a continuous density it needs `d > 2`; over finitely many noise levels,
/// which is all that is ever used, it is proper for every `d ≥ 1` and every distance, 0 included.
///
/// # Indices
/// `t` runs from 0, the least noisy step, to `T − 1`.
///
/// ```
/// use baselines::TimePosterior;
/// use schedules::Schedule;
///
/// let schedule = Schedule::linear(300, 1e-4, 0.01)?;
/// let posterior = TimePosterior::new(&schedule, 512);
/// assert_eq!(posterior.mode(0.0), 0); // a copy of a clean row
/// // The mode lies where σ_t² is nearest to dist²/d, as for a row with noise of that variance.
/// let t = posterior.mode(512.0 * 0.25);
/// assert!((1.0 - schedule.alpha_bars()[t] - 0.25).abs() < 0.002);
/// assert!((posterior.mean(512.0 * 0.25) - t as f64).abs() < 2.0);
/// # Ok::<(), schedules::ScheduleError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TimePosterior {
    /// `−(d/2)·ln σ_t²`.
    log_norms: Vec<f64>,
    /// `1/(2σ_t²)`.
    half_precisions: Vec<f64>,
}

impl TimePosterior {
    /// The posterior for rows of `d` numbers under the noise levels of `schedule`.
    pub fn new(schedule: &Schedule, d: usize) -> Self {
        let variances = schedule
            .alpha_bars()
            .iter()
            .map(|alpha_bar| 1.0 - alpha_bar);
        let log_norm = |variance: f64| -0.5 * d as f64 * variance.ln();
        Self {
            log_norms: variances.clone().map(log_norm).collect(),
            half_precisions: variances.map(|variance| 0.5 / variance).collect(),
        }
    }

    /// The posterior that `state` has from [`store`](Self::store).
    pub(super) fn restore(state: &State) -> Result<Self, StateError> {
        let steps = state.list::<f64>("log-norms")?.len();
        if steps == 0 {
            return Err(state.wrong("log-norms", "no steps"));
        }
        let half_precisions = state.finite::<f64, Ix1>("half-precisions", steps)?;
        if half_precisions.iter().any(|v| *v <= 0.0) {
            return Err(state.wrong("half-precisions", "not all of them are above 0"));
        }
        Ok(Self {
            log_norms: state.finite::<f64, Ix1>("log-norms", steps)?.to_vec(),
            half_precisions: half_precisions.to_vec(),
        })
    }

    /// `state` with the posterior.
    pub(super) fn store(&self, state: State) -> State {
        state
            .with_list("log-norms", &self.log_norms)
            .with_list("half-precisions", &self.half_precisions)
    }

    /// `p(t | x)` for all `t`.
    pub fn probabilities(&self, squared_distance: f64) -> Vec<f64> {
        let mut p: Vec<f64> = self.log_weights(squared_distance).collect();
        let largest = p.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        p.iter_mut().for_each(|v| *v = (*v - largest).exp());
        let sum: f64 = p.iter().sum();
        p.iter_mut().for_each(|v| *v /= sum);
        p
    }

    /// The most probable `t`; the first of several.
    pub fn mode(&self, squared_distance: f64) -> usize {
        let mut best = (0, f64::NEG_INFINITY);
        for (t, weight) in self.log_weights(squared_distance).enumerate() {
            if weight > best.1 {
                best = (t, weight);
            }
        }
        best.0
    }

    /// The mean of `t`, from 0 to `T − 1`.
    pub fn mean(&self, squared_distance: f64) -> f64 {
        let p = self.probabilities(squared_distance);
        p.iter().enumerate().map(|(t, p)| t as f64 * p).sum()
    }

    /// Up to a constant, `ln p(t | x)`.
    fn log_weights(&self, squared_distance: f64) -> impl Iterator<Item = f64> + '_ {
        let levels = self.log_norms.iter().zip(&self.half_precisions);
        levels.map(move |(log_norm, half)| log_norm - squared_distance * half)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn posterior(d: usize) -> TimePosterior {
        TimePosterior::new(&Schedule::linear(300, 1e-4, 0.01).unwrap(), d)
    }

    #[test]
    fn extreme_distances_lie_at_the_ends() {
        for d in [1, 2, 3, 512] {
            let posterior = posterior(d);
            assert_eq!(posterior.mode(0.0), 0);
            // The squared distance of the largest finite rows, a sum of d squares of 2·f32::MAX.
            let far = d as f64 * (2.0 * f64::from(f32::MAX)).powi(2);
            assert_eq!(posterior.mode(far), 299);
            assert_eq!(posterior.mean(far), 299.0);
        }
    }

    #[test]
    fn one_step_leaves_no_choice() {
        let posterior = TimePosterior::new(&Schedule::linear(1, 0.01, 0.01).unwrap(), 4);
        assert_eq!(posterior.probabilities(3.0), [1.0]);
        assert_eq!(posterior.mean(3.0), 0.0);
    }

    proptest! {
        #[test]
        fn farther_rows_are_later(d in 1usize..600, near in 0.0f64..700.0, more in 0.0f64..100.0) {
            let posterior = posterior(d);
            let far = near + more;
            prop_assert!(posterior.mode(far) >= posterior.mode(near));
            prop_assert!(posterior.mean(far) >= posterior.mean(near) - 1e-9); // f64 sums of 300
            let p = posterior.probabilities(near);
            prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            prop_assert!(p[posterior.mode(near)] >= p.iter().copied().fold(0.0, f64::max) - 1e-15);
        }
    }
}
