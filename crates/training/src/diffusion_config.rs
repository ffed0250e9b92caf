use diffusion_core::ScheduleConfig;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::train_config::check_settings;
use crate::{TrainConfig, TrainingError};

/// A diffusion detector: its process, its training and its score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DiffusionConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// Step at which the reverse walk starts when scoring, 1 to `steps`. Each step costs one pass
    /// through the network.
    pub start_step: usize,
    /// How the reverse walk goes.
    pub walk: Walk,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// How the network is trained.
    pub train: TrainConfig,
}

impl Default for DiffusionConfig {
    /// The authors' code for arXiv:2305.18593 (vicliv/DTE, `diffusion/ddpm.py`), from which the DDPM
    /// column of arXiv:2412.07539 was made.
    fn default() -> Self {
        Self {
            steps: 1000,
            start_step: 250,
            walk: Walk::MeanOnly,
            schedule: ScheduleConfig::Linear {
                first: 1e-4,
                last: 0.01,
            },
            train: TrainConfig::default(),
        }
    }
}

/// How the reverse walk goes when scoring; it starts from the row itself, without any noise added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Walk {
    /// Along the means of the reverse steps: the published column of arXiv:2412.07539.
    MeanOnly,
    /// With noise injected at every step but the last, drawn for each row apart: from the model's seed
    /// and the row's own numbers, so that its score does not depend on the batch.
    Ancestral,
}

impl DiffusionConfig {
    /// Checks every setting; the schedule is checked where it is built.
    ///
    /// # Errors
    /// [`TrainingError::Config`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), TrainingError> {
        check_settings(&[
            (
                "start-step",
                &self.start_step,
                (1..=self.steps).contains(&self.start_step),
                "expected 1 to the number of steps",
            ),
            (
                "steps",
                &self.steps,
                self.steps <= diffusion_core::MAX_STEPS,
                "expected at most 1000000",
            ),
        ])?;
        self.train.check()
    }

    /// The settings that decide about the trained weights, as JSON: all but those of the score.
    pub(crate) fn of_the_weights(&self) -> Value {
        json!({
            "steps": self.steps,
            "schedule": self.schedule,
            "train": self.train,
        })
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
start-step = 250
walk = \"mean-only\"

[schedule]
kind = \"linear\"
first = 0.0001
last = 0.01

[train]
";
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(
            toml::from_str::<DiffusionConfig>("").unwrap(),
            DiffusionConfig::default()
        );
        DiffusionConfig::default().check().unwrap();
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            (
                "start-step = 0",
                "start-step = 0: expected 1 to the number of steps",
            ),
            (
                "steps = 100",
                "start-step = 250: expected 1 to the number of steps",
            ),
            (
                "steps = 1000001",
                "steps = 1000001: expected at most 1000000",
            ),
            (
                "train.batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
        ] {
            let config: DiffusionConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn typos_stop() {
        for text in [
            "epochs = 3",
            "walk = 'mean'",
            "[schedule]\nkind = 'linear'",
            "[train]\nepoch = 3",
        ] {
            assert!(toml::from_str::<DiffusionConfig>(text).is_err(), "{text}");
        }
    }
}
