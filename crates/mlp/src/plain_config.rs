use serde::{Deserialize, Serialize};
use settings::{Setting, in_range};

use crate::config::{MAX_WIDTH, check_d_time, check_parameters};

/// Widths and activation of the plain [`Mlp`](crate::Mlp).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MlpConfig {
    /// Widths of the hidden layers, at least one.
    pub widths: Vec<usize>,
    /// Numbers in the time's sinusoids, even.
    pub d_time: usize,
    /// How the time enters.
    pub time: TimeInput,
    /// What follows each hidden layer.
    pub activation: Activation,
    /// Whether the network also predicts the variance, in as many numbers again.
    pub learn_variance: bool,
}

/// How the time enters a plain [`Mlp`](crate::Mlp).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TimeInput {
    /// The sinusoids stand beside `x_t` as further inputs of the first layer.
    Concatenate,
    /// The sinusoids go through Linear → activation → Linear and are added to what the first layer
    /// says, before its activation.
    Add,
}

/// What follows each hidden layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x/(1 + e^(−x))`.
    Silu,
}

impl Default for MlpConfig {
    /// Ours: the widths and sinusoids of TCCM (`ZhongLIFR/TCCM-NIPS`), whose network over embeddings
    /// and tables is of this kind, with SiLU.
    fn default() -> Self {
        Self {
            widths: vec![256, 256],
            d_time: 128,
            time: TimeInput::Concatenate,
            activation: Activation::Silu,
            learn_variance: false,
        }
    }
}

impl MlpConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        in_range("number of widths", self.widths.len(), 1..=1000)?;
        for &width in &self.widths {
            in_range("widths", width, 1..=MAX_WIDTH)?;
        }
        check_d_time(self.d_time)?;
        self.check_parameters(1)
    }

    /// Whether a network for rows of `d` numbers can be allocated.
    pub(crate) fn check_parameters(&self, d: usize) -> Result<(), Setting> {
        let (first, last) = (self.widths[0], self.widths[self.widths.len() - 1]);
        let d_out = d.saturating_mul(1 + usize::from(self.learn_variance));
        let pairs = self.widths.windows(2).map(|pair| (pair[0], pair[1]));
        let time = match self.time {
            TimeInput::Concatenate => [(self.d_time, first), (0, 0)],
            TimeInput::Add => [(self.d_time, first), (first, first)],
        };
        check_parameters(pairs.chain([(d, first), (last, d_out)]).chain(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_in_a_file() {
        let text = toml::to_string(&MlpConfig::default()).unwrap();
        assert_eq!(
            text,
            "widths = [256, 256]\nd-time = 128\ntime = \"concatenate\"\nactivation = \"silu\"\n\
             learn-variance = false\n"
        );
        MlpConfig::default().check().unwrap();
    }

    #[test]
    fn impossible_settings_are_named() {
        for (text, message) in [
            ("widths = []", "number of widths = 0: expected 1 to 1000"),
            (
                "widths = [65536, 65536]",
                "weights of the network = 4303683585: expected at most 2147483648",
            ),
            ("widths = [3, 0]", "widths = 0: expected 1 to 1048576"),
            (
                "d-time = 5",
                "d-time = 5: expected an even number, 2 to 1048576",
            ),
        ] {
            let config: MlpConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
        assert!(toml::from_str::<MlpConfig>("activation = \"gelu\"").is_err());
    }
}
