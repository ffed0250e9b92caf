//! The feature map of an image as tokens of one length.

use detector::{Progress, State};
use features::{BATCH, FeaturesError, Lite0Blocks, in_batches, resized};
use ndarray::{ArrayView4, Axis};
use tch::{Device, Kind, Tensor};
use training::TrainingError;

use crate::feature_config::FeatureConfig;
use crate::kept_maps::{KeptMaps, Key};
use crate::progress::Part;
use crate::weights::Weights;
use crate::{PatchRuntime, PatchesError};

/// Images whose maps are kept together: what a killed process loses at most.
const KEPT_TOGETHER: usize = 512;

/// The network that makes maps of images.
///
/// Where trained models are kept maps are, too: a sweep trains many times on the same images.
#[derive(Debug)]
pub(crate) struct FeatureMaps {
    config: FeatureConfig,
    weights: Weights,
    device: Device,
    kept: Option<KeptMaps>,
}

impl FeatureMaps {
    /// With the weights that this program knows, for images of these sides.
    pub(crate) fn get(
        config: &FeatureConfig,
        sides: [usize; 2],
        runtime: &PatchRuntime,
    ) -> Result<Self, PatchesError> {
        let weights = Weights::get(runtime, &config.patches())?;
        let device = runtime.training.device;
        let kept = runtime.training.models.as_ref().map(|models| {
            let (block, side) = (config.block, config.side(sides));
            let hash = weights.sha256();
            let on = if device.is_cuda() { "cuda" } else { "cpu" };
            let kind = format!("{hash}, block {block}, side {side}, {on}");
            let [rows, columns] = config.map_sides(sides);
            KeptMaps::new(models, &kind, config.channels() * rows * columns)
        });
        Ok(Self {
            weights,
            config: config.clone(),
            device,
            kept,
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
            kept: None,
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
        let Some(kept) = &self.kept else {
            return self.made(images, progress);
        };
        let (n, _, h, w) = images.dim();
        let [rows, columns] = self.config.map_sides([h, w]);
        let len = self.config.channels() * rows * columns;
        let shape = [n, self.config.channels(), rows, columns].map(|size| size as i64);
        let keys: Vec<Key> = images.outer_iter().map(KeptMaps::key).collect();
        let failed = |source| TrainingError::File {
            path: kept.folder().to_owned(),
            source,
        };
        let mut maps = vec![0.0; n * len];
        let absent = kept.read(&keys, &mut maps).map_err(failed)?;
        let mut done = n - absent.len();
        // Workers of a sweep begin with the same images at the same time: each at another place, and what another has
        // made by then is read.
        let mut pieces: Vec<&[usize]> = absent.chunks(KEPT_TOGETHER).collect();
        let first = std::process::id() as usize % pieces.len().max(1);
        pieces.rotate_left(first);
        for numbers in pieces {
            let keys: Vec<Key> = numbers.iter().map(|&i| keys[i]).collect();
            let mut some = vec![0.0; numbers.len() * len];
            let absent = kept.read(&keys, &mut some).map_err(failed)?;
            if !absent.is_empty() {
                let images = images.select(Axis(0), numbers);
                let part = Part {
                    of: progress,
                    done,
                    total: n,
                };
                let made = self.made(images.view(), &part)?.f_to_device(Device::Cpu)?;
                some = Vec::<f32>::try_from(made.f_flatten(0, -1)?)?;
                kept.write(&keys, &some).map_err(failed)?;
            }
            for (&i, map) in numbers.iter().zip(some.chunks_exact(len)) {
                maps[i * len..][..len].copy_from_slice(map);
            }
            done += numbers.len();
        }
        let maps = Tensor::f_from_slice(&maps)?.f_view(shape)?;
        Ok(maps.f_to_device(self.device)?)
    }

    /// As [`of`](Self::of), by the network, always in full batches: to the last bit a map does not depend on the other
    /// images, and so not on who made it.
    fn made(
        &self,
        images: ArrayView4<'_, u8>,
        progress: &dyn Progress,
    ) -> Result<Tensor, PatchesError> {
        let (_, _, h, w) = images.dim();
        let (block, side) = (self.config.block, self.config.side([h, w]));
        let load = || Lite0Blocks::new(self.weights.blocks(), block + 1, self.device);
        let run = |network: &Lite0Blocks, x: &Tensor| {
            let (b, full) = (x.size()[0], BATCH as i64);
            let x = resized(x, side)?.f_constant_pad_nd([0, 0, 0, 0, 0, 0, 0, full - b])?;
            let outputs = network.outputs(&x, &[block])?;
            of_one_length(&outputs[0].f_narrow(0, 0, b)?)
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
