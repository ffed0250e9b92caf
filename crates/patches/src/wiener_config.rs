use detector::settings::{Setting, at_least, check, positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Align, MapConfig, PatchConfig};

/// Settings of [`PatchWiener`](crate::PatchWiener).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PatchWienerConfig {
    /// Share of the training patches that is remembered.
    pub share: f64,
    /// Patches that are remembered, at most, whatever the share.
    pub most: usize,
    /// The number `K` of nearest remembered patches whose mean a patch is compared with.
    pub neighbours: usize,
    /// The noise `σ²` in units of the mean variance of what training patches differ by from that mean.
    pub noise: f64,
    /// Training patches whose differences make the covariance, at most.
    pub draws: usize,
    /// How the part on each image is turned before anything else.
    pub align: Align,
    /// What a patch is.
    pub patches: PatchConfig,
    /// How distances become a map.
    pub map: MapConfig,
}

impl Default for PatchWienerConfig {
    /// Chosen on the labels of MVTec AD's screw and toothbrush.
    fn default() -> Self {
        Self {
            share: 0.25,
            most: 262_144,
            neighbours: 3,
            noise: 3.0,
            draws: 4000,
            align: Align::None,
            patches: PatchConfig::default(),
            map: MapConfig::default(),
        }
    }
}

impl PatchWienerConfig {
    pub(crate) fn check(&self) -> Result<(), Setting> {
        self.patches.check()?;
        self.map.check()?;
        let fine = self.share > 0.0 && self.share <= 1.0;
        check("share", self.share, fine, "above 0, at most 1")?;
        at_least("most", self.most, 1)?;
        at_least("neighbours", self.neighbours, 1)?;
        positive("noise", self.noise)?;
        at_least("draws", self.draws, 1)
    }
}
