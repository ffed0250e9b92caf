use detector::settings::{Setting, check};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::PatchesError;

/// Which patches of a map are hidden together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MaskConfig {
    /// Side of a hidden square, in patches.
    pub block: usize,
    /// Masks that together hide every patch once; 2 make a checkerboard.
    ///
    /// Each hides one square in so many.
    pub parts: usize,
}

impl Default for MaskConfig {
    /// Squares of 32 pixels where an image of 256 has 32 patches a side.
    fn default() -> Self {
        Self { block: 4, parts: 2 }
    }
}

impl MaskConfig {
    pub(crate) fn check(&self, grid: usize) -> Result<(), Setting> {
        let block = self.block > 0 && 2 * self.block <= grid;
        let expected = "at least 1, and two squares along the grid";
        check("mask.block", self.block, block, expected)?;
        let squares = grid.div_ceil(self.block.max(1));
        let parts = (2..=squares).contains(&self.parts);
        let expected = "at least 2, at most the squares along the grid";
        check("mask.parts", self.parts, parts, expected)
    }

    /// The masks, 1 where a patch is hidden.
    ///
    /// # Formula
    /// The square in row `i` and column `j` is hidden by mask `(⌊parts/2⌋·i + j) mod parts`, so that
    /// squares of one mask touch at their corners at most.
    ///
    /// # Shapes
    /// → `[parts, 1, grid, grid]`, float.
    pub(crate) fn masks(&self, grid: usize, device: Device) -> Result<Tensor, PatchesError> {
        let (block, parts) = (self.block, self.parts);
        let place = |i: usize| (i / grid / block, i % grid / block);
        let of = |mask: usize| {
            (0..grid * grid).map(move |i| {
                let (row, column) = place(i);
                f32::from((parts / 2 * row + column) % parts == mask)
            })
        };
        let values: Vec<f32> = (0..parts).flat_map(of).collect();
        let (m, g) = (parts as i64, grid as i64);
        let masks = Tensor::f_from_slice(&values)?.f_view([m, 1, g, g])?;
        Ok(masks.f_to_device(device)?.f_to_kind(Kind::Float)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks(block: usize, parts: usize, grid: usize) -> Tensor {
        let config = MaskConfig { block, parts };
        config.check(grid).unwrap();
        config.masks(grid, Device::Cpu).unwrap()
    }

    #[test]
    fn every_patch_is_hidden_once() {
        for (block, parts, grid) in [(1, 2, 8), (4, 2, 32), (2, 4, 8), (3, 3, 10), (2, 5, 11)] {
            let masks = masks(block, parts, grid);
            let (m, g) = (parts as i64, grid as i64);
            assert_eq!(masks.size(), [m, 1, g, g]);
            let together = masks.sum_dim_intlist(0, false, Kind::Float);
            assert!(together.equal(&together.ones_like()), "{block} {parts}");
        }
    }

    #[test]
    fn two_are_a_checkerboard_of_squares() {
        let first = masks(2, 2, 6).get(0).get(0);
        let row = |i: i64| Vec::<f32>::try_from(first.get(i)).unwrap();
        assert_eq!(row(1), [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(row(2), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
    }

    #[test]
    fn squares_of_one_mask_share_no_edge() {
        for parts in 2..6 {
            let all = masks(1, parts, 9);
            for axis in [2, 3] {
                let both = all.narrow(axis, 0, 8) * all.narrow(axis, 1, 8);
                assert_eq!(both.max().double_value(&[]), 0.0, "{parts}");
            }
        }
    }
}
