//! The one way in which images change their size.

use ndarray::Array4;
use rayon::prelude::*;

use super::memory::reserve;
use crate::DatasetError;

/// The square in the middle of an interleaved image of `c` channels, resized to `size` × `size`.
///
/// The shorter side becomes `size`; of the longer one as much is cut on either side (one pixel more
/// on the right or below where it is odd). A triangle filter whose support grows with the ratio: every
/// pixel of the original counts, nothing aliases (Pillow's `resize(.., BILINEAR, box=..)`).
pub(crate) fn square(pixels: &[u8], w: usize, h: usize, c: usize, size: usize) -> Vec<u8> {
    let taps = taps(w.min(h), size, triangle);
    with_taps(pixels, w, h, c, &taps)
}

/// As [`square`] with each new pixel the mean of the area it covers, for masks.
pub(crate) fn square_by_area(pixels: &[u8], w: usize, h: usize, size: usize) -> Vec<u8> {
    let taps = taps(w.min(h), size, area);
    with_taps(pixels, w, h, 1, &taps)
}

/// Which old pixels a new one is made of: the first, and the share of each from there on.
struct Taps {
    first: usize,
    shares: Vec<f32>,
}

/// The weight of an old pixel `j` in the new pixel `i` where one new pixel is `ratio` old ones wide.
type Weight = fn(j: f64, i: f64, ratio: f64) -> f64;

/// A triangle about the new pixel's middle, two new pixels wide, or two old ones when enlarging.
fn triangle(j: f64, i: f64, ratio: f64) -> f64 {
    let distance = (j + 0.5) - (i + 0.5) * ratio;
    (1.0 - (distance / ratio.max(1.0)).abs()).max(0.0)
}

/// The part of the old pixel that the new one covers.
fn area(j: f64, i: f64, ratio: f64) -> f64 {
    ((j + 1.0).min((i + 1.0) * ratio) - j.max(i * ratio)).max(0.0)
}

fn taps(side: usize, size: usize, weight: Weight) -> Vec<Taps> {
    let ratio = side as f64 / size as f64;
    let reach = ratio.max(1.0) + 1.0;
    (0..size)
        .map(|i| {
            let i = i as f64;
            let middle = (i + 0.5) * ratio;
            let first = (middle - reach).max(0.0) as usize;
            let end = ((middle + reach).ceil() as usize).min(side);
            let weights: Vec<f64> = (first..end).map(|j| weight(j as f64, i, ratio)).collect();
            let skipped = weights.iter().take_while(|&&w| w == 0.0).count();
            let total: f64 = weights.iter().sum();
            let shares = weights[skipped..].iter().map(|w| (w / total) as f32);
            Taps {
                first: first + skipped,
                shares: shares.collect(),
            }
        })
        .collect()
}

/// Rows first, then columns, in 32-bit floats, rounded once.
fn with_taps(pixels: &[u8], w: usize, h: usize, c: usize, taps: &[Taps]) -> Vec<u8> {
    let side = w.min(h);
    let (left, top) = ((w - side) / 2, (h - side) / 2);
    let mut out = Vec::with_capacity(taps.len() * taps.len() * c);
    let mut row = vec![0.0f32; side * c];
    for down in taps {
        row.fill(0.0);
        for (k, &share) in down.shares.iter().enumerate() {
            let start = ((top + down.first + k) * w + left) * c;
            let old = &pixels[start..start + side * c];
            for (sum, &value) in row.iter_mut().zip(old) {
                *sum += share * f32::from(value);
            }
        }
        for right in taps {
            for channel in 0..c {
                let old = row[right.first * c + channel..].iter().step_by(c);
                let sum: f32 = right.shares.iter().zip(old).map(|(s, v)| s * v).sum();
                out.push((sum + 0.5) as u8);
            }
        }
    }
    out
}

/// Images `[n, c, h, w]` at `[n, c, size, size]`, in the same way as files are resized: the middle
/// square, a triangle filter.
///
/// # Errors
/// [`DatasetError::TooLarge`] where the result does not fit the memory.
pub fn resize_images(images: &Array4<u8>, size: usize) -> Result<Array4<u8>, DatasetError> {
    let (n, c, h, w) = images.dim();
    if (h, w) == (size, size) {
        return Ok(images.clone());
    }
    let shape = (n, c, size, size);
    let mut resized = reserve(shape)?;
    let images = images.as_standard_layout();
    let planes = images.as_slice().unwrap_or_default();
    resized
        .par_chunks_mut((size * size).max(1))
        .zip(planes.par_chunks((h * w).max(1)))
        .for_each(|(to, from)| to.copy_from_slice(&square(from, w, h, 1, size)));
    Array4::from_shape_vec(shape, resized).map_err(|_| DatasetError::TooLarge { shape })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pillow 13 (`scripts/golden/resize.py`), which rounds between rows and columns as well: at most
    /// one level apart.
    #[test]
    fn equal_to_pillow_but_for_rounding() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/golden/resize.json")).unwrap();
        for case in golden.as_array().unwrap() {
            let number = |key: &str| case[key].as_u64().unwrap() as usize;
            let (w, h, c, size) = (number("w"), number("h"), number("c"), number("size"));
            let pixels: Vec<u8> = (0..w * h * c)
                .map(|i| ((i * i * 31 + i * 17) % 251) as u8)
                .collect();
            let expected: Vec<u8> = serde_json::from_value(case["pixels"].clone()).unwrap();
            let found = square(&pixels, w, h, c, size);
            assert_eq!(found.len(), expected.len());
            for (a, b) in found.iter().zip(&expected) {
                assert!(
                    a.abs_diff(*b) <= 1,
                    "{w} × {h} × {c} to {size}: {a} for {b}"
                );
            }
        }
    }

    #[test]
    fn flat_images_stay_flat_and_one_size_changes_nothing() {
        for size in [1, 3, 7, 20] {
            assert!(
                square(&[77; 7 * 9 * 3], 7, 9, 3, size)
                    .iter()
                    .all(|&v| v == 77)
            );
        }
        let pixels: Vec<u8> = (0..49).map(|i| i * 5).collect();
        assert_eq!(square(&pixels, 7, 7, 1, 7), pixels);
        assert_eq!(square_by_area(&pixels, 7, 7, 7), pixels);
    }

    #[test]
    fn masks_take_the_mean_of_the_area() {
        // Thirds: the middle of three new pixels covers half of each of the two old ones.
        assert_eq!(
            square_by_area(&[0, 255, 0, 255], 2, 2, 3)[..3],
            [0, 128, 255]
        );
        assert_eq!(square_by_area(&[255, 0, 0, 0], 2, 2, 1), [64]);
    }
}
