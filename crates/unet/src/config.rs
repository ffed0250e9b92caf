use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use settings::{Setting, at_most, check, in_range, multiple_of_other};

/// Sizes of the [`Unet`](crate::Unet).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct UnetConfig {
    /// Channels of the first level, even and a multiple of `groups`.
    pub channels: usize,
    /// Channels of each level, in units of `channels`; the image is halved between two.
    pub multipliers: Vec<usize>,
    /// Residual blocks of a level.
    ///
    /// On the way down; on the way up it has one more.
    pub blocks: usize,
    /// Longer sides of the feature maps that have attention, in pixels; the middle always has it.
    pub attention: Vec<usize>,
    /// Attention heads.
    pub heads: usize,
    /// Groups of the group norms.
    pub groups: usize,
    /// Whether a block takes the noise level as scale and shift, or adds it.
    ///
    /// As scale and shift after its second norm, `h·(1+s) + b`, or, without it, added before.
    pub scale_shift: bool,
    /// Dropout before the last convolution of a block, in [0, 1).
    pub dropout: f64,
    /// Whether the network also predicts the variance.
    ///
    /// In as many channels again.
    pub learn_variance: bool,
    /// Whether the channel is the fastest axis in memory: for GPUs.
    ///
    /// Tensor cores like it. The numbers are the same up to rounding.
    pub channels_last: bool,
}

impl Default for UnetConfig {
    /// [`ho_cifar10`](Self::ho_cifar10).
    fn default() -> Self {
        Self::ho_cifar10()
    }
}

/// The published sizes.
impl UnetConfig {
    /// The network of Ho et al. 2020 (arXiv:2006.11239, appendix B) for CIFAR-10: 35.7 million
    /// parameters at three channels. For images of 32 pixels: attention is at 16.
    pub fn ho_cifar10() -> Self {
        Self {
            channels: 128,
            multipliers: vec![1, 2, 2, 2],
            blocks: 2,
            attention: vec![16],
            heads: 1,
            groups: 32,
            scale_shift: false,
            dropout: 0.1,
            learn_variance: false,
            channels_last: false,
        }
    }

    /// The networks of Nichol & Dhariwal 2021 (arXiv:2102.09672, section 6) for ImageNet at 64 pixels:
    /// `channels` = 64, 96, 128 or 192 are published with 30, 68, 120 and 270 million parameters.
    pub fn improved_imagenet64(channels: usize) -> Self {
        Self {
            channels,
            multipliers: vec![1, 2, 3, 4],
            blocks: 3,
            attention: vec![16, 8],
            heads: 4,
            scale_shift: true,
            dropout: 0.0,
            learn_variance: true,
            ..Self::ho_cifar10()
        }
    }

    /// The channel multipliers that openai/guided-diffusion takes for square images of `side` pixels:
    /// 32, 64, 128 or 256.
    pub fn multipliers_for(side: usize) -> Option<Vec<usize>> {
        match side {
            32 => Some(vec![1, 2, 2, 2]),
            64 => Some(vec![1, 2, 3, 4]),
            128 => Some(vec![1, 1, 2, 3, 4]),
            256 => Some(vec![1, 1, 2, 2, 4, 4]),
            _ => None,
        }
    }
}

/// The widest layer that is built; beyond it a typo is likelier than a wish.
const MAX_CHANNELS: usize = 1 << 14;
/// The most numbers of a network that are allocated: 8 GiB, and Adam's two moments besides.
const MAX_PARAMETERS: usize = 1 << 31;

impl UnetConfig {
    /// The factor by which the smallest feature map is smaller than the image: both sides have to be
    /// multiples of it.
    pub fn down_sampling(&self) -> usize {
        1 << self.multipliers.len().saturating_sub(1).min(32)
    }

    /// Width of the embedded noise level, `4C`.
    pub(crate) fn d_time(&self) -> usize {
        4 * self.channels
    }

    /// How many outputs stand for one channel: its mean, and its variance where learned.
    pub(crate) fn outputs(&self) -> usize {
        1 + usize::from(self.learn_variance)
    }

