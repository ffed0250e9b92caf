use std::f64::consts::FRAC_PI_2;

/// Offset `s` of the cosine schedule, which keeps its first steps from being noiseless.
const COSINE_OFFSET: f64 = 0.008;
/// Upper limit of β in the cosine schedule, against a singular last step.
const COSINE_MAX_BETA: f64 = 0.999;
/// The step count for which Ho et al. chose their β; others are scaled to it.
const HO_STEPS: f64 = 1000.0;

/// Most steps a schedule may have; the tables of a longer one would serve no known method.
pub const MAX_STEPS: usize = 1_000_000;

/// The noise schedule of a Gaussian diffusion and every table derived from it, in f64.
///
/// # Formula
/// `q(x_t | x_{t−1}) = N(√(1−β_t)·x_{t−1}, β_t·I)`, `α_t = 1 − β_t`, `ᾱ_t = α_0·…·α_t`
/// (Ho et al. 2020, arXiv:2006.11239, section 2). The posterior `q(x_{t−1} | x_t, x_0)` has the mean
/// `c_0·x_0 + c_t·x_t` and the variance `β̃_t` (equations 6 and 7).
///
/// # Indices
/// Tables have `T` entries; index 0 is the first, least noisy step, and `ᾱ_{−1} = 1`.
///
/// Tables are computed in f64, because `1 − ᾱ` cancels at small `t`: an f32 table is wrong by about
/// 1e-4, relative, at the first steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    betas: Vec<f64>,
    alphas: Vec<f64>,
    alpha_bars: Vec<f64>,
    alpha_bars_prev: Vec<f64>,
    sqrt_alpha_bars: Vec<f64>,
    sqrt_one_minus_alpha_bars: Vec<f64>,
    sqrt_recip_alpha_bars: Vec<f64>,
    sqrt_recipm1_alpha_bars: Vec<f64>,
    posterior_variances: Vec<f64>,
    posterior_log_variances_clipped: Vec<f64>,
    log_betas_clipped: Vec<f64>,
    posterior_mean_x_0: Vec<f64>,
    posterior_mean_x_t: Vec<f64>,
    snr: Vec<f64>,
}

