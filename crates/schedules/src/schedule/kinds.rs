use std::f64::consts::FRAC_PI_2;

use super::check_steps;
use crate::{Schedule, ScheduleError};

/// Offset `s` of the cosine schedule, which keeps its first steps from being noiseless.
const COSINE_OFFSET: f64 = 0.008;
/// Upper limit of β in the schedules that are defined by ᾱ, against a singular last step.
const MAX_BETA: f64 = 0.999;
/// The step count for which Ho et al. chose their β; others are scaled to it.
const HO_STEPS: f64 = 1000.0;

impl Schedule {
    /// β equally spaced from `first` to `last`, both included.
    ///
    /// # Formula
    /// `β_t = first + (last − first)·t/(T−1)`; a single step has `β_0 = first`.
    ///
    /// DTE's networks use `linear(T, 1e-4, 0.01)` (Livernoche et al., arXiv:2305.18593, authors'
    /// code), Ho et al. 2020 `linear(1000, 1e-4, 0.02)`.
    ///
    /// # Errors
    /// [`ScheduleError`] without steps, with too many, or where a β leaves (0, 1).
    pub fn linear(steps: usize, first: f64, last: f64) -> Result<Self, ScheduleError> {
        check_steps(steps)?;
        Self::from_betas(equally_spaced(steps, first, last))
    }

    /// The linear schedule of Ho et al. 2020, scaled to any number of steps: β from `1e-4·(1000/T)`
    /// to `0.02·(1000/T)`, as improved-diffusion defines it.
    ///
    /// # Errors
    /// As [`linear`](Self::linear); at 20 steps or fewer the last β reaches 1.
    pub fn linear_ho(steps: usize) -> Result<Self, ScheduleError> {
        check_steps(steps)?;
        let scale = HO_STEPS / steps as f64;
        Self::linear(steps, scale * 1e-4, scale * 0.02)
    }

    /// β whose square roots are equally spaced from `√first` to `√last`, both included: the schedule
    /// of latent diffusion (Rombach et al. 2022, arXiv:2112.10752; `scaled_linear` in diffusers).
    ///
    /// # Formula
    /// `β_t = (√first + (√last − √first)·t/(T−1))²`; a single step has `β_0 = first`.
    ///
    /// # Errors
    /// As [`linear`](Self::linear).
    pub fn scaled_linear(steps: usize, first: f64, last: f64) -> Result<Self, ScheduleError> {
        check_steps(steps)?;
        let roots = equally_spaced(steps, first.sqrt(), last.sqrt());
        Self::from_betas(roots.into_iter().map(|root| root * root).collect())
    }

    /// The sigmoid schedule of Jabri et al. 2022 (arXiv:2212.11972), as in lucidrains'
    /// denoising-diffusion-pytorch, whose values are `start = −3`, `end = 3`, `tau = 1`. The schedule
    /// that diffusers calls `sigmoid` is another one: there β itself follows a sigmoid.
    ///
    /// # Formula
    /// `β_t = min(1 − f(t+1)/f(t), 0.999)`, `f(t) = (σ(e) − σ(s + (e − s)·t/T))/(σ(e) − σ(s))` with
    /// `s = start/τ`, `e = end/τ` and the logistic function `σ`.
    ///
    /// # Errors
    /// [`ScheduleError`] without steps or with too many, or where the ends saturate the sigmoid, so
    /// that a β is 0 or NaN.
    pub fn sigmoid(steps: usize, start: f64, end: f64, tau: f64) -> Result<Self, ScheduleError> {
        check_steps(steps)?;
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let (at_start, at_end) = (sigmoid(start / tau), sigmoid(end / tau));
        let f = |t: usize| {
            let fraction = t as f64 / steps as f64;
            let at_t = sigmoid((fraction * (end - start) + start) / tau);
            (at_end - at_t) / (at_end - at_start)
        };
        let betas = (0..steps).map(|t| at_most_max_beta(1.0 - f(t + 1) / f(t)));
        Self::from_betas(betas.collect())
    }

