//! The feature map of an image as tokens of one length.

use detector::{Progress, State};
use features::{FeaturesError, Lite0Blocks, in_batches, resized};
use ndarray::ArrayView4;
use tch::{Device, Kind, Tensor};

use crate::feature_config::FeatureConfig;
use crate::weights::Weights;
use crate::{PatchRuntime, PatchesError};

/// The network that makes maps of images.
#[derive(Debug)]
pub(crate) struct FeatureMaps {
    config: FeatureConfig,
    weights: Weights,
    device: Device,
}

impl FeatureMaps {
    /// With the weights that this program knows.
    pub(crate) fn get(
        config: &FeatureConfig,
        runtime: &PatchRuntime,
    ) -> Result<Self, PatchesError> {
        Ok(Self {
            weights: Weights::get(runtime, &config.patches())?,
            config: config.clone(),
            device: runtime.training.device,
        })
    }

    /// With the weights in `state`.
    pub(crate) fn stored(
        state: &State,
        config: &FeatureConfig,
        runtime: &PatchRuntime,
    ) -> Result<Self, PatchesError> {
        Ok(Self {
            weights: Weights::stored(state, runtime, &config.patches())?,
            config: config.clone(),
            device: runtime.training.device,
        })
    }

    /// `state` with the weights.
    pub(crate) fn put(&self, state: State) -> State {
        self.weights.put(state)
    }

    /// The maps of `images`, each over the root mean square length of its own tokens:
    /// `[n, c, h, w]` → `[n, k, rows, columns]`.
    pub(crate) fn of(
        &self,
        images: ArrayView4<'_, u8>,
        progress: &dyn Progress,
    ) -> Result<Tensor, PatchesError> {
        let (_, _, h, w) = images.dim();
        let (block, side) = (self.config.block, self.config.side([h, w]));
        let load = || Lite0Blocks::new(self.weights.blocks(), block + 1, self.device);
        let run = |network: &Lite0Blocks, x: &Tensor| {
            let outputs = network.outputs(&resized(x, side)?, &[block])?;
            of_one_length(&outputs[0])
        };
        let parts = in_batches(images, self.device, progress, load, run, |_, maps| Ok(maps))?;
        Ok(Tensor::f_cat(&parts, 0)?)
    }
}

/// Each map over the root mean square length of its tokens: `[b, k, rows, columns]`.
fn of_one_length(maps: &Tensor) -> Result<Tensor, FeaturesError> {
    let square = maps.f_square()?.f_sum_dim_intlist(1, true, Kind::Float)?; // [b, 1, rows, columns]
    let length = square
        .f_mean_dim(&[2i64, 3][..], true, Kind::Float)?
        .f_sqrt()?;
    Ok(maps.f_div(&length.f_clamp_min(1e-12)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_one_on_average_and_zero_stays() {
        let maps = Tensor::rand([3, 5, 2, 4], (Kind::Float, Device::Cpu)) * 30.0;
        let _ = maps.get(1).fill_(0.0);
        let found = of_one_length(&maps).unwrap();
        let square = found.square().sum_dim_intlist(1, false, Kind::Float);
        let mean =
            Vec::<f64>::try_from(square.mean_dim(&[1i64, 2][..], false, Kind::Double)).unwrap();
        assert!(
            (mean[0] - 1.0).abs() < 1e-6 && (mean[2] - 1.0).abs() < 1e-6,
            "{mean:?}"
        );
        assert_eq!(mean[1], 0.0);
        let twice = of_one_length(&(&maps * 2.0)).unwrap();
        assert!((twice - found).abs().max().double_value(&[]) < 1e-6);
    }
}
