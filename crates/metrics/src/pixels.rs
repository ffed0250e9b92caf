//! Metrics of anomaly maps against masks, pixel by pixel and region by region.

mod aupro;
mod counts;
mod regions;

pub use aupro::aupro;

use ndarray::ArrayView3;

use crate::MetricError;
use aupro::RegionOverlap;
use counts::{Counts, PixelStep};

/// The metrics of anomaly maps against their masks, fractions in [0, 1], computed in one sweep.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelMetrics {
    /// Area under the ROC curve of the pixels, [`pixel_auroc`].
    pub auroc: f64,
    /// Average precision of the pixels, [`pixel_average_precision`].
    pub ap: f64,
    /// Area under the per-region overlap up to a false positive rate of 0.3, [`aupro()`].
    pub aupro: f64,
}

impl PixelMetrics {
    /// The largest false positive rate of [`PixelMetrics::aupro`], the one of the MVTec papers.
    pub const MAX_FPR: f64 = 0.3;

    /// All metrics of `maps` (higher is more anomalous) against `masks` (true is anomalous).
    ///
    /// # Shapes
    /// Both `[n, h, w]`.
    ///
    /// # Errors
    /// [`MetricError`] where shapes differ, a value is not finite, or there is no anomalous or no
    /// normal pixel.
    pub fn of(maps: ArrayView3<'_, f32>, masks: ArrayView3<'_, bool>) -> Result<Self, MetricError> {
        let counts = Counts::of(&maps, &masks)?;
        let mut auroc = WonPairs::default();
        let mut ap = WeightedPrecision::default();
        let mut aupro = RegionOverlap::new(&counts, Self::MAX_FPR);
        counts.sweep(|step| {
            auroc.add(step);
            ap.add(step);
            aupro.add(step);
            true
        });
        Ok(Self {
            auroc: auroc.rate(&counts),
            ap: ap.mean(&counts),
            aupro: aupro.area(),
        })
    }
}

/// AUROC over the pixels of all maps: the probability that a random anomalous pixel scores above a
/// random normal one, ties counting one half.
///
/// A large defect outweighs many small ones here; see [`aupro()`]. Memory is bounded as there.
///
/// # Formula
/// As [`auroc`](crate::auroc), a pixel being a row.
///
/// # Shapes
/// `maps` and `masks` `[n, h, w]`, `true` is an anomalous pixel.
///
/// # Errors
/// [`MetricError`] where shapes differ, a value is not finite, or there is no anomalous or no normal
/// pixel.
pub fn pixel_auroc(
    maps: ArrayView3<'_, f32>,
    masks: ArrayView3<'_, bool>,
) -> Result<f64, MetricError> {
    let counts = Counts::of(&maps, &masks)?;
    let mut auroc = WonPairs::default();
    counts.sweep(|step| {
        auroc.add(step);
        true
    });
    Ok(auroc.rate(&counts))
}

/// Average precision over the pixels of all maps. Chance is the share of anomalous pixels.
///
/// # Formula
/// As [`average_precision`](crate::average_precision), a pixel being a row.
///
/// # Shapes
/// `maps` and `masks` `[n, h, w]`, `true` is an anomalous pixel.
///
/// # Errors
/// [`MetricError`] where shapes differ, a value is not finite, or there is no anomalous or no normal
/// pixel.
pub fn pixel_average_precision(
    maps: ArrayView3<'_, f32>,
    masks: ArrayView3<'_, bool>,
) -> Result<f64, MetricError> {
    let counts = Counts::of(&maps, &masks)?;
    let mut ap = WeightedPrecision::default();
    counts.sweep(|step| {
        ap.add(step);
        true
    });
    Ok(ap.mean(&counts))
}

/// Pairs of an anomalous pixel above a normal one, counted twice so that ties stay whole.
#[derive(Default)]
struct WonPairs {
    anomalies: u64,
    twice_won: u128,
}

impl WonPairs {
    fn add(&mut self, step: PixelStep) {
        let twice = 2 * u128::from(self.anomalies) + u128::from(step.anomalies);
        self.twice_won += u128::from(step.normals) * twice;
        self.anomalies += step.anomalies;
    }

    fn rate(&self, counts: &Counts<'_>) -> f64 {
        let pairs = u128::from(counts.anomalies()) * u128::from(counts.normals());
        self.twice_won as f64 / (2 * pairs) as f64
    }
}

/// The sum behind average precision.
#[derive(Default)]
struct WeightedPrecision {
    anomalies: u64,
    normals: u64,
    sum: f64,
}

impl WeightedPrecision {
    fn add(&mut self, step: PixelStep) {
        self.anomalies += step.anomalies;
        self.normals += step.normals;
        if step.anomalies > 0 {
            let precision = self.anomalies as f64 / (self.anomalies + self.normals) as f64;
            self.sum += step.anomalies as f64 * precision;
        }
    }

    fn mean(&self, counts: &Counts<'_>) -> f64 {
        self.sum / counts.anomalies() as f64
    }
}