/// Why a schedule cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScheduleError {
    /// No steps were asked for.
    #[error("a schedule needs at least one step")]
    NoSteps,
    /// More than [`MAX_STEPS`] steps.
    #[error("{steps} steps, but a schedule has at most {MAX_STEPS}")]
    TooManySteps {
        /// Steps asked for.
        steps: usize,
    },
    /// A β that is not strictly between 0 and 1 (or so small that `1 − β` is 1 in f64).
    #[error("beta is {beta} at step {step}, expected a value between 0 and 1, both excluded")]
    Beta {
        /// Step, from 0.
        step: usize,
        /// The value found.
        beta: f64,
    },
    /// So much noise that `ᾱ` underflows: nothing of the signal is left to divide by.
    #[error(
        "alpha-bar is {alpha_bar:e} at step {step}: too much noise for f64, use fewer steps or smaller betas"
    )]
    SignalLost {
        /// Step, from 0.
        step: usize,
        /// The product of the alphas up to this step.
        alpha_bar: f64,
    },
}

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
        let width = (last - first) / (steps.max(2) - 1) as f64;
        let mut betas: Vec<f64> = (0..steps).map(|t| first + width * t as f64).collect();
        if steps > 1 {
            betas[steps - 1] = last; // not left to rounding
        }
        Self::from_betas(betas)
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
        let betas = (0..steps).map(|t| (1.0 - f(t + 1) / f(t)).min(COSINE_MAX_BETA));
        Self::from_betas(betas.collect())
    }

    /// The schedule with the given β, first step first.
    ///
    /// # Errors
    /// [`ScheduleError`] where there are none or too many, one lies outside (0, 1), or `ᾱ` underflows.
    pub fn from_betas(betas: Vec<f64>) -> Result<Self, ScheduleError> {
        check_steps(betas.len())?;
        for (step, &beta) in betas.iter().enumerate() {
            let alpha = 1.0 - beta;
            if !(beta > 0.0 && alpha > 0.0 && alpha < 1.0) {
                return Err(ScheduleError::Beta { step, beta });
            }
        }
        let alphas: Vec<f64> = betas.iter().map(|beta| 1.0 - beta).collect();
        let mut alpha_bars = Vec::with_capacity(betas.len());
        let mut product = 1.0;
        for (step, alpha) in alphas.iter().enumerate() {
            product *= alpha;
            if product < f64::MIN_POSITIVE {
                return Err(ScheduleError::SignalLost {
                    step,
                    alpha_bar: product,
                });
            }
            alpha_bars.push(product);
        }
        Ok(Self::derive(betas, alphas, alpha_bars))
    }

    /// All tables from `β`, `α` and `ᾱ`, each in the operation order of improved-diffusion's
    /// `GaussianDiffusion`, so that they agree to the last digits.
    fn derive(betas: Vec<f64>, alphas: Vec<f64>, alpha_bars: Vec<f64>) -> Self {
        let steps = betas.len();
        let alpha_bars_prev: Vec<f64> = std::iter::once(1.0)
            .chain(alpha_bars[..steps - 1].iter().copied())
            .collect();
        let table = |f: &dyn Fn(usize) -> f64| (0..steps).map(f).collect::<Vec<f64>>();

        let posterior_variances =
            table(&|t| betas[t] * (1.0 - alpha_bars_prev[t]) / (1.0 - alpha_bars[t]));
        // The variance at t = 0 is 0, its logarithm −∞: the next one stands in for it. A schedule of
        // one step has no next one and takes β_0, the variance of the forward step.
        let first = posterior_variances.get(1).copied().unwrap_or(betas[0]);
        let posterior_log_variances_clipped = table(&|t| {
            if t == 0 {
                first
            } else {
                posterior_variances[t]
            }
            .ln()
        });

        Self {
            log_betas_clipped: table(&|t| if t == 0 { first } else { betas[t] }.ln()),
            sqrt_alpha_bars: table(&|t| alpha_bars[t].sqrt()),
            sqrt_one_minus_alpha_bars: table(&|t| (1.0 - alpha_bars[t]).sqrt()),
            sqrt_recip_alpha_bars: table(&|t| (1.0 / alpha_bars[t]).sqrt()),
            sqrt_recipm1_alpha_bars: table(&|t| (1.0 / alpha_bars[t] - 1.0).sqrt()),
            posterior_mean_x_0: table(&|t| {
                betas[t] * alpha_bars_prev[t].sqrt() / (1.0 - alpha_bars[t])
            }),
            posterior_mean_x_t: table(&|t| {
                (1.0 - alpha_bars_prev[t]) * alphas[t].sqrt() / (1.0 - alpha_bars[t])
            }),
            snr: table(&|t| alpha_bars[t] / (1.0 - alpha_bars[t])),
            posterior_variances,
            posterior_log_variances_clipped,
            betas,
            alphas,
            alpha_bars,
            alpha_bars_prev,
        }
    }

    /// The number of steps `T`.
    pub fn steps(&self) -> usize {
        self.betas.len()
    }

    /// `β_t`.
    pub fn betas(&self) -> &[f64] {
        &self.betas
    }

    /// `α_t = 1 − β_t`.
    pub fn alphas(&self) -> &[f64] {
        &self.alphas
    }

    /// `ᾱ_t`, the share of the signal's variance that is left after step `t`.
    pub fn alpha_bars(&self) -> &[f64] {
        &self.alpha_bars
    }

    /// `ᾱ_{t−1}`; 1 at `t = 0`.
    pub fn alpha_bars_prev(&self) -> &[f64] {
        &self.alpha_bars_prev
    }

    /// `√ᾱ_t`, the factor on `x_0` in `q(x_t | x_0)`.
    pub fn sqrt_alpha_bars(&self) -> &[f64] {
        &self.sqrt_alpha_bars
    }

    /// `√(1−ᾱ_t)`, the standard deviation of `q(x_t | x_0)`.
    pub fn sqrt_one_minus_alpha_bars(&self) -> &[f64] {
        &self.sqrt_one_minus_alpha_bars
    }

    /// `√(1/ᾱ_t)`, the factor on `x_t` in `x_0 = √(1/ᾱ)·x_t − √(1/ᾱ − 1)·ε`.
    pub fn sqrt_recip_alpha_bars(&self) -> &[f64] {
        &self.sqrt_recip_alpha_bars
    }

    /// `√(1/ᾱ_t − 1)`, the factor on `ε` in `x_0 = √(1/ᾱ)·x_t − √(1/ᾱ − 1)·ε`.
    pub fn sqrt_recipm1_alpha_bars(&self) -> &[f64] {
        &self.sqrt_recipm1_alpha_bars
    }

    /// `β̃_t = β_t·(1−ᾱ_{t−1})/(1−ᾱ_t)`, the variance of `q(x_{t−1} | x_t, x_0)`; 0 at `t = 0`.
    pub fn posterior_variances(&self) -> &[f64] {
        &self.posterior_variances
    }

    /// `ln β̃_t` in nats, where entry 0, otherwise −∞, repeats entry 1.
    pub fn posterior_log_variances_clipped(&self) -> &[f64] {
        &self.posterior_log_variances_clipped
    }

    /// `ln β_t` in nats, where entry 0 is `ln β̃_1`: the fixed large variance of improved-diffusion.
    pub fn log_betas_clipped(&self) -> &[f64] {
        &self.log_betas_clipped
    }

    /// `β_t·√ᾱ_{t−1}/(1−ᾱ_t)`, the factor on `x_0` in the posterior mean.
    pub fn posterior_mean_x_0(&self) -> &[f64] {
        &self.posterior_mean_x_0
    }

    /// `(1−ᾱ_{t−1})·√α_t/(1−ᾱ_t)`, the factor on `x_t` in the posterior mean.
    pub fn posterior_mean_x_t(&self) -> &[f64] {
        &self.posterior_mean_x_t
    }

    /// The signal-to-noise ratio `ᾱ_t/(1−ᾱ_t)`.
    pub fn snr(&self) -> &[f64] {
        &self.snr
    }
}

