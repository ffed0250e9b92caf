use std::fmt::Debug;

use detector::Progress;
use ndarray::{Array2, ArrayView4};
use residuum::{Device, Method};

use crate::NoVectors;

/// What a program with networks brings to an experiment. This crate links none.
pub trait Networks: Debug + Sync {
    /// Every method, with its detector.
    fn methods(&self) -> &'static [Method];

    /// The vector that EfficientNet-Lite0 makes of each image, `[n, 1 or 3, h, w]` to
    /// `[n, `[`LITE0_COLUMNS`](datasets::LITE0_COLUMNS)`]`.
    ///
    /// # Errors
    /// [`NoVectors`] where the weights are missing, the images are refused or a signal came.
    fn lite0(
        &self,
        images: ArrayView4<'_, u8>,
        device: Device,
        progress: &dyn Progress,
    ) -> Result<Array2<f32>, NoVectors>;
}
