//! Shear, scale, rotation and translation: each new pixel looks up where it comes from.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::grey::{Grey, SIDE};

/// Severity 2, in radians.
const ANGLE: f64 = 0.4;
/// Severity 3: shrinks to 70 %.
const SCALE: f64 = 1.0 / 0.7;
/// Severity 3, in pixels.
const SHIFT: f64 = 3.0;

/// The middle of the image stays where it is.
const CENTRE: f64 = (SIDE as f64 - 1.0) / 2.0;

/// −1 or 1.
pub(super) fn sign(rng: &mut ChaCha8Rng) -> f64 {
    if rng.random_bool(0.5) { 1.0 } else { -1.0 }
}

/// By 0.4 rad as scikit-image understood it in 2019: `x − y sin s`, `y cos s`.
pub(super) fn shear(x: &Grey, sign: f64) -> Grey {
    let (sin, cos) = (sign * ANGLE).sin_cos();
    about_centre(x, [[1.0, -sin], [0.0, cos]])
}

pub(super) fn scale(x: &Grey) -> Grey {
    about_centre(x, [[SCALE, 0.0], [0.0, SCALE]])
}

pub(super) fn rotate(x: &Grey, sign: f64) -> Grey {
    let (sin, cos) = (sign * ANGLE).sin_cos();
    about_centre(x, [[cos, -sin], [sin, cos]])
}

pub(super) fn translate(x: &Grey, sign_x: f64, sign_y: f64) -> Grey {
    let shift = [sign_x * SHIFT, sign_y * SHIFT];
    warp(x, [[1.0, 0.0], [0.0, 1.0]], shift)
}

fn about_centre(x: &Grey, m: [[f64; 2]; 2]) -> Grey {
    let shift = m.map(|[a, b]| CENTRE * (1.0 - a - b));
    warp(x, m, shift)
}

/// The pixel at column `u`, row `v` takes the value at `m · (u, v) + shift`, bilinear, black outside.
fn warp(x: &Grey, m: [[f64; 2]; 2], shift: [f64; 2]) -> Grey {
    Grey::from_shape_fn(x.dim(), |(v, u)| {
        let (u, v) = (u as f64, v as f64);
        let [column, row] = [0, 1].map(|i| m[i][0] * u + m[i][1] * v + shift[i]);
        let at = |row: f64, column: f64| {
            let inside = |place: f64| (0.0..SIDE as f64).contains(&place);
            if inside(row) && inside(column) {
                x[[row as usize, column as usize]]
            } else {
                0.0
            }
        };
        let (top, left) = (row.floor(), column.floor());
        let (down, right) = (row - top, column - left);
        let upper = (1.0 - right) * at(top, left) + right * at(top, left + 1.0);
        let lower = (1.0 - right) * at(top + 1.0, left) + right * at(top + 1.0, left + 1.0);
        (1.0 - down) * upper + down * lower
    })
}
