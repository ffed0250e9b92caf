use serde::{Deserialize, Serialize};

/// Widths and dropout of the [`ResidualMlp`](crate::ResidualMlp).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ResidualMlpConfig {
    /// Residual blocks.
    pub n_blocks: usize,
    /// Width between the blocks.
    pub d_main: usize,
    /// Width inside a block.
    pub d_hidden: usize,
    /// Width of the time embedding, even.
    pub d_time: usize,
    /// Dropout after a block's activation, in [0, 1).
    pub dropout_first: f64,
    /// Dropout at a block's end, in [0, 1).
    pub dropout_second: f64,
}

impl Default for ResidualMlpConfig {
    /// The authors' code for arXiv:2305.18593 (vicliv/DTE, `diffusion/ddpm.py`).
    fn default() -> Self {
        Self {
            n_blocks: 3,
            d_main: 128,
            d_hidden: 256,
            d_time: 256,
            dropout_first: 0.4,
            dropout_second: 0.1,
        }
    }
}

/// Why a network cannot be built.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MlpError {
    /// A width or count outside its range.
    #[error("{name} = {value}, expected {expected}")]
    Size {
        /// The setting.
        name: &'static str,
        /// The value given.
        value: usize,
        /// What would be valid.
        expected: &'static str,
    },
    /// A share of dropped units outside its range.
    #[error("{name} = {value}, expected a share from 0 up to 1, 1 excluded")]
    Dropout {
        /// The setting.
        name: &'static str,
        /// The value given.
        value: f64,
    },
}

/// The widest layer that is built; beyond it a typo is likelier than a wish.
const MAX_WIDTH: usize = 1 << 20;

impl ResidualMlpConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`MlpError`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), MlpError> {
        let sizes = [
            (
                "n-blocks",
                self.n_blocks,
                self.n_blocks <= 1000,
                "at most 1000",
            ),
            ("d-main", self.d_main, in_width(self.d_main), "1 to 1048576"),
            (
                "d-hidden",
                self.d_hidden,
                in_width(self.d_hidden),
                "1 to 1048576",
            ),
            (
                "d-time",
                self.d_time,
                in_width(self.d_time) && self.d_time.is_multiple_of(2),
                "an even number, 2 to 1048576",
            ),
        ];
        for (name, value, valid, expected) in sizes {
            if !valid {
                return Err(MlpError::Size {
                    name,
                    value,
                    expected,
                });
            }
        }
        for (name, value) in [
            ("dropout-first", self.dropout_first),
            ("dropout-second", self.dropout_second),
        ] {
            if !(0.0..1.0).contains(&value) {
                return Err(MlpError::Dropout { name, value });
            }
        }
        self.check_parameters(1)
    }

    /// Whether a network for rows of `d` numbers can be allocated.
    pub(crate) fn check_parameters(&self, d: usize) -> Result<(), MlpError> {
        let (main, hidden, time) = (self.d_main, self.d_hidden, self.d_time);
        let block = [(main, hidden), (hidden, main)];
        let blocks = (0..self.n_blocks).flat_map(|_| block);
        let others = [
            (d, main),
            (main, d),
            (time, time),
            (time, time),
            (time, main),
        ];
        check_parameters(blocks.chain(others))
    }
}

/// The most numbers of a network that are allocated: 8 GiB, and Adam's two moments besides.
const MAX_PARAMETERS: usize = 1 << 31;

/// Linear layers of these inputs and outputs fit together into what is allocated.
pub(crate) fn check_parameters(
    layers: impl IntoIterator<Item = (usize, usize)>,
) -> Result<(), MlpError> {
    let size = |(from, to): (usize, usize)| from.saturating_add(1).saturating_mul(to);
    let value = layers.into_iter().map(size).fold(0, usize::saturating_add);
    if value <= MAX_PARAMETERS {
        return Ok(());
    }
    Err(MlpError::Size {
        name: "weights of the network",
        value,
        expected: "at most 2147483648",
    })
}

pub(crate) fn in_width(value: usize) -> bool {
    (1..=MAX_WIDTH).contains(&value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_published_ones() {
        let text = toml::to_string(&ResidualMlpConfig::default()).unwrap();
        assert_eq!(
            text,
            "n-blocks = 3\nd-main = 128\nd-hidden = 256\nd-time = 256\n\
             dropout-first = 0.4\ndropout-second = 0.1\n"
        );
        ResidualMlpConfig::default().check().unwrap();
    }

    fn config_of_width(d_main: usize) -> ResidualMlpConfig {
        ResidualMlpConfig {
            d_main,
            ..ResidualMlpConfig::default()
        }
    }

    #[test]
    fn impossible_settings_are_named() {
        for (text, message) in [
            ("d-main = 0", "d-main = 0, expected 1 to 1048576"),
            (
                "d-time = 7",
                "d-time = 7, expected an even number, 2 to 1048576",
            ),
            (
                "dropout-first = 1.0",
                "dropout-first = 1, expected a share from 0 up to 1, 1 excluded",
            ),
            (
                "dropout-second = nan",
                "dropout-second = NaN, expected a share from 0 up to 1, 1 excluded",
            ),
        ] {
            let config: ResidualMlpConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
        let config: ResidualMlpConfig = toml::from_str("d-main = 1048576\nn-blocks = 9").unwrap();
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "weights of the network = 5114039041, expected at most 2147483648"
        );
        config_of_width(1 << 20).check().unwrap();
        let error = config_of_width(1 << 20).check_parameters(2000).unwrap_err();
        assert!(error.to_string().contains("at most 2147483648"), "{error}");
        assert!(toml::from_str::<ResidualMlpConfig>("d_main = 3").is_err());
    }
}
