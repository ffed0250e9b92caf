mod kinds;
mod respacing;
mod zero_terminal;

pub use respacing::space_timesteps;

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
/// # Zero terminal SNR
/// In a schedule of [`zero_terminal_snr`](Self::zero_terminal_snr) the last step has `β = 1` and
/// `ᾱ = 0`. Tables that divide by `ᾱ` are infinite there: `√(1/ᾱ)` and `√(1/ᾱ − 1)`; all others are
/// finite. No other step of any schedule has `ᾱ = 0`.
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
    original_steps: Vec<usize>,
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
    /// Another number of β than of steps.
    #[error("{found} betas for {expected} steps")]
    StepCount {
        /// The number of β given.
        found: usize,
        /// The number of steps asked for.
        expected: usize,
    },
    /// Too few steps to rescale.
    #[error("{steps} steps, but zero terminal SNR needs at least 2")]
    TooFewSteps {
        /// Steps of the schedule.
        steps: usize,
    },
    /// A respacing that cannot be read.
    #[error(
        "respacing {keep:?}: expected counts such as 10,15,20 or an even spacing such as ddim50"
    )]
    Respacing {
        /// The text given.
        keep: String,
    },
    /// More steps are to be kept of a section than it has.
    #[error("section {section} of the schedule has {size} steps, of which {count} are to be kept")]
    Section {
        /// Section, from 0.
        section: usize,
        /// Steps in it.
        size: usize,
        /// Steps to be kept.
        count: usize,
    },
    /// No even spacing keeps this number of steps.
    #[error("no whole stride keeps exactly {count} of {steps} steps")]
    Stride {
        /// Steps to be kept.
        count: usize,
        /// Steps of the schedule.
        steps: usize,
    },
    /// Kept steps that do not increase, or one outside the schedule.
    #[error("kept step number {index} is {step}, expected increasing steps below {steps}")]
    KeptStep {
        /// Position among the kept steps, from 0.
        index: usize,
        /// The step found there.
        step: usize,
        /// Steps of the schedule.
        steps: usize,
    },
    /// So much noise that `ᾱ` underflows in f32, which tensors compute with: nothing of the signal is
    /// left to divide by.
    #[error(
        "alpha-bar is {alpha_bar:e} at step {step}: too much noise for f32, use fewer steps or smaller betas"
    )]
    SignalLost {
        /// Step, from 0.
        step: usize,
        /// The product of the alphas up to this step.
        alpha_bar: f64,
    },
}

impl Schedule {
    /// The schedule with the given β, first step first.
    ///
    /// # Errors
    /// [`ScheduleError`] where there are none or too many, one lies outside (0, 1), or `ᾱ` underflows.
    pub fn from_betas(betas: Vec<f64>) -> Result<Self, ScheduleError> {
        check_steps(betas.len())?;
        let original_steps = (0..betas.len()).collect();
        match betas.iter().position(|beta| 1.0 - beta <= 0.0) {
            None => Self::from_betas_of(betas, original_steps),
            Some(step) => Err(ScheduleError::Beta {
                step,
                beta: betas[step],
            }),
        }
    }

    /// As [`from_betas`](Self::from_betas), but the last β may be 1, and with the steps of the
    /// schedule that this one was made from.
    fn from_betas_of(betas: Vec<f64>, original_steps: Vec<usize>) -> Result<Self, ScheduleError> {
        check_steps(betas.len())?;
        let last = betas.len() - 1;
        let alphas: Vec<f64> = betas.iter().map(|beta| 1.0 - beta).collect();
        let mut alpha_bars = Vec::with_capacity(betas.len());
        let mut product = 1.0;
        for (step, (&beta, &alpha)) in betas.iter().zip(&alphas).enumerate() {
            let terminal = step == last && alpha == 0.0;
            if !(beta > 0.0 && alpha < 1.0 && (alpha > 0.0 || terminal)) {
                return Err(ScheduleError::Beta { step, beta });
            }
            product *= alpha;
            if product < f64::from(f32::MIN_POSITIVE) && !terminal {
                return Err(ScheduleError::SignalLost {
                    step,
                    alpha_bar: product,
                });
            }
            alpha_bars.push(product);
        }
        Ok(Self::derive(betas, alphas, alpha_bars, original_steps))
    }

    /// All tables from `β`, `α` and `ᾱ`, each in the operation order of improved-diffusion's
    /// `GaussianDiffusion`, so that they agree to the last digits.
    fn derive(
        betas: Vec<f64>,
        alphas: Vec<f64>,
        alpha_bars: Vec<f64>,
        original_steps: Vec<usize>,
    ) -> Self {
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
            original_steps,
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

    /// The step of the schedule this one was made from, for each step: what a network trained on all
    /// steps is to be given. `0, 1, …` unless the schedule is [`respaced`](Self::respaced).
    pub fn original_steps(&self) -> &[usize] {
        &self.original_steps
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
        // 0.1^37 is a normal f32, 0.1^38 is none.
        let betas = |n: usize| vec![0.9; n];
        assert!(Schedule::from_betas(betas(37)).is_ok());
        assert!(matches!(
            Schedule::from_betas(betas(38)),
            Err(ScheduleError::SignalLost { step: 37, .. })
        ));
        assert_eq!(
            Schedule::from_betas(vec![1.5]).unwrap_err().to_string(),
            "beta is 1.5 at step 0, expected a value between 0 and 1, both excluded"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

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
