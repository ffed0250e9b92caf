use crate::{Schedule, ScheduleError};

impl Schedule {
    /// This schedule rescaled so that nothing of the signal is left after the last step, as a sampler
    /// that starts from pure noise assumes (Lin et al. 2023, arXiv:2305.08891, algorithm 1).
    ///
    /// # Formula
    /// `√ᾱ'_t = (√ᾱ_t − √ᾱ_{T−1})·√ᾱ_0/(√ᾱ_0 − √ᾱ_{T−1})`: the first step stays as it is, the last
    /// has `ᾱ = 0`, `β = 1`. [`Schedule`] describes what the tables then mean.
    ///
    /// # Errors
    /// [`ScheduleError::TooFewSteps`] for a schedule of one step.
    pub fn zero_terminal_snr(&self) -> Result<Self, ScheduleError> {
        let steps = self.steps();
        if steps < 2 {
            return Err(ScheduleError::TooFewSteps { steps });
        }
        let (first, last) = (self.sqrt_alpha_bars[0], self.sqrt_alpha_bars[steps - 1]);
        let scale = first / (first - last);
        let bars: Vec<f64> = self
            .sqrt_alpha_bars
            .iter()
            .map(|root| ((root - last) * scale).powi(2))
            .collect();
        let previous = std::iter::once(1.0).chain(bars.iter().copied());
        let betas = bars
            .iter()
            .zip(previous)
            .map(|(bar, prev)| 1.0 - bar / prev);
        Self::from_betas_of(betas.collect(), self.original_steps.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_step_is_without_signal() {
        let before = Schedule::scaled_linear(1000, 0.00085, 0.012).unwrap();
        let after = before.zero_terminal_snr().unwrap();
        assert_eq!(after.alpha_bars()[999], 0.0);
        assert_eq!(after.snr()[999], 0.0);
        assert_eq!(after.betas()[999], 1.0);
        assert!(after.alpha_bars()[998] > 0.0);
        assert!((after.alpha_bars()[0] - before.alpha_bars()[0]).abs() < 1e-15);
        assert_eq!(after.sqrt_recip_alpha_bars()[999], f64::INFINITY);
        assert_eq!(after.posterior_mean_x_t()[999], 0.0);
        assert_eq!(
            after.posterior_mean_x_0()[999],
            after.sqrt_alpha_bars()[998]
        );
    }

    #[test]
    fn twice_is_once() {
        let once = Schedule::cosine(50).unwrap().zero_terminal_snr().unwrap();
        let twice = once.zero_terminal_snr().unwrap();
        for (a, b) in once.alpha_bars().iter().zip(twice.alpha_bars()) {
            assert!((a - b).abs() < 1e-14);
        }
    }

    #[test]
    fn one_step_cannot_be_rescaled() {
        let schedule = Schedule::linear(1, 0.3, 0.3).unwrap();
        assert_eq!(
            schedule.zero_terminal_snr(),
            Err(ScheduleError::TooFewSteps { steps: 1 })
        );
    }
}
