//! A dotted line and a zigzag across the image.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::grey::{Grey, SIDE};

/// How far from its middle a line is seen, in pixels.
const REACH: f64 = 2.3;

/// From the first column to the last but one, at random heights.
pub(super) fn draw_dotted(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    let [r0, r1] = [0; 2].map(|_: i32| rng.random_range(0..27));
    dotted(x, f64::from(r0), f64::from(r1))
}

/// Two columns without, two columns with the line, and so on.
pub(super) fn dotted(x: &Grey, r0: f64, r1: f64) -> Grey {
    let mut line = segment((0.0, r0), (27.0, r1));
    for ((_, column), value) in line.indexed_iter_mut() {
        if column % 4 < 2 {
            *value = 0.0;
        }
    }
    x + &line
}

/// From a random height in column 2 to one within 5 pixels of it in column 25.
pub(super) fn draw_zigzag(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    let r0 = rng.random_range(0..27);
    let r1 = r0 + rng.random_range(-5..5);
    zigzag(x, f64::from(r0), f64::from(r1))
}

/// Teeth of length and height 2 along the line from `(2, r0)` to `(25, r1)`, each stroke added to the
/// image and cut at white.
pub(super) fn zigzag(x: &Grey, r0: f64, r1: f64) -> Grey {
    const TOOTH: f64 = 2.0;
    let (c0, c1) = (2.0, 25.0);
    let angle = ((r1 - r0) / (c1 - c0)).atan();
    let length = (c1 - c0) / angle.cos();
    let n = ((length - TOOTH) / (2.0 * TOOTH)).floor() as usize + 1;
    let mut points = vec![(0.0, 0.0)];
    let mut height = TOOTH;
    for i in 0..n {
        height = if i % 2 == 0 { TOOTH } else { -TOOTH };
        points.push(((2 * i + 1) as f64 * TOOTH, height));
    }
    let full = 2.0 * TOOTH * (length / (2.0 * TOOTH)).floor();
    if length != full {
        points.push((length, height / (2.0 * (length - full))));
    }
    let (sin, cos) = angle.sin_cos();
    let turned: Vec<(f64, f64)> = points
        .iter()
        .map(|&(c, r)| (cos * c - sin * r + c0, sin * c + cos * r + r0))
        .collect();
    turned.windows(2).fold(x.clone(), |image, ends| {
        (image + segment(ends[0], ends[1])).mapv(|v| v.clamp(0.0, 1.0))
    })
}

/// How bright a line between two points `(column, row)` is: `1 + ln(1 − d / 2.3)` with `d` the distance
/// measured along the column, cut at 0, in the columns between the two.
fn segment((c0, r0): (f64, f64), (c1, r1): (f64, f64)) -> Grey {
    let mut line = Grey::zeros((SIDE, SIDE));
    if c0 == c1 {
        return line;
    }
    let slope = (r1 - r0) / (c1 - c0);
    let (first, end) = (c0.floor(), c1.ceil());
    for ((row, column), value) in line.indexed_iter_mut() {
        let (row, column) = (row as f64, column as f64);
        if column >= first && column < end {
            let d = (row - (slope * (column - c0) + r0)).abs();
            let d = d.min(REACH - 1e-10);
            *value = ((1.0 - d / REACH).ln() + 1.0).clamp(0.0, 1.0);
        }
    }
    line
}
