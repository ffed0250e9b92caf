//! Gaussian filters as `scipy.ndimage.gaussian_filter` has them.

use ndarray::{Axis, Zip};

use super::grey::Grey;

/// What lies beyond the border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beyond {
    /// The value at the border.
    Nearest,
    /// Zero.
    Zero,
}

/// A Gaussian of `sigma` pixels along both axes, cut at four σ.
pub(super) fn gaussian(x: &Grey, sigma: f64, beyond: Beyond) -> Grey {
    along(&along(x, Axis(0), sigma, beyond), Axis(1), sigma, beyond)
}

/// The same along one axis: 0 mixes rows, 1 columns.
pub(super) fn along(x: &Grey, axis: Axis, sigma: f64, beyond: Beyond) -> Grey {
    let radius = (4.0 * sigma + 0.5) as isize;
    let weights: Vec<f64> = (-radius..=radius)
        .map(|i| (-0.5 * (i as f64 / sigma).powi(2)).exp())
        .collect();
    let total: f64 = weights.iter().sum();
    let last = x.len_of(axis) as isize - 1;
    let mut out = Grey::zeros(x.dim());
    for (mut to, from) in out.lanes_mut(axis).into_iter().zip(x.lanes(axis)) {
        Zip::indexed(&mut to).for_each(|at, value| {
            for (weight, offset) in weights.iter().zip(-radius..) {
                let place = at as isize + offset;
                let inside = (0..=last).contains(&place);
                if inside || beyond == Beyond::Nearest {
                    *value += weight / total * from[place.clamp(0, last) as usize];
                }
            }
        });
    }
    out
}
