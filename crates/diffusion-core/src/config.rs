use serde::{Deserialize, Serialize};

use crate::{Schedule, ScheduleError};

/// Which noise schedule to use, as written in a configuration file.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use diffusion_core::ScheduleConfig;
///
/// let config: ScheduleConfig = toml::from_str("kind = 'linear'\nfirst = 1e-4\nlast = 0.01")?;
/// assert_eq!(config.build(1000)?.betas()[999], 0.01);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ScheduleConfig {
    /// [`Schedule::linear`]: `kind = "linear"`.
    Linear {
        /// β of the first step.
        first: f64,
        /// β of the last step.
        last: f64,
    },
    /// [`Schedule::linear_ho`]: `kind = "linear-ho"`.
    LinearHo {},
    /// [`Schedule::cosine`]: `kind = "cosine"`.
    Cosine {},
}

impl ScheduleConfig {
    /// The schedule with its tables.
    ///
    /// # Errors
    /// [`ScheduleError`] of the schedule's constructor.
    pub fn build(&self, steps: usize) -> Result<Schedule, ScheduleError> {
        match *self {
            Self::Linear { first, last } => Schedule::linear(steps, first, last),
            Self::LinearHo {} => Schedule::linear_ho(steps),
            Self::Cosine {} => Schedule::cosine(steps),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_a_round_trip() {
        for config in [
            ScheduleConfig::Linear {
                first: 1e-4,
                last: 0.01,
            },
            ScheduleConfig::LinearHo {},
            ScheduleConfig::Cosine {},
        ] {
            let text = toml::to_string(&config).unwrap();
            assert_eq!(toml::from_str::<ScheduleConfig>(&text).unwrap(), config);
            assert_eq!(config.build(50).unwrap().steps(), 50);
        }
    }

    #[test]
    fn typos_stop() {
        for text in [
            "kind = 'linaer'\nfirst = 1e-4\nlast = 0.01",
            "kind = 'linear'\nfirst = 1e-4\nlast = 0.01\nlats = 0.02",
            "kind = 'linear'\nfirst = 1e-4",
            "kind = 'cosine'\nfirst = 1e-4",
        ] {
            assert!(toml::from_str::<ScheduleConfig>(text).is_err(), "{text}");
        }
    }
}
