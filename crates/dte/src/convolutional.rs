use detector::settings::check;
use detector::{DetectorError, Input};
use diffusion_core::{Process, ScheduleConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::nn::Path;
use training::{
    BoxError, Decay, NetworkDetector, NetworkMethod, Optimizer, SampleShape, TrainConfig,
    check_widths, own_train,
};

use crate::categorical::Categorical;
use crate::conv_net::ConvNet;
use crate::published::{self, SCHEDULE};
use crate::{Softmax, settings};

/// [DTE-C](crate::DteCategorical) over images: the bin of diffusion time is predicted by a small
/// convolutional network. The paper has rows alone; network and training are ours.
///
/// Bytes become numbers in [−1, 1]; noise is added as for rows, `x_t = x_0 + √(1−ᾱ_t)·ε`.
pub type DteConvolutional = NetworkDetector<DteConvolutionalConfig>;

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
    #[serde(deserialize_with = "own_train::<DteConvolutionalConfig, _>")]
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

impl NetworkMethod for DteConvolutionalConfig {
    const NAME: &'static str = "dte-c-conv";

    type Network = Categorical;

    fn check(&self) -> Result<(), DetectorError> {
        settings::check_bins(self.bins, &self.schedule, self.steps)?;
        check_widths("channels", &self.channels)?;
        settings::check_dropout(self.dropout)?;
        let groups = self.groups;
        let divides = groups > 0 && self.channels.iter().all(|c| c.is_multiple_of(groups));
        check("groups", groups, divides, "a divisor of all channels")?;
        Ok(self.train.check()?)
    }

    fn train(&self) -> &TrainConfig {
        &self.train
    }

    fn shape(&self, x: Input<'_>) -> Result<SampleShape, DetectorError> {
        SampleShape::of_images(x)
    }

    fn network(&self, vs: &Path<'_>, shape: SampleShape) -> Result<Categorical, BoxError> {
        let ([c, ..], bins) = (shape.image(), self.bins);
        let net = ConvNet::new(vs, c, &self.channels, self.groups, bins, self.dropout);
        let process = Process::new(self.schedule.build(self.steps)?, vs.device())?;
        let net = Box::new(net);
        Ok(Categorical::over(net, process, bins, self.softmax))
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
