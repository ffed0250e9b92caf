use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use settings::{Setting, at_most, check, in_range};

/// Widths and dropout of the [`ResidualMlp`](crate::ResidualMlp).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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

/// The widest layer that is built; beyond it a typo is likelier than a wish.
pub(crate) const MAX_WIDTH: usize = 1 << 20;

impl ResidualMlpConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        at_most("n-blocks", self.n_blocks, 1000)?;
        in_range("d-main", self.d_main, 1..=MAX_WIDTH)?;
        in_range("d-hidden", self.d_hidden, 1..=MAX_WIDTH)?;
        check_d_time(self.d_time)?;
        for (name, value) in [
            ("dropout-first", self.dropout_first),
            ("dropout-second", self.dropout_second),
        ] {
            let valid = (0.0..1.0).contains(&value);
            check(name, value, valid, "a share from 0 up to 1, 1 excluded")?;
        }
        self.check_parameters(1)
    }

    /// Whether a network for rows of `d` numbers can be allocated.
    pub(crate) fn check_parameters(&self, d: usize) -> Result<(), Setting> {
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
) -> Result<(), Setting> {
    let size = |(from, to): (usize, usize)| from.saturating_add(1).saturating_mul(to);
    let value = layers.into_iter().map(size).fold(0, usize::saturating_add);
    at_most("weights of the network", value, MAX_PARAMETERS)
}

/// Sines and cosines of a time go in pairs.
pub(crate) fn check_d_time(value: usize) -> Result<(), Setting> {
    let valid = (1..=MAX_WIDTH).contains(&value) && value.is_multiple_of(2);
    check("d-time", value, valid, "an even number, 2 to 1048576")
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
            ("d-main = 0", "d-main = 0: expected 1 to 1048576"),
            (
                "d-time = 7",
                "d-time = 7: expected an even number, 2 to 1048576",
            ),
            (
                "dropout-first = 1.0",
                "dropout-first = 1: expected a share from 0 up to 1, 1 excluded",
            ),
            (
                "dropout-second = nan",
                "dropout-second = NaN: expected a share from 0 up to 1, 1 excluded",
            ),
        ] {
            let config: ResidualMlpConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
        let config: ResidualMlpConfig = toml::from_str("d-main = 1048576\nn-blocks = 9").unwrap();
        assert_eq!(
            config.check().unwrap_err().to_string(),
            "weights of the network = 5114039041: expected at most 2147483648"
        );
        config_of_width(1 << 20).check().unwrap();
        let error = config_of_width(1 << 20).check_parameters(2000).unwrap_err();
        assert!(error.to_string().contains("at most 2147483648"), "{error}");
        assert!(toml::from_str::<ResidualMlpConfig>("d_main = 3").is_err());
    }
}
