use ndarray::ArrayView3;

use super::counts::{Counts, PixelStep, REGION};
use crate::MetricError;
use crate::error::check_rate;

/// Area under the per-region-overlap curve up to a false positive rate, divided by that rate
/// (Bergmann et al. 2021, section 6.2). Every region counts as much as every other, however small.
///
/// - A **region** is a connected part of one image's mask, with 8-connectivity: pixels that touch at a
///   corner belong together. Regions of different images are different.
/// - A **threshold** is a value that occurs in the maps, over all images at once; the pixels at or
///   above it are those called anomalous. All of them are used, none is sampled.
/// - Between two thresholds the curve is a straight line, so tied pixels enter together, and the part
///   up to `max_fpr` is cut there.
///
/// 1 is a map that has every region above every normal pixel. Chance is `max_fpr / 2`, 0.15 for the
/// usual 0.3, and not 0.5.
///
/// # Formula
/// `PRO(t) = 1/K Σₖ |{p ∈ Cₖ : map(p) ≥ t}| / |Cₖ|` over the K regions Cₖ of all images;
/// `FPR(t) = |{p normal : map(p) ≥ t}| / |{p normal}|` over all pixels of all images;
/// `AUPRO = 1/f ∫₀ᶠ PRO d FPR` with f = `max_fpr`.
///
/// Exact but for rounding (below 1e-9). The maps are read several times and never copied: beside them
/// at most 70 MiB are taken, whatever their number.
///
/// # Shapes
/// `maps` and `masks` `[n, h, w]`, `true` is an anomalous pixel.
///
/// # Errors
/// [`MetricError`] where shapes differ, a value is not finite, there is no anomalous or no normal
/// pixel, or `max_fpr` is not in (0, 1].
pub fn aupro(
    maps: ArrayView3<'_, f32>,
    masks: ArrayView3<'_, bool>,
    max_fpr: f64,
) -> Result<f64, MetricError> {
    check_rate("max_fpr", max_fpr)?;
    let counts = Counts::of(&maps, &masks)?;
    let mut overlap = RegionOverlap::new(&counts, max_fpr);
    counts.sweep(|step| overlap.add(step));
    Ok(overlap.area())
}

/// The area under the curve as far as it was swept.
pub(super) struct RegionOverlap {
    regions: f64,
    /// The false positives where the area ends; rarely a whole number.
    limit: f64,
    false_positives: u64,
    overlap: u128,
    area: f64,
}

impl RegionOverlap {
    pub(super) fn new(counts: &Counts<'_>, max_fpr: f64) -> Self {
        Self {
            regions: counts.regions() as f64,
            limit: max_fpr * counts.normals() as f64,
            false_positives: 0,
            overlap: 0,
            area: 0.0,
        }
    }

    /// Adds the next value; false where the area has ended.
    pub(super) fn add(&mut self, step: PixelStep) -> bool {
        let width = step.normals as f64;
        let left = self.limit - self.false_positives as f64;
        if left <= 0.0 {
            return false;
        }
        let (start, rise) = (self.overlap as f64, step.overlap as f64);
        if width <= left {
            self.area += width * (start + rise / 2.0);
        } else {
            // Cut where the line reaches the limit.
            self.area += left * (start + rise * (left / width) / 2.0);
        }
        self.false_positives += step.normals;
        self.overlap += step.overlap;
        true
    }

    pub(super) fn area(&self) -> f64 {
        self.area / (self.limit * self.regions * REGION as f64)
    }
}
