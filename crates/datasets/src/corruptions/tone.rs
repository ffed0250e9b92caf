use ndarray::{Axis, Slice};

use super::grey::{Grey, SIDE};

/// Severity 5.
const BRIGHTER: f64 = 0.5;

/// `x + 0.5`, cut at white.
pub(super) fn brightness(x: &Grey) -> Grey {
    x.mapv(|v| (v + BRIGHTER).min(1.0))
}

/// The first and the last quarter of the columns inverted.
pub(super) fn stripe(x: &Grey) -> Grey {
    let mut out = x.clone();
    for columns in [0..SIDE / 4, 3 * SIDE / 4..SIDE] {
        out.slice_axis_mut(Axis(1), Slice::from(columns))
            .mapv_inplace(|v| 1.0 - v);
    }
    out
}
