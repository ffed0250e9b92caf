use detector::settings::{check, in_range};
use diffusion_core::{
    Likelihood, Loss, Objective, Schedule, ScheduleConfig, ScoreConfig, StepSampling, Target,
    Variance,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use training::TrainConfig;

use crate::DiffusionError;

/// A diffusion detector: its process, its loss, its training and its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DiffusionConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// What the network predicts.
    pub target: Target,
    /// Variance of a reverse step.
    ///
    /// A network for `learned-range` has a second output for it.
    pub variance: Variance,
    /// Training loss.
    pub loss: Loss,
    /// `γ` of Min-SNR: the loss of a step weighs as `min(SNR, γ)`; 0: all steps weigh the same.
    ///
    /// [`Objective::min_snr_gamma`].
    pub min_snr_gamma: f64,
    /// Likelihood of the data in the variational bound, where loss or score ask for it.
    pub likelihood: Likelihood,
    /// How training draws its steps.
    pub step_sampling: StepSampling,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// How the network is trained.
    pub train: TrainConfig,
    /// How a row is scored; no part of what decides about the weights.
    pub score: ScoreConfig,
}

impl Default for DiffusionConfig {
    /// The authors' code for arXiv:2305.18593 (vicliv/DTE, `diffusion/ddpm.py`), from which the DDPM
    /// column of arXiv:2412.07539 was made.
    fn default() -> Self {
        Self {
            steps: 1000,
            target: Target::default(),
            variance: Variance::default(),
            loss: Loss::default(),
            min_snr_gamma: 0.0,
            likelihood: Likelihood::default(),
            step_sampling: StepSampling::default(),
            schedule: ScheduleConfig::Linear {
                first: 1e-4,
                last: 0.01,
            },
            train: TrainConfig::default(),
            score: ScoreConfig::default(),
        }
    }
}

impl DiffusionConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`DiffusionError::Setting`] naming the first setting outside its range,
    /// [`DiffusionError::Schedule`].
    pub fn check(&self) -> Result<(), DiffusionError> {
        in_range("steps", self.steps, 1..=diffusion_core::MAX_STEPS)?;
        self.train.check()?;
        let plain = self.loss == Loss::Simple
            && self.min_snr_gamma == 0.0
            && self.step_sampling == StepSampling::Uniform;
        if !plain {
            self.train.check_alone()?;
        }
        self.objective().check(self.variance)?;
        check(
            "loss",
            "simple",
            self.loss != Loss::Simple || self.variance != Variance::LearnedRange,
            "hybrid or vlb, which train the variance learned-range, or a fixed variance",
        )?;
        let steps = self.build_schedule()?.steps();
        Ok(self.score.check(steps)?)
    }

    /// The schedule with its tables.
    pub(crate) fn build_schedule(&self) -> Result<Schedule, DiffusionError> {
        Ok(self.schedule.build(self.steps)?)
    }

    /// The training loss.
    pub(crate) fn objective(&self) -> Objective {
        Objective {
            loss: self.loss,
            min_snr_gamma: Some(self.min_snr_gamma).filter(|gamma| *gamma != 0.0),
            likelihood: self.likelihood,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_published_ones() {
        let text = toml::to_string(&DiffusionConfig::default()).unwrap();
        let expected = "\
steps = 1000
target = \"epsilon\"
variance = \"fixed-small\"
loss = \"simple\"
min-snr-gamma = 0.0
likelihood = \"gaussian\"
step-sampling = \"uniform\"

[schedule]
kind = \"linear\"
first = 0.0001
last = 0.01

[train]
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("[score]\nrule = \"reconstruction\"\nstart = [250]\n"));
        assert_eq!(
            toml::from_str::<DiffusionConfig>("").unwrap(),
            DiffusionConfig::default()
        );
        DiffusionConfig::default().check().unwrap();
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            ("steps = 0", "steps = 0: expected 1 to 1000000"),
            ("steps = 1000001", "steps = 1000001: expected 1 to 1000000"),
            (
                "steps = 100",
                "start = [250]: expected one or more noise levels, each from 1 to the number of steps",
            ),
            (
                "train.batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
            (
                "min-snr-gamma = -5.0",
                "min-snr-gamma = -5: expected a finite number above 0",
            ),
            (
                "loss = 'hybrid'",
                "loss = hybrid: expected another, or the variance learned-range, which it trains",
            ),
            (
                "variance = 'learned-range'\nmin-snr-gamma = 5.0",
                "loss = simple: expected hybrid or vlb, which train the variance learned-range, or a \
                 fixed variance",
            ),
        ] {
            let config: DiffusionConfig = toml::from_str(text).unwrap();
            let error = config.check().unwrap_err();
            assert!(matches!(error, DiffusionError::Setting(_)), "{error:?}");
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn typos_stop() {
        for text in [
            "epochs = 3",
            "target = 'eps'",
            "[schedule]\nkind = 'linear'",
            "[train]\nepoch = 3",
            "[score]\nwalks = 'ddim'",
        ] {
            assert!(toml::from_str::<DiffusionConfig>(text).is_err(), "{text}");
        }
    }
}
