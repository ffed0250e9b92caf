//! The image that is corrupted.

use ndarray::Array2;

/// The side of the images that the corruptions are defined for.
pub(super) const SIDE: usize = 28;

/// `[28, 28]`, 0 black, 1 white.
pub(super) type Grey = Array2<f64>;
