use detector::settings::check;
use detector::{Detector, DetectorError, Input, Progress, Scorer, State};
use diffusion_core::{Process, ScheduleConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use tch::nn::Path;
use training::{
    BoxError, Decay, NetworkScorer, Optimizer, Plan, Runtime, SampleShape, TrainConfig,
    check_widths,
};

use crate::categorical::Categorical;
use crate::conv_net::ConvNet;
use crate::published::{self, SCHEDULE};
use crate::settings;
use crate::{DteError, Softmax};

/// [DTE-C](crate::DteCategorical) over images: the bin of diffusion time is predicted by a small
/// convolutional network. The paper has rows alone; network and training are ours.
///
/// Bytes become numbers in [−1, 1]; noise is added as for rows, `x_t = x_0 + √(1−ᾱ_t)·ε`.
#[derive(Debug, Clone)]
pub struct DteConvolutional {
    config: DteConvolutionalConfig,
    runtime: Runtime,
}

/// Settings of [`DteConvolutional`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct DteConvolutionalConfig {
    /// Diffusion steps `T`.
    pub steps: usize,
    /// Bins of diffusion time, the classes of the network, 2 to the steps of the schedule.
    pub bins: usize,
    /// How often the softmax is applied in the loss.
    pub softmax: Softmax,
    /// Channels of the convolutions, each a multiple of `groups`; every one but the first halves the
    /// image.
    pub channels: Vec<usize>,
    /// Groups of the group norms.
    pub groups: usize,
    /// Dropout before the last layer, in [0, 1).
    pub dropout: f64,
    /// β of each step.
    pub schedule: ScheduleConfig,
    /// How the network is trained.
    #[serde(deserialize_with = "train")]
    pub train: TrainConfig,
}

impl Default for DteConvolutionalConfig {
    /// Steps, bins and schedule are the authors'; the cross-entropy is that of the paper's text, the
    /// rest ours.
    fn default() -> Self {
        Self {
            steps: 400,
            bins: 7,
            softmax: Softmax::Single,
            channels: vec![16, 32, 64],
            groups: 8,
            dropout: 0.0,
            schedule: SCHEDULE,
            train: TrainConfig {
                steps: 600,
                optimizer: Optimizer::AdamW,
                warm_up: 50,
                decay: Decay::Cosine,
                ..published::train(400, 1e-3, 1e-4)
            },
        }
    }
}

fn train<'de, D: Deserializer<'de>>(given: D) -> Result<TrainConfig, D::Error> {
    DteConvolutionalConfig::default().train.overlaid(given)
}

impl DteConvolutionalConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`DteError`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), DteError> {
        settings::check_bins(self.bins, &self.schedule, self.steps)?;
        check_widths("channels", &self.channels)?;
        settings::check_dropout(self.dropout)?;
        let groups = self.groups;
        let divides = groups > 0 && self.channels.iter().all(|c| c.is_multiple_of(groups));
        check("groups", groups, divides, "a divisor of all channels")?;
        Ok(self.train.check()?)
    }
}

impl DteConvolutional {
    /// A detector with checked settings; nothing touches the device before [`fit`](Detector::fit).
    ///
    /// # Errors
    /// [`DteError`] for settings out of range.
    pub fn new(config: DteConvolutionalConfig, runtime: Runtime) -> Result<Self, DteError> {
        config.check()?;
        Ok(Self { config, runtime })
    }

    fn plan(&self) -> Plan<'_, (&str, &DteConvolutionalConfig)> {
        Plan {
            description: ("dte-c-conv", &self.config),
            train: &self.config.train,
            runtime: &self.runtime,
        }
    }

    fn network(&self, vs: &Path<'_>, shape: SampleShape) -> Result<Categorical, BoxError> {
        let config = &self.config;
        let schedule = config.schedule.build(config.steps)?;
        let ([c, ..], bins) = (shape.image(), config.bins);
        let net = ConvNet::new(vs, c, &config.channels, config.groups, bins, config.dropout);
        let process = Process::new(schedule, vs.device())?;
        Ok(Categorical::over(
            Box::new(net),
            process,
            bins,
            config.softmax,
        ))
    }
}

impl Detector for DteConvolutional {
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let shape = SampleShape::of_images(x)?;
        let build = |vs: &Path<'_>, shape| self.network(vs, shape);
        let scorer = NetworkScorer::fit(&self.plan(), x, shape, seed, progress, build)?;
        Ok(Box::new(scorer))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        let build = |vs: &Path<'_>, shape| self.network(vs, shape);
        Ok(Box::new(NetworkScorer::restore(
            &self.plan(),
            state,
            build,
        )?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            ("bins = 1", "bins = 1: expected 2 to the number of steps"),
            (
                "groups = 5",
                "groups = 5: expected a divisor of all channels",
            ),
            (
                "channels = []",
                "channels = []: expected at least one hidden layer, each of 1 to 1048576",
            ),
            (
                "train.batch-size = 1",
                "batch-size = 1: expected at least 2, batch statistics need two rows",
            ),
        ] {
            let config: DteConvolutionalConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
        // What is left out of `train` stays this method's own.
        let config: DteConvolutionalConfig = toml::from_str("train.epochs = 3").unwrap();
        assert_eq!(config.train.steps, 600);
        DteConvolutionalConfig::default().check().unwrap();
    }
}