    /// The squared-cosine schedule of Nichol & Dhariwal 2021 (arXiv:2102.09672, equation 17).
    ///
    /// # Formula
    /// `β_t = min(1 − f(t+1)/f(t), 0.999)`, `f(t) = cos²((t/T + s)/(1 + s)·π/2)`, `s = 0.008`.
    ///
    /// # Errors
    /// [`ScheduleError`] without steps or with too many.
    pub fn cosine(steps: usize) -> Result<Self, ScheduleError> {
        check_steps(steps)?;
        let f = |t: usize| {
            let fraction = t as f64 / steps as f64; // both floats: integers would give zero
            ((fraction + COSINE_OFFSET) / (1.0 + COSINE_OFFSET) * FRAC_PI_2)
                .cos()
                .powi(2)
        };
        let betas = (0..steps).map(|t| at_most_max_beta(1.0 - f(t + 1) / f(t)));
        Self::from_betas(betas.collect())
    }
}

/// `n` numbers from `first` to `last`, both included; numpy's `linspace`.
fn equally_spaced(n: usize, first: f64, last: f64) -> Vec<f64> {
    let width = (last - first) / (n.max(2) - 1) as f64;
    let mut values: Vec<f64> = (0..n).map(|i| first + width * i as f64).collect();
    if n > 1 {
        values[n - 1] = last; // not left to rounding
    }
    values
}

/// Not `f64::min`, which would turn NaN into a valid β.
fn at_most_max_beta(beta: f64) -> f64 {
    if beta > MAX_BETA { MAX_BETA } else { beta }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cosine_matches_the_published_formula() {
        // betas_for_alpha_bar(1000, ..) of openai/improved-diffusion, evaluated in float64. β_0 is a
        // difference of numbers near 1: one ulp of the cosine moves it by 5e-12, relative.
        let schedule = Schedule::cosine(1000).unwrap();
        assert_relative_eq!(
            schedule.betas()[0],
            4.128422482196914e-5,
            max_relative = 1e-11
        );
        assert_relative_eq!(
            schedule.betas()[500],
            3.155691441585007e-3,
            max_relative = 1e-12
        );
        assert_eq!(schedule.betas()[999], 0.999);
    }

    #[test]
    fn dte_noise_levels() {
        // FACTS of arXiv:2305.18593's code: √(1−ᾱ_T) for β = linspace(1e-4, 0.01, T), 4 decimals.
        for (steps, expected) in [(300, 0.8839), (400, 0.9318), (1000, 0.9968)] {
            let schedule = Schedule::linear(steps, 1e-4, 0.01).unwrap();
            let last = schedule.sqrt_one_minus_alpha_bars()[steps - 1];
            assert!((last - expected).abs() < 5e-5, "{steps} steps: {last}");
        }
    }

    #[test]
    fn a_sigmoid_without_width_is_an_error() {
        for (start, end, tau) in [(1.0, 1.0, 1.0), (-3.0, 3.0, 0.0), (-900.0, 900.0, 1.0)] {
            let error = Schedule::sigmoid(100, start, end, tau).unwrap_err();
            assert!(matches!(error, ScheduleError::Beta { .. }), "{error}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn alpha_bar_strictly_decreases_inside_0_1(steps in 21usize..700, last in 1e-4..0.2f64) {
            for schedule in [
                Schedule::linear(steps, 1e-4, last)?,
                Schedule::linear_ho(steps)?,
                Schedule::cosine(steps)?,
                Schedule::scaled_linear(steps, 1e-4, last)?,
                Schedule::sigmoid(steps, -3.0, 3.0, 1.0)?,
            ] {
                let alpha_bars = schedule.alpha_bars();
                prop_assert!(alpha_bars.windows(2).all(|w| w[1] < w[0]));
                prop_assert!(alpha_bars[0] < 1.0 && alpha_bars[steps - 1] > 0.0);
            }
        }
    }
}
