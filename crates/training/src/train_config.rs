use detector::settings::{Setting, at_least, check, positive};
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// How a network is trained: `[train]` in a configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct TrainConfig {
    /// Passes over the training rows, at most; 0 leaves the network as it was initialised.
    pub epochs: usize,
    /// Optimiser steps, at most; 0: no limit.
    ///
    /// A decay of the learning rate then ends with them.
    pub steps: usize,
    /// Rows that go through the network together, at least 2.
    ///
    /// For batch statistics. Fewer training rows make one batch.
    pub batch_size: usize,
    /// Batches whose mean gradient makes one optimiser step.
    pub accumulate: usize,
    /// Leave out the rows of an epoch that do not fill a batch.
    ///
    /// They are others in every epoch.
    pub drop_last: bool,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Learning rate, after warm-up and before decay.
    pub learning_rate: f64,
    /// Penalty on the weights: added to the gradient by `adam`, decoupled from it by `adamw`.
    pub weight_decay: f64,
    /// Optimiser steps over which the learning rate rises linearly to its full value.
    pub warm_up: usize,
    /// What the learning rate does after warm-up.
    pub decay: Decay,
    /// Largest Euclidean norm of the gradient over all parameters; 0: no limit.
    ///
    /// Longer ones are scaled down to it.
    pub clip: f64,
    /// Decay of the moving average of the weights, which scores in their place; 0: none.
    ///
    /// With `d` per optimiser step, `θ̄ ← d·θ̄ + (1−d)·θ` from `θ̄ = θ` at the start.
    pub ema: f64,
    /// Let the average forget its start: in step `k`, from 0, the decay is at most `(k+1)/(k+10)`.
    /// Written only where it is set, so that older settings stay as they were stored; a method whose default it is
    /// names it among its settings.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(skip)]
    pub ema_ramp: bool,
    /// What the network computes with while it is trained.
    pub precision: Precision,
    /// Last epoch, counted from 0, that is safe from the early stop.
    ///
    /// `epochs` or more: no early stop.
    pub early_stop_after: usize,
    /// Stop when an epoch's mean loss exceeds that of this many epochs earlier.
    pub early_stop_lag: usize,
    /// Networks of the same shape, of other seeds or sets, that a sweep trains as one, at most; 1: each by itself.
    ///
    /// Written only where it is not 1, so that older settings stay as they were stored. It is part of what is
    /// trained: sums of many networks are rounded otherwise than those of one.
    #[serde(skip_serializing_if = "is_one")]
    #[schemars(skip)]
    pub replicas: usize,
}

fn is_one(n: &usize) -> bool {
    *n == 1
}

/// The optimiser, with `β_1 = 0.9`, `β_2 = 0.999` and `ε = 1e-8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    /// Adam, with weight decay as an L2 penalty.
    ///
    /// Kingma & Ba 2015, arXiv:1412.6980.
    Adam,
    /// Adam with decoupled weight decay.
    ///
    /// Loshchilov & Hutter 2019, arXiv:1711.05101.
    #[serde(rename = "adamw")]
    AdamW,
}

/// What the network computes with while it is trained. Weights, optimiser and scores are in f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// f32 throughout.
    F32,
    /// Matrix products in bf16: worth it where the hardware has it.
    ///
    /// [`tch_ext::Autocast`].
    Bf16,
}

/// The share of a moving average that may be untrained weights.
const MOST_UNTRAINED: f64 = 0.1;

/// What `replicas` is expected to be where a network cannot be stacked.
const ALONE: &str = "1: only the networks of dte-c, dte-ig and ddpm, with the loss simple and uniform steps, are \
                     trained as one";

/// The learning rate after warm-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Decay {
    /// It stays.
    Constant,
    /// It falls along half a cosine to 0 at the end of the training.
    ///
    /// Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts.
    Cosine,
}

impl Default for TrainConfig {
    /// The authors' code for arXiv:2305.18593 (vicliv/DTE, `diffusion/ddpm.py`).
    fn default() -> Self {
        Self {
            epochs: 400,
            steps: 0,
            batch_size: 64,
            accumulate: 1,
            drop_last: true,
            optimizer: Optimizer::Adam,
            learning_rate: 1e-4,
            weight_decay: 5e-4,
            warm_up: 0,
            decay: Decay::Constant,
            clip: 0.0,
            ema: 0.0,
            ema_ramp: false,
            precision: Precision::F32,
            early_stop_after: 50,
            early_stop_lag: 39,
            replicas: 1,
        }
    }
}

impl TrainConfig {
    /// More epochs than anyone trains: as `epochs` where the steps end the training, as `early_stop_after`
    /// where nothing ends it early.
    pub const NO_LIMIT: usize = 1_000_000;

    /// Reads a table `[train]`; what it leaves out is as in `self`. For methods whose training has defaults of
    /// its own: serde alone would fill in those of [`TrainConfig`].
    ///
    /// # Errors
    /// Where a setting is unknown or of another type.
    pub fn overlaid<'de, D: Deserializer<'de>>(&self, given: D) -> Result<Self, D::Error> {
        let mut all = serde_json::to_value(self).map_err(D::Error::custom)?;
        if let Value::Object(all) = &mut all {
            all.extend(Map::<String, Value>::deserialize(given)?);
        }
        serde_json::from_value(all).map_err(D::Error::custom)
    }

