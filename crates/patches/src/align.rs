use detector::{Progress, needs_memory};
use ndarray::{Array4, ArrayView4, Axis, CowArray, Ix4};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use training::TrainingError;

use crate::canvas::{SIZE, laid};
use crate::pose::Pose;
use crate::side_by_side::side_by_side;
use crate::{PatchConfig, PatchesError};

/// A part less elongated has no axis to be laid along.
const LONG: f64 = 1.5;

/// How the part on each image is turned before its patches are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Align {
    /// Images stay as they are.
    None,
    /// A long part is laid along one axis, its thicker end first, and patches are compared with those of
    /// the same place and the places around it. Training images without a long part are refused.
    PrincipalAxis,
}

impl Align {
    /// Rows and columns of patches: as large ones on a canvas as on an image of 256 pixels.
    pub(crate) fn grid(self, patches: &PatchConfig) -> [usize; 2] {
        let side = |pixels: usize| (patches.grid * pixels).div_ceil(256);
        match self {
            Self::None => patches.square(),
            Self::PrincipalAxis => SIZE.map(side),
        }
    }

    /// Refuses training images without a long part.
    pub(crate) fn check(self, poses: &[Pose]) -> Result<(), PatchesError> {
        if self == Self::None {
            return Ok(());
        }
        match poses.iter().position(|pose| pose.elongation < LONG) {
            None => Ok(()),
            Some(image) => Err(PatchesError::NoLongPart {
                image,
                elongation: poses[image].elongation,
                least: LONG,
            }),
        }
    }

    /// The images, turned, with the pose of each; none where they stay as they are.
    pub(crate) fn laid<'a>(
        self,
        images: ArrayView4<'a, u8>,
        progress: &dyn Progress,
    ) -> Result<(CowArray<'a, u8, Ix4>, Vec<Pose>), PatchesError> {
        if self == Self::None {
            return Ok((images.into(), Vec::new()));
        }
        let (n, _, h, w) = images.dim();
        // Each alone, and all together.
        let bytes = 2 * 3 * n as u128 * (SIZE[0] * SIZE[1]) as u128;
        needs_memory(
            bytes,
            &format!("{n} images that are turned; fewer need less"),
        )?;
        let threads = usize::try_from(tch::get_num_threads()).unwrap_or(1);
        let turned = side_by_side(vec![(); threads.max(1)], n, |(), i| {
            if progress.interrupted() {
                return Err(TrainingError::Interrupted.into());
            }
            let image = images.index_axis(Axis(0), i);
            let pose = Pose::of(image).unwrap_or(Pose::upright([h, w]));
            Ok((laid(image, &pose)?, pose))
        })?;
        let mut canvases = Array4::zeros((n, 3, SIZE[0], SIZE[1]));
        for (mut canvas, (turned, _)) in canvases.outer_iter_mut().zip(&turned) {
            canvas.assign(turned);
        }
        let poses = turned.into_iter().map(|(_, pose)| pose).collect();
        Ok((canvases.into(), poses))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_are_as_large_as_on_an_image() {
        let patches = PatchConfig::default();
        assert_eq!(Align::None.grid(&patches), [32, 32]);
        assert_eq!(Align::PrincipalAxis.grid(&patches), [20, 48]);
        let small = PatchConfig { grid: 1, ..patches };
        assert_eq!(Align::PrincipalAxis.grid(&small), [1, 2]);
    }
}
