use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Schedule, ScheduleError, space_timesteps};

/// Which noise schedule to use, as written in a configuration file.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use schedules::ScheduleConfig;
///
/// let config: ScheduleConfig = toml::from_str("kind = 'linear'\nfirst = 1e-4\nlast = 0.01")?;
/// assert_eq!(config.build(1000)?.betas()[999], 0.01);
///
/// // Schedules are made from others by a table within the table.
/// let config: ScheduleConfig = toml::from_str(
///     "kind = 'respaced'\nkeep = 'ddim50'\nof = { kind = 'zero-terminal-snr', of = { kind = 'cosine' } }",
/// )?;
/// assert_eq!(config.build(1000)?.original_steps()[..3], [0, 20, 40]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ScheduleConfig {
    /// Equal steps of β.
    ///
    /// [`Schedule::linear`].
    Linear {
        /// β of the first step.
        first: f64,
        /// β of the last step.
        last: f64,
    },
    /// Linear as Ho et al. 2020 have it, for any number of steps.
    ///
    /// [`Schedule::linear_ho`].
    LinearHo {},
    /// The cosine schedule of Nichol & Dhariwal 2021.
    ///
    /// [`Schedule::cosine`].
    Cosine {},
    /// Equal steps of √β, as latent diffusion has it.
    ///
    /// [`Schedule::scaled_linear`].
    ScaledLinear {
        /// β of the first step.
        first: f64,
        /// β of the last step.
        last: f64,
    },
    /// The share of the signal falls along a sigmoid.
    ///
    /// [`Schedule::sigmoid`].
    Sigmoid {
        /// Where on the sigmoid the schedule starts; −3 when absent.
        #[serde(default = "sigmoid_start")]
        start: f64,
        /// Where on the sigmoid it ends; 3 when absent.
        #[serde(default = "sigmoid_end")]
        end: f64,
        /// What both are divided by; 1 when absent.
        #[serde(default = "sigmoid_tau")]
        tau: f64,
    },
    /// Each β as it is given.
    ///
    /// [`Schedule::from_betas`].
    Betas {
        /// One β for each step.
        betas: Vec<f64>,
    },
    /// Another one, rescaled so that the last step leaves nothing of the signal.
    ///
    /// [`Schedule::zero_terminal_snr`].
    ZeroTerminalSnr {
        /// The schedule that is rescaled.
        of: Box<ScheduleConfig>,
    },
    /// A part of the steps of another one.
    ///
    /// [`Schedule::respaced`] by [`space_timesteps`].
    Respaced {
        /// Counts per section, `"10,15,20"`, or an even spacing, `"ddim50"`.
        keep: String,
        /// The schedule of which steps are kept.
        of: Box<ScheduleConfig>,
    },
}

// The values of lucidrains' denoising-diffusion-pytorch.
fn sigmoid_start() -> f64 {
    -3.0
}

fn sigmoid_end() -> f64 {
    3.0
}

fn sigmoid_tau() -> f64 {
    1.0
}

impl ScheduleConfig {
    /// The schedule with its tables. A respaced one is made from a schedule of `steps` steps and has
    /// fewer.
    ///
    /// # Errors
    /// [`ScheduleError`] of the schedule's constructor, [`ScheduleError::StepCount`] where another
    /// number of β is given.
    pub fn build(&self, steps: usize) -> Result<Schedule, ScheduleError> {
        match self {
            Self::Linear { first, last } => Schedule::linear(steps, *first, *last),
            Self::LinearHo {} => Schedule::linear_ho(steps),
            Self::Cosine {} => Schedule::cosine(steps),
            Self::ScaledLinear { first, last } => Schedule::scaled_linear(steps, *first, *last),
            Self::Sigmoid { start, end, tau } => Schedule::sigmoid(steps, *start, *end, *tau),
            Self::Betas { betas } if betas.len() == steps => Schedule::from_betas(betas.clone()),
            Self::Betas { betas } => Err(ScheduleError::StepCount {
                found: betas.len(),
                expected: steps,
            }),
            Self::ZeroTerminalSnr { of } => of.build(steps)?.zero_terminal_snr(),
            Self::Respaced { keep, of } => {
                let schedule = of.build(steps)?;
                schedule.respaced(&space_timesteps(schedule.steps(), keep)?)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_a_round_trip() {
        let (first, last) = (1e-4, 0.01);
        let zero_terminal = ScheduleConfig::ZeroTerminalSnr {
            of: Box::new(ScheduleConfig::Cosine {}),
        };
        for (config, steps) in [
            (ScheduleConfig::Linear { first, last }, 50),
            (ScheduleConfig::LinearHo {}, 50),
            (ScheduleConfig::Cosine {}, 50),
            (ScheduleConfig::ScaledLinear { first, last }, 50),
            (toml::from_str("kind = 'sigmoid'").unwrap(), 50),
            (
                ScheduleConfig::Betas {
                    betas: vec![0.1; 50],
                },
                50,
            ),
            (zero_terminal.clone(), 50),
            (
                ScheduleConfig::Respaced {
                    keep: "4,3".into(),
                    of: Box::new(zero_terminal),
                },
                7,
            ),
        ] {
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<ScheduleConfig>(&text).unwrap(), config);
            assert_eq!(config.build(50).unwrap().steps(), steps);
        }
    }

    #[test]
    fn there_are_as_many_betas_as_steps() {
        let config = ScheduleConfig::Betas {
            betas: vec![0.1, 0.2],
        };
        assert_eq!(
            config.build(3).unwrap_err().to_string(),
            "2 betas for 3 steps"
        );
    }

    #[test]
    fn typos_stop() {
        for text in [
            "kind = 'linaer'\nfirst = 1e-4\nlast = 0.01",
            "kind = 'linear'\nfirst = 1e-4\nlast = 0.01\nlats = 0.02",
            "kind = 'linear'\nfirst = 1e-4",
            "kind = 'cosine'\nfirst = 1e-4",
            "kind = 'sigmoid'\ntua = 1.0",
            "kind = 'respaced'\nkeep = 'ddim5'",
            "kind = 'zero-terminal-snr'\nof = { kind = 'cosine', steps = 3 }",
        ] {
            assert!(toml::from_str::<ScheduleConfig>(text).is_err(), "{text}");
        }
    }
}
