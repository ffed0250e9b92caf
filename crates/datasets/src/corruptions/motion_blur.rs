use std::f64::consts::PI;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::grey::{Grey, SIDE};

/// Severity 1: how far the motion reaches, and its σ, in pixels.
const RADIUS: usize = 10;
const SIGMA: f64 = 3.0;

/// Directions within 45° of the horizontal.
pub(super) fn draw(x: &Grey, rng: &mut ChaCha8Rng) -> Grey {
    let degrees = rng.random_range(-45.0..45.0);
    motion_blur(x, degrees)
}

/// Each pixel is the mean of the 21 that lie from it in one direction, the `k`-th weighted
/// `exp(−k² / 2σ²)`; beyond the border the border goes on. ImageMagick's `-motion-blur 10x3+angle`,
/// whose positions are rounded, halves down, and whose result is rounded to 8 bits.
pub(super) fn motion_blur(x: &Grey, degrees: f64) -> Grey {
    let (sin, cos) = (degrees * PI / 180.0).sin_cos();
    let steps: Vec<(f64, f64, f64)> = (0..=2 * RADIUS)
        .map(|k| {
            let k = k as f64;
            let near = |along: f64| (k * along - 0.5).ceil();
            ((-k * k / (2.0 * SIGMA * SIGMA)).exp(), near(cos), near(sin))
        })
        .collect();
    let total: f64 = steps.iter().map(|&(weight, ..)| weight).sum();
    let last = SIDE as f64 - 1.0;
    Grey::from_shape_fn(x.dim(), |(row, column)| {
        let sum: f64 = steps
            .iter()
            .map(|&(weight, right, down)| {
                let row = (row as f64 + down).clamp(0.0, last) as usize;
                let column = (column as f64 + right).clamp(0.0, last) as usize;
                weight * x[[row, column]]
            })
            .sum();
        sum / total
    })
}
