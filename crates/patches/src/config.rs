use detector::settings::{Setting, at_least, check, in_range};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Channels of the outputs of EfficientNet-Lite0's blocks.
const CHANNELS: [usize; 16] = [
    16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320,
];

/// What a patch is: which feature maps it is taken from and how many numbers are kept of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchConfig {
    /// Blocks of EfficientNet-Lite0, 0 to 15, whose outputs make a patch.
    pub blocks: Vec<usize>,
    /// Patches along each side of an image, whatever its size.
    pub grid: usize,
    /// Principal components that are kept, at most.
    pub components: usize,
    /// Training patches that the components are found on, at most.
    pub sample: usize,
}

impl Default for PatchConfig {
    /// Strides 4, 8 and 16 of an image of 256 pixels.
    fn default() -> Self {
        Self {
            blocks: vec![2, 4, 10],
            grid: 32,
            components: 128,
            sample: 60_000,
        }
    }
}

/// How distances of patches become a map over pixels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MapConfig {
    /// Standard deviation of the Gaussian that smooths a map, in pixels; 0 leaves it as it is.
    pub smoothing: f64,
}

impl Default for MapConfig {
    /// PaDiM's and PatchCore's.
    fn default() -> Self {
        Self { smoothing: 4.0 }
    }
}

impl PatchConfig {
    pub(crate) fn check(&self) -> Result<(), Setting> {
        let blocks = !self.blocks.is_empty() && self.blocks.iter().all(|&block| block < 16);
        let value = format!("{:?}", self.blocks);
        check("patches.blocks", value, blocks, "numbers from 0 to 15")?;
        in_range("patches.grid", self.grid, 1..=512)?;
        at_least("patches.components", self.components, 1)?;
        at_least("patches.sample", self.sample, 2)
    }

    /// The first blocks of the network that are run.
    pub(crate) fn n_blocks(&self) -> usize {
        self.blocks.iter().max().map_or(0, |&last| last + 1)
    }

    /// Numbers of a patch before anything is left out.
    pub(crate) fn channels(&self) -> usize {
        self.blocks.iter().map(|&block| CHANNELS[block]).sum()
    }

    /// Numbers of a patch.
    pub(crate) fn width(&self) -> usize {
        self.components.min(self.channels())
    }

    /// Rows and columns of patches where images stay as they are.
    pub(crate) fn square(&self) -> [usize; 2] {
        [self.grid; 2]
    }

    /// Patches of an image.
    pub(crate) fn n_patches(&self) -> usize {
        self.grid * self.grid
    }
}

impl MapConfig {
    pub(crate) fn check(&self) -> Result<(), Setting> {
        let fine = (0.0..=256.0).contains(&self.smoothing);
        check("map.smoothing", self.smoothing, fine, "0 to 256 pixels")
    }
}