fn check_steps(steps: usize) -> Result<(), ScheduleError> {
    match steps {
        0 => Err(ScheduleError::NoSteps),
        1..=MAX_STEPS => Ok(()),
        _ => Err(ScheduleError::TooManySteps { steps }),
    }
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
    fn a_schedule_of_one_step_has_finite_tables() {
        let schedule = Schedule::linear(1, 0.3, 0.5).unwrap();
        assert_eq!(schedule.betas(), [0.3]);
        assert_eq!(schedule.posterior_variances(), [0.0]);
        assert_eq!(schedule.posterior_log_variances_clipped(), [0.3f64.ln()]);
        assert_relative_eq!(schedule.posterior_mean_x_0()[0], 1.0, max_relative = 1e-15);
    }

    #[test]
    fn impossible_schedules_are_errors() {
        assert_eq!(Schedule::cosine(0), Err(ScheduleError::NoSteps));
        assert_eq!(
            Schedule::linear_ho(usize::MAX),
            Err(ScheduleError::TooManySteps { steps: usize::MAX })
        );
        // 0.02·1000/20 = 1: no signal would be left.
        assert!(matches!(
            Schedule::linear_ho(20),
            Err(ScheduleError::Beta { step: 19, .. })
        ));
        for beta in [0.0, 1.0, -0.1, f64::NAN, f64::INFINITY, 1e-17] {
            let error = Schedule::from_betas(vec![0.1, beta]).unwrap_err();
            assert!(
                matches!(error, ScheduleError::Beta { step: 1, .. }),
                "{beta}"
            );
        }
        assert!(matches!(
            Schedule::linear(10_000, 0.9, 0.9),
            Err(ScheduleError::SignalLost { .. })
        ));
        assert_eq!(
            Schedule::from_betas(vec![1.5]).unwrap_err().to_string(),
            "beta is 1.5 at step 0, expected a value between 0 and 1, both excluded"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn alpha_bar_strictly_decreases_inside_0_1(steps in 21usize..1500, last in 1e-4..0.2f64) {
            for schedule in [
                Schedule::linear(steps, 1e-4, last)?,
                Schedule::linear_ho(steps)?,
                Schedule::cosine(steps)?,
            ] {
                let alpha_bars = schedule.alpha_bars();
                prop_assert!(alpha_bars.windows(2).all(|w| w[1] < w[0]));
                prop_assert!(alpha_bars[0] < 1.0 && alpha_bars[steps - 1] > 0.0);
            }
        }

        #[test]
        fn the_posterior_mean_of_a_noiseless_x_t_is_noiseless(steps in 21usize..1500, t in 0usize..1500) {
            // With x_t = √ᾱ_t·x_0 the posterior mean is √ᾱ_{t−1}·x_0.
            let schedule = Schedule::linear_ho(steps)?;
            let t = t % steps;
            let mean = schedule.posterior_mean_x_0()[t]
                + schedule.posterior_mean_x_t()[t] * schedule.sqrt_alpha_bars()[t];
            prop_assert!((mean - schedule.alpha_bars_prev()[t].sqrt()).abs() < 1e-10);
        }
    }
}