    /// The optimiser steps of a whole training.
    pub(crate) fn most_steps(&self, steps_per_epoch: usize) -> u64 {
        let all = steps_per_epoch.saturating_mul(self.epochs);
        match self.steps {
            0 => all as u64,
            limit => limit.min(all) as u64,
        }
    }

    /// A warning where the moving average after `steps` still holds much of the untrained weights.
    pub(crate) fn stale_average(&self, steps: u64) -> Option<String> {
        // A ramp forgets the start within a few steps.
        let untrained = if self.ema_ramp {
            0.0
        } else {
            self.ema.powf(steps as f64)
        };
        (steps > 0 && untrained > MOST_UNTRAINED).then(|| {
            format!(
                "after {steps} steps {:.0} % of the moving average is still the untrained network: train \
                 longer, or lower train.ema (now {})",
                100.0 * untrained,
                self.ema
            )
        })
    }

    /// Checks every setting.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        let not_negative = |v: f64| v >= 0.0 && v.is_finite();
        check(
            "batch-size",
            self.batch_size,
            self.batch_size > 1,
            "at least 2, batch statistics need two rows",
        )?;
        at_least("accumulate", self.accumulate, 1)?;
        positive("learning-rate", self.learning_rate)?;
        check(
            "weight-decay",
            self.weight_decay,
            not_negative(self.weight_decay),
            "a finite number, 0 or above",
        )?;
        check(
            "clip",
            self.clip,
            not_negative(self.clip),
            "a finite number above 0, or 0 for no limit",
        )?;
        check(
            "ema",
            self.ema,
            (0.0..1.0).contains(&self.ema),
            "a decay below 1, or 0 for no average",
        )?;
        at_least("early-stop-lag", self.early_stop_lag, 1)?;
        at_least("replicas", self.replicas, 1)?;
        let alone = self.replicas == 1;
        check(
            "clip",
            self.clip,
            alone || self.clip == 0.0,
            "0 beside replicas: the norm would be that of all of them",
        )?;
        check(
            "precision",
            "bf16",
            alone || self.precision == Precision::F32,
            "f32 beside replicas",
        )
    }

    /// Whether networks that cannot be trained as one are asked to.
    ///
    /// # Errors
    /// [`Setting`] for `replicas` above 1.
    pub fn check_alone(&self) -> Result<(), Setting> {
        check("replicas", self.replicas, self.replicas == 1, ALONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_of_few_steps_is_reported() {
        let with = |ema| TrainConfig {
            ema,
            ..TrainConfig::default()
        };
        let warning = with(0.99).stale_average(24).unwrap();
        assert!(warning.starts_with("after 24 steps 79 % of"), "{warning}");
        assert_eq!(with(0.99).stale_average(400), None);
        assert_eq!(with(0.99).stale_average(0), None); // untrained is what was asked for
        assert_eq!(with(0.0).stale_average(1), None);
        let ramped = TrainConfig {
            ema_ramp: true,
            ..with(0.99)
        };
        assert_eq!(ramped.stale_average(24), None);
    }

    #[test]
    fn the_defaults_are_the_published_ones() {
        let text = toml::to_string(&TrainConfig::default()).unwrap();
        let expected = "\
epochs = 400
steps = 0
batch-size = 64
accumulate = 1
drop-last = true
optimizer = \"adam\"
learning-rate = 0.0001
weight-decay = 0.0005
warm-up = 0
decay = \"constant\"
clip = 0.0
ema = 0.0
precision = \"f32\"
early-stop-after = 50
early-stop-lag = 39
";
        assert_eq!(text, expected);
        assert_eq!(
            toml::from_str::<TrainConfig>("").unwrap(),
            TrainConfig::default()
        );
        TrainConfig::default().check().unwrap();
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            (
                "batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
            ("accumulate = 0", "accumulate = 0: expected at least 1"),
            (
                "learning-rate = nan",
                "learning-rate = NaN: expected a finite number above 0",
            ),
            (
                "weight-decay = -1.0",
                "weight-decay = -1: expected a finite number, 0 or above",
            ),
            (
                "clip = inf",
                "clip = inf: expected a finite number above 0, or 0 for no limit",
            ),
            (
                "ema = 1.0",
                "ema = 1: expected a decay below 1, or 0 for no average",
            ),
            (
                "early-stop-lag = 0",
                "early-stop-lag = 0: expected at least 1",
            ),
            ("replicas = 0", "replicas = 0: expected at least 1"),
            (
                "replicas = 2\nclip = 1.0",
                "clip = 1: expected 0 beside replicas: the norm would be that of all of them",
            ),
            (
                "replicas = 2\nprecision = 'bf16'",
                "precision = bf16: expected f32 beside replicas",
            ),
        ] {
            let config: TrainConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn replicas_are_written_where_there_are_any() {
        let config: TrainConfig = toml::from_str("replicas = 8").unwrap();
        config.check().unwrap();
        assert!(
            toml::to_string(&config)
                .unwrap()
                .ends_with("replicas = 8\n")
        );
        let one: TrainConfig = toml::from_str("replicas = 1").unwrap();
        assert!(!toml::to_string(&one).unwrap().contains("replicas"));
        one.check_alone().unwrap();
        assert!(config.check_alone().is_err());
    }

    #[test]
    fn typos_stop() {
        for text in [
            "epoch = 3",
            "optimizer = 'adam-w'",
            "decay = 'cos'",
            "warm_up = 3",
        ] {
            assert!(toml::from_str::<TrainConfig>(text).is_err(), "{text}");
        }
    }
}
