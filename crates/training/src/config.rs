use diffusion_core::ScheduleConfig;
use serde::{Deserialize, Serialize};

use crate::TrainingError;

/// Training and scoring of a DDPM detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DdpmConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// Step at which the reverse walk starts when scoring, 1 to `steps`. Each step costs one pass
    /// through the network.
    pub start_step: usize,
    /// How the reverse walk goes.
    pub walk: Walk,
    /// Passes over the training rows, at most.
    pub epochs: usize,
    /// Rows per optimiser step, at least 2 (batch statistics). Fewer training rows make one batch.
    pub batch_size: usize,
    /// Adam's learning rate.
    pub learning_rate: f64,
    /// L2 penalty, added to the gradient as Adam (not AdamW) does.
    pub weight_decay: f64,
    /// Leave out the rows of an epoch that do not fill a batch; they are others in every epoch.
    pub drop_last: bool,
    /// The last epoch, counted from 0, that is safe from the early stop. `epochs` or more: no early
    /// stop.
    pub early_stop_after: usize,
    /// Training stops when an epoch's mean loss exceeds that of this many epochs earlier.
    pub early_stop_lag: usize,
    /// β of each step.
    pub schedule: ScheduleConfig,
}

impl Default for DdpmConfig {
    /// The authors' code for arXiv:2305.18593 (vicliv/DTE, `diffusion/ddpm.py`), from which the DDPM
    /// column of arXiv:2412.07539 was made.
    fn default() -> Self {
        Self {
            steps: 1000,
            start_step: 250,
            walk: Walk::MeanOnly,
            epochs: 400,
            batch_size: 64,
            learning_rate: 1e-4,
            weight_decay: 5e-4,
            drop_last: true,
            early_stop_after: 50,
            early_stop_lag: 39,
            schedule: ScheduleConfig::Linear {
                first: 1e-4,
                last: 0.01,
            },
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

impl DdpmConfig {
    /// Checks every setting; the schedule is checked where it is built.
    ///
    /// # Errors
    /// [`TrainingError::Config`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), TrainingError> {
        let rules: [(&'static str, String, bool, &'static str); 7] = [
            (
                "start-step",
                self.start_step.to_string(),
                (1..=self.steps).contains(&self.start_step),
                "expected 1 to the number of steps",
            ),
            (
                "epochs",
                self.epochs.to_string(),
                self.epochs > 0,
                "expected at least 1",
            ),
            (
                "batch-size",
                self.batch_size.to_string(),
                self.batch_size > 1,
                "expected at least 2, batch statistics need two rows",
            ),
            (
                "learning-rate",
                self.learning_rate.to_string(),
                self.learning_rate > 0.0 && self.learning_rate.is_finite(),
                "expected a finite number above 0",
            ),
            (
                "weight-decay",
                self.weight_decay.to_string(),
                self.weight_decay >= 0.0 && self.weight_decay.is_finite(),
                "expected a finite number, 0 or above",
            ),
            (
                "early-stop-lag",
                self.early_stop_lag.to_string(),
                self.early_stop_lag > 0,
                "expected at least 1",
            ),
            (
                "steps",
                self.steps.to_string(),
                self.steps <= diffusion_core::MAX_STEPS,
                "expected at most 1000000",
            ),
        ];
        match rules.into_iter().find(|(_, _, valid, _)| !valid) {
            None => Ok(()),
            Some((name, value, _, expected)) => Err(TrainingError::Config {
                name,
                value,
                expected,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_published_ones() {
        let text = toml::to_string(&DdpmConfig::default()).unwrap();
        let expected = "\
steps = 1000
start-step = 250
walk = \"mean-only\"
epochs = 400
batch-size = 64
learning-rate = 0.0001
weight-decay = 0.0005
drop-last = true
early-stop-after = 50
early-stop-lag = 39

[schedule]
kind = \"linear\"
first = 0.0001
last = 0.01
";
        assert_eq!(text, expected);
        assert_eq!(
            toml::from_str::<DdpmConfig>("").unwrap(),
            DdpmConfig::default()
        );
        DdpmConfig::default().check().unwrap();
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
            ("epochs = 0", "epochs = 0: expected at least 1"),
            (
                "batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
            (
                "learning-rate = nan",
                "learning-rate = NaN: expected a finite number above 0",
            ),
            (
                "weight-decay = -1.0",
                "weight-decay = -1: expected a finite number, 0 or above",
            ),
            (
                "early-stop-lag = 0",
                "early-stop-lag = 0: expected at least 1",
            ),
            (
                "steps = 1000001",
                "steps = 1000001: expected at most 1000000",
            ),
        ] {
            let config: DdpmConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn typos_stop() {
        for text in ["epoch = 3", "walk = 'mean'", "[schedule]\nkind = 'linear'"] {
            assert!(toml::from_str::<DdpmConfig>(text).is_err(), "{text}");
        }
    }
}
