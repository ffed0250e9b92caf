//! Simplex noise in two dimensions (Perlin 2001, "Noise hardware"; Gustavson 2005, "Simplex noise
//! demystified"), with gradients from a hash in place of a table of permutations.

use std::f64::consts::PI;

use crate::splitmix::splitmix64;

/// Octaves of noise that are added up; AnoDDPM's.
const OCTAVES: u32 = 6;
/// The amplitude of an octave in units of the one before.
const PERSISTENCE: f64 = 0.8;
/// Periods per pixel of the first octave.
const FREQUENCY: f64 = 1.0 / 64.0;

/// Takes the square grid to the grid of triangles, and back: `(√3 − 1)/2` and `(3 − √3)/6`.
const SKEW: f64 = 0.366_025_403_784_438_65;
const UNSKEW: f64 = 0.211_324_865_405_187_1;
/// The square of the distance at which a corner's influence ends: the height of a triangle.
const REACH: f64 = 0.5;

/// A random function of the plane with mean 0 and variance 1 at every point.
#[derive(Debug)]
pub(crate) struct Octaves {
    seeds: [u64; OCTAVES as usize],
}

impl Octaves {
    pub(crate) fn new(seed: u64) -> Self {
        let mut seeds = [0; OCTAVES as usize];
        for (octave, slot) in seeds.iter_mut().enumerate() {
            *slot = splitmix64(seed, octave as u64);
        }
        Self { seeds }
    }

    /// The noise at a pixel.
    pub(crate) fn at(&self, x: f64, y: f64) -> f64 {
        let (mut sum, mut variance) = (0.0, 0.0);
        let (mut amplitude, mut frequency) = (1.0, FREQUENCY);
        for &seed in &self.seeds {
            // Every octave is moved elsewhere, or all would vanish together in the corner pixel.
            let (aside, below) = (unit(seed) * 256.0, unit(seed.rotate_left(32)) * 256.0);
            sum += amplitude * simplex(seed, x * frequency + aside, y * frequency + below);
            variance += amplitude * amplitude;
            amplitude *= PERSISTENCE;
            frequency *= 2.0;
        }
        sum / variance.sqrt()
    }
}

/// One octave: mean 0, and variance 1 on average over the plane.
///
/// # Formula
/// `Σ (½ − r²)⁴·(g·d)` over the corners of the triangle around the point, with `d` the way from the
/// corner, `r = |d| < √½`, and `g` the corner's unit gradient, over its standard deviation: corners have
/// the density √3, so the variance is `½·√3·∫ r²·(½ − r²)⁸ = √3·π/184320`.
fn simplex(seed: u64, x: f64, y: f64) -> f64 {
    let skew = (x + y) * SKEW;
    let (i, j) = ((x + skew).floor(), (y + skew).floor());
    let unskew = (i + j) * UNSKEW;
    let (x, y) = (x - (i - unskew), y - (j - unskew)); // from the cell's first corner
    let (right, down) = if x > y { (1.0, 0.0) } else { (0.0, 1.0) };
    let corners = [(0.0, 0.0), (right, down), (1.0, 1.0)];
    let sum: f64 = corners
        .into_iter()
        .map(|(a, b)| {
            let unskew = (a + b) * UNSKEW;
            let (dx, dy) = (x - a + unskew, y - b + unskew);
            let rest = REACH - dx * dx - dy * dy;
            if rest <= 0.0 {
                return 0.0;
            }
            let corner = splitmix64(splitmix64(seed, bits(i + a)), bits(j + b));
            let (sin, cos) = (2.0 * PI * unit(corner)).sin_cos();
            rest.powi(4) * (cos * dx + sin * dy)
        })
        .sum();
    sum / (3f64.sqrt() * PI / 184_320.0).sqrt()
}

fn bits(whole: f64) -> u64 {
    (whole as i64).cast_unsigned()
}

/// A hash as a number in [0, 1).
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_vanishes_at_the_corners_and_is_smooth() {
        for (i, j) in [(0.0, 0.0), (3.0, -2.0)] {
            let unskew = (i + j) * UNSKEW;
            let at_corner = simplex(7, i - unskew, j - unskew);
            assert!(at_corner.abs() < 1e-9, "{at_corner}");
        }
        // Across the borders of triangles, too: no step, and no kink. A corner's slope is at most
        // ½⁴/σ = 11.5, those of the two others add less, and a step of h here is 1.17·h long.
        let h = 1e-4;
        for k in 0..20_000 {
            let (x, y) = (f64::from(k) * h, 0.37 - f64::from(k) * h * 0.6);
            let [before, here, after] =
                [-h, 0.0, h].map(|aside| simplex(7, x + aside, y - aside * 0.6));
            assert!((after - before).abs() < 60.0 * h, "{k}");
            assert!((after - 2.0 * here + before).abs() < 1000.0 * h * h, "{k}");
        }
    }

    #[test]
    fn its_variance_over_the_plane_is_one() {
        let n = 300;
        let (mut sum, mut squares) = (0.0, 0.0);
        for i in 0..n {
            for j in 0..n {
                // Some 40 000 triangles, points at uneven places in them.
                let value = simplex(3, f64::from(i) * 0.4513, f64::from(j) * 0.3877);
                sum += value;
                squares += value * value;
            }
        }
        let count = f64::from(n * n);
        assert!((sum / count).abs() < 0.03, "{}", sum / count);
        assert!((squares / count - 1.0).abs() < 0.03, "{}", squares / count);
    }

    #[test]
    fn the_first_octave_is_as_slow_as_published() {
        // Half the way between corners, 0.8165/2 periods of 64 pixels, the first octave has turned; the
        // last, 32 times as fast, within two pixels.
        let octaves = Octaves::new(1);
        let near = (octaves.at(10.0, 10.0) - octaves.at(10.02, 10.0)).abs();
        assert!(near < 0.05, "{near}");
        assert_eq!(octaves.at(3.0, 4.0), Octaves::new(1).at(3.0, 4.0));
        assert_ne!(octaves.at(3.0, 4.0), Octaves::new(2).at(3.0, 4.0));
    }
}
