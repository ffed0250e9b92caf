//! Feature maps of images as one grid of patches.

use detector::Progress;
use features::{FeaturesError, Lite0Blocks, in_batches};
use ndarray::ArrayView4;
use tch::{Device, Tensor};

use crate::weights::Weights;
use crate::{PatchConfig, PatchesError};

/// The network that makes grids of images.
#[derive(Debug, Clone)]
pub(crate) struct Grids {
    pub(crate) config: PatchConfig,
    /// Rows and columns of patches.
    pub(crate) grid: [usize; 2],
    pub(crate) weights: Weights,
    pub(crate) device: Device,
}

impl Grids {
    /// Sends the grids of `images` batch by batch through `see`, which gets the state that `state` made
    /// for its thread and the patches of the batch, `[b, p, c]`; `finish` gets the number of the batch's
    /// first image and what `see` made.
    pub(crate) fn for_each<S, T: Send>(
        &self,
        images: ArrayView4<'_, u8>,
        progress: &dyn Progress,
        state: impl Fn() -> Result<S, FeaturesError> + Sync,
        see: impl Fn(&S, Tensor) -> Result<Tensor, FeaturesError> + Sync,
        finish: impl Fn(usize, Tensor) -> Result<T, FeaturesError> + Sync,
    ) -> Result<Vec<T>, PatchesError> {
        let device = self.device;
        let (weights, n_blocks) = (self.weights.blocks(), self.config.n_blocks());
        let load = || Ok((Lite0Blocks::new(weights, n_blocks, device)?, state()?));
        let run = |(network, state): &(Lite0Blocks, S), x: &Tensor| {
            let outputs = network.outputs(x, &self.config.blocks)?;
            see(state, laid_over(&outputs, self.grid)?)
        };
        Ok(in_batches(images, device, progress, load, run, finish)?)
    }
}

/// Each output averaged over 3 × 3 neighbours and brought to so many rows and columns, one over the other.
///
/// # Shapes
/// `[b, c_i, h_i, w_i]` each → `[b, rows·columns, Σ c_i]`, patches row by row.
fn laid_over(outputs: &[Tensor], [rows, columns]: [usize; 2]) -> Result<Tensor, FeaturesError> {
    let size = [rows as i64, columns as i64];
    let one = |output: &Tensor| -> Result<Tensor, FeaturesError> {
        // The border counts as 0, as in PatchCore's code: patches there are quieter.
        let mean = output.f_avg_pool2d([3, 3], [1, 1], [1, 1], false, true, None)?;
        Ok(mean.f_upsample_bilinear2d(size, false, None, None)?)
    };
    let maps = outputs.iter().map(one).collect::<Result<Vec<_>, _>>()?;
    let all = Tensor::f_cat(&maps, 1)?; // [b, c, rows, columns]
    Ok(all.f_flatten(2, 3)?.f_transpose(1, 2)?.f_contiguous()?)
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    #[test]
    fn patches_go_row_by_row_and_maps_keep_their_place() {
        // One map at the grid's size, one at twice: a ramp along each axis.
        let size = |n: i64| Tensor::arange(n, (Kind::Float, Device::Cpu));
        let rows = size(4).view([1, 1, 4, 1]).expand([1, 1, 4, 4], false);
        let columns = size(8).view([1, 1, 1, 8]).expand([1, 1, 8, 8], false);
        let patches = laid_over(&[rows.contiguous(), columns.contiguous()], [4, 4]).unwrap();
        assert_eq!(patches.size(), [1, 16, 2]);
        // Patch in row 1, column 2: in the larger map between its columns 4 and 5.
        assert!((patches.double_value(&[0, 6, 0]) - 1.0).abs() < 1e-6);
        assert!((patches.double_value(&[0, 6, 1]) - 4.5).abs() < 1e-6);
    }
}