    /// Checks every setting that does not depend on the image.
    ///
    /// # Errors
    /// [`Setting`] naming the first setting outside its range.
    pub fn check(&self) -> Result<(), Setting> {
        let Self { channels, .. } = *self;
        in_range("channels", channels, 1..=MAX_CHANNELS)?;
        check(
            "multipliers",
            format!("{:?}", self.multipliers),
            (1..=8).contains(&self.multipliers.len())
                && self.multipliers.iter().all(|m| (1..=64).contains(m)),
            "1 to 8 levels of 1 to 64 each",
        )?;
        in_range("blocks", self.blocks, 1..=64)?;
        for (name, value) in [("groups", self.groups), ("heads", self.heads)] {
            let valid = (1..=channels).contains(&value);
            check(name, value, valid, "1 to the channels")?;
        }
        multiple_of_other("channels", channels, ("its sines and cosines", 2))?;
        multiple_of_other("channels", channels, ("groups", self.groups))?;
        multiple_of_other("channels", channels, ("heads", self.heads))?;
        check(
            "dropout",
            self.dropout,
            (0.0..1.0).contains(&self.dropout),
            "a share from 0 up to 1, 1 excluded",
        )
    }

    /// [`check`](Self::check), and whether the network fits images of `[c, h, w]` and into memory.
    pub(crate) fn check_image(&self, image: [usize; 3]) -> Result<(), Setting> {
        self.check()?;
        let [c, h, w] = image;
        for (name, value) in [("channels of the image", c), ("height", h), ("width", w)] {
            in_range(name, value, 1..=1 << 20)?;
        }
        let factor = self.down_sampling();
        multiple_of_other("height", h, ("the down-sampling", factor))?;
        multiple_of_other("width", w, ("the down-sampling", factor))
    }

    pub(crate) fn check_parameters(&self, n: usize) -> Result<(), Setting> {
        at_most("weights of the network", n, MAX_PARAMETERS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_in_a_file() {
        let text = toml::to_string(&UnetConfig::default()).unwrap();
        let expected = "\
channels = 128
multipliers = [1, 2, 2, 2]
blocks = 2
attention = [16]
heads = 1
groups = 32
scale-shift = false
dropout = 0.1
learn-variance = false
channels-last = false
";
        assert_eq!(text, expected);
        assert_eq!(
            toml::from_str::<UnetConfig>("").unwrap(),
            UnetConfig::default()
        );
        UnetConfig::default().check().unwrap();
        assert!(toml::from_str::<UnetConfig>("head = 3").is_err());
    }

    #[test]
    fn impossible_settings_are_named() {
        for (text, message) in [
            ("channels = 0", "channels = 0: expected 1 to 16384"),
            (
                "multipliers = []",
                "multipliers = []: expected 1 to 8 levels of 1 to 64 each",
            ),
            (
                "multipliers = [1, 0]",
                "multipliers = [1, 0]: expected 1 to 8 levels of 1 to 64 each",
            ),
            ("blocks = 0", "blocks = 0: expected 1 to 64"),
            ("groups = 0", "groups = 0: expected 1 to the channels"),
            (
                "channels = 48",
                "channels = 48: expected a multiple of groups = 32",
            ),
            (
                "channels = 7\ngroups = 7",
                "channels = 7: expected a multiple of its sines and cosines = 2",
            ),
            (
                "heads = 3",
                "channels = 128: expected a multiple of heads = 3",
            ),
            (
                "dropout = 1.0",
                "dropout = 1: expected a share from 0 up to 1, 1 excluded",
            ),
        ] {
            let config: UnetConfig = toml::from_str(text).unwrap();
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn images_that_do_not_fit_are_named() {
        let config = UnetConfig::default();
        for (image, message) in [
            (
                [3, 28, 32],
                "height = 28: expected a multiple of the down-sampling = 8",
            ),
            (
                [3, 32, 36],
                "width = 36: expected a multiple of the down-sampling = 8",
            ),
            (
                [0, 32, 32],
                "channels of the image = 0: expected 1 to 1048576",
            ),
            (
                [3, 64, 24],
                "", // the longer side is 64, 32, 16, 8
            ),
            (
                [3, 24, 24],
                "attention = 16: expected one of the resolutions [24, 12, 6, 3]",
            ),
        ] {
            let found = config.n_parameters(image);
            let found = found.err().map_or_else(String::new, |e| e.to_string());
            assert_eq!(found, message);
        }
        let large: UnetConfig = toml::from_str("channels = 16384").unwrap();
        let error = crate::Unet::new(
            &tch::nn::VarStore::new(tch::Device::Cpu).root(),
            [3, 32, 32],
            &large,
        );
        let message = error.unwrap_err().to_string();
        assert!(
            message.ends_with("expected at most 2147483648"),
            "{message}"
        );
    }

    #[test]
    fn multipliers_by_resolution() {
        for (side, levels) in [(32, 4), (64, 4), (128, 5), (256, 6)] {
            let multipliers = UnetConfig::multipliers_for(side).unwrap();
            assert_eq!(multipliers.len(), levels);
        }
        assert_eq!(UnetConfig::multipliers_for(28), None);
    }
}
