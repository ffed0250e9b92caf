use detector::settings::{Setting, check};
use diffusion_core::Noise;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a diffusion detector over images has beyond one over rows: the table `[images]` in a
/// configuration file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ImagesConfig {
    /// Noise of training and of scoring.
    pub noise: Noise,
    /// Mirror half of the training images, left for right.
    ///
    /// Which ones is drawn anew in every batch.
    pub flip: bool,
    /// Standard deviation of the Gaussian that smooths a map, in pixels; 0 does not.
    pub map_sigma: f64,
    /// Quantile of the pixels of training images' smoothed maps that becomes 1.
    pub map_quantile: f64,
}

impl Default for ImagesConfig {
    /// Gaussian noise as in Ho et al. 2020; the rest is ours.
    fn default() -> Self {
        Self {
            noise: Noise::Gaussian,
            flip: false,
            map_sigma: 1.0,
            map_quantile: 0.99,
        }
    }
}

impl ImagesConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        let sigma = (0.0..=1000.0).contains(&self.map_sigma);
        check("map-sigma", self.map_sigma, sigma, "0 to 1000 pixels")?;
        check(
            "map-quantile",
            self.map_quantile,
            self.map_quantile > 0.0 && self.map_quantile <= 1.0,
            "a share above 0, at most 1",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_in_a_file() {
        let text = toml::to_string(&ImagesConfig::default()).unwrap();
        let expected = "\
noise = \"gaussian\"
flip = false
map-sigma = 1.0
map-quantile = 0.99
";
        assert_eq!(text, expected);
        ImagesConfig::default().check().unwrap();
        assert!(toml::from_str::<ImagesConfig>("flips = true").is_err());
    }

    #[test]
    fn settings_out_of_range_are_named() {
        for (text, message) in [
            (
                "map-sigma = -1.0",
                "map-sigma = -1: expected 0 to 1000 pixels",
            ),
            (
                "map-sigma = nan",
                "map-sigma = NaN: expected 0 to 1000 pixels",
            ),
            (
                "map-quantile = 0.0",
                "map-quantile = 0: expected a share above 0, at most 1",
            ),
        ] {
            let config: ImagesConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }
}
