use ndarray::{ArrayView2, ArrayView3, Axis};

use super::regions::Regions;
use crate::MetricError;

/// Pixels that are sorted together: 64 MiB.
const BUFFER: usize = 1 << 23;
/// Bins of the first look at the values, by the upper half of their bits.
const BINS: usize = 1 << 16;

/// What one region weighs in [`PixelStep::overlap`]. Shares are integers, so that neither the order of
/// the images nor that of the pixels changes a bit; a region of up to 2²⁴ pixels is wrong by less
/// than 2⁻³⁹.
pub(super) const REGION: u64 = 1 << 63;

/// Checked maps and masks, ready to be swept from the highest value to the lowest.
///
/// The maps are not copied: they are read once to count values by the upper half of their bits, and
/// once more for each eight million pixels, which are sorted together. Values that so many pixels share
/// the upper half of are counted one by one instead. So memory is bounded, whatever the size of the
/// maps, and nothing is approximated.
pub(super) struct Counts<'a> {
    maps: ArrayView3<'a, f32>,
    masks: ArrayView3<'a, bool>,
    /// Pixels by the upper half of their key.
    bins: Vec<usize>,
    regions: u64,
    anomalies: u64,
    normals: u64,
    buffer: usize,
}

/// The pixels of one distinct value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct PixelStep {
    /// Normal pixels of this value.
    pub(super) normals: u64,
    /// Anomalous pixels of this value.
    pub(super) anomalies: u64,
    /// For each of these the share of its region that it is, in units of 1 / [`REGION`].
    pub(super) overlap: u128,
}

impl PixelStep {
    fn add(&mut self, region_pixels: u32) {
        if region_pixels == 0 {
            self.normals += 1;
        } else {
            self.anomalies += 1;
            self.overlap += u128::from(REGION / u64::from(region_pixels));
        }
    }
}

impl<'a> Counts<'a> {
    pub(super) fn of(
        maps: &'a ArrayView3<'_, f32>,
        masks: &'a ArrayView3<'_, bool>,
    ) -> Result<Self, MetricError> {
        Self::with_buffer(maps, masks, BUFFER)
    }

    fn with_buffer(
        maps: &'a ArrayView3<'_, f32>,
        masks: &'a ArrayView3<'_, bool>,
        buffer: usize,
    ) -> Result<Self, MetricError> {
        if maps.dim() != masks.dim() {
            return Err(MetricError::ShapeMismatch {
                maps: maps.dim().into(),
                masks: masks.dim().into(),
            });
        }
        let (_, height, width) = maps.dim();
        if u32::try_from(height * width).is_err() {
            return Err(MetricError::MapTooLarge { height, width });
        }
        let mut counts = Self {
            maps: maps.view(),
            masks: masks.view(),
            bins: vec![0; BINS],
            regions: 0,
            anomalies: 0,
            normals: 0,
            buffer,
        };
        let mut found = Regions::default();
        for (image, (map, mask)) in counts.images().enumerate() {
            let mut all_finite = true;
            for &value in map {
                all_finite &= value.is_finite();
                counts.bins[bin(key(value))] += 1;
            }
            if !all_finite {
                return Err(not_finite(image, map));
            }
            let anomalies = mask.iter().filter(|&&anomalous| anomalous).count();
            counts.anomalies += anomalies as u64;
            counts.normals += (mask.len() - anomalies) as u64;
            if anomalies > 0 {
                counts.regions += found.find(mask) as u64;
            }
        }
        let pixels = maps.len();
        match (counts.anomalies, counts.normals) {
            (0, 0) => Err(MetricError::NoPixel),
            (0, _) => Err(MetricError::NoAnomalousPixel { pixels }),
            (_, 0) => Err(MetricError::NoNormalPixel { pixels }),
            _ => Ok(counts),
        }
    }

    /// Connected anomalous regions, at least 1.
    pub(super) fn regions(&self) -> u64 {
        self.regions
    }

    /// Anomalous pixels, at least 1.
    pub(super) fn anomalies(&self) -> u64 {
        self.anomalies
    }

    /// Normal pixels, at least 1.
    pub(super) fn normals(&self) -> u64 {
        self.normals
    }

    /// Shows the distinct values from the highest down, until `visit` returns false.
    pub(super) fn sweep(&self, mut visit: impl FnMut(PixelStep) -> bool) {
        let mut entries: Vec<u64> = Vec::with_capacity(self.buffer.min(self.maps.len()));
        let mut end = BINS;
        while end > 0 {
            let (start, pixels) = self.range_below(end);
            let go_on = if pixels > self.buffer {
                let mut steps = vec![PixelStep::default(); 1 << 16];
                self.each_pixel(start, end, |key, region| {
                    steps[(key & 0xffff) as usize].add(region);
                });
                let occurring = steps.into_iter().filter(|s| s.normals + s.anomalies > 0);
                occurring.rev().all(&mut visit)
            } else {
                entries.clear();
                self.each_pixel(start, end, |key, region| {
                    entries.push(u64::from(key) << 32 | u64::from(region));
                });
                entries.sort_unstable();
                let same_value = |a: &u64, b: &u64| a >> 32 == b >> 32;
                entries.chunk_by(same_value).rev().all(|tied| {
                    let mut step = PixelStep::default();
                    tied.iter().for_each(|&entry| step.add(entry as u32));
                    visit(step)
                })
            };
            if !go_on {
                return;
            }
            end = start;
        }
    }

    /// The first of the bins before `end` that fit into the buffer together, at least one, and how
    /// many pixels they hold.
    fn range_below(&self, end: usize) -> (usize, usize) {
        let mut start = end - 1;
        let mut pixels = self.bins[start];
        while start > 0 && pixels + self.bins[start - 1] <= self.buffer {
            start -= 1;
            pixels += self.bins[start];
        }
        (start, pixels)
    }

    /// Shows key and size of the region (0: normal) of the pixels in the bins from `start` to `end`.
    fn each_pixel(&self, start: usize, end: usize, mut show: impl FnMut(u32, u32)) {
        let mut regions = Regions::default();
        for (map, mask) in self.images() {
            let mut show_within = |value: f32, region: u32| {
                let key = key(value);
                if (start..end).contains(&bin(key)) {
                    show(key, region);
                }
            };
            if mask.iter().any(|&anomalous| anomalous) {
                regions.find(mask);
                for (&value, &region) in map.iter().zip(regions.sizes()) {
                    show_within(value, region);
                }
            } else {
                map.iter().for_each(|&value| show_within(value, 0));
            }
        }
    }

    fn images(
        &self,
    ) -> impl Iterator<Item = (ArrayView2<'a, f32>, ArrayView2<'a, bool>)> + use<'a> {
        let (maps, masks) = (self.maps, self.masks);
        (0..maps.len_of(Axis(0))).map(move |image| {
            (
                maps.index_axis_move(Axis(0), image),
                masks.index_axis_move(Axis(0), image),
            )
        })
    }
}

/// An integer in the order of the values; −0 and 0 are the same value.
fn key(value: f32) -> u32 {
    let bits = (value + 0.0).to_bits();
    if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    }
}

fn bin(key: u32) -> usize {
    (key >> 16) as usize
}

fn not_finite(image: usize, map: ArrayView2<'_, f32>) -> MetricError {
    let place = map.indexed_iter().find(|(_, value)| !value.is_finite());
    let ((row, column), &value) = place.expect("looked for where there is one");
    MetricError::PixelNotFinite {
        image,
        row,
        column,
        value,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array3, array};
    use proptest::prelude::*;

    use super::*;

    fn steps(counts: &Counts<'_>) -> Vec<PixelStep> {
        let mut steps = Vec::new();
        counts.sweep(|step| {
            steps.push(step);
            true
        });
        steps
    }

    #[test]
    fn values_come_from_the_highest_down_and_ties_together() {
        let maps = array![[[0.5, -0.0, 7.0], [0.0, 0.5, -2.5]]];
        let masks = array![[[true, false, false], [false, true, true]]];
        let (maps, masks) = (maps.view(), masks.view());
        let counts = Counts::of(&maps, &masks).unwrap();
        assert_eq!(
            (counts.regions(), counts.anomalies(), counts.normals()),
            (1, 3, 3)
        );
        let third = u128::from(REGION / 3);
        let step = |normals, anomalies| PixelStep {
            normals,
            anomalies,
            overlap: third * u128::from(anomalies),
        };
        assert_eq!(
            steps(&counts),
            [step(1, 0), step(0, 2), step(2, 0), step(0, 1)]
        );
    }

    #[test]
    fn the_sweep_stops_when_told() {
        let maps = array![[[1.0, 2.0, 3.0]]];
        let masks = array![[[true, false, false]]];
        let mut seen = 0;
        (Counts::of(&maps.view(), &masks.view()).unwrap()).sweep(|_| {
            seen += 1;
            seen < 2
        });
        assert_eq!(seen, 2);
    }

    #[test]
    fn keys_keep_the_order() {
        let values = [
            f32::MIN,
            -1.0,
            -f32::MIN_POSITIVE,
            -1e-45,
            0.0,
            1e-45,
            1e-3,
            1.0,
            1.000_000_1,
            f32::MAX,
        ];
        assert!(values.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert_eq!(key(-0.0), key(0.0));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_buffer_changes_nothing(
            // Few values that share the upper half of their bits and some that do not.
            pixels in prop::collection::vec((0..40u32, prop::bool::weighted(0.4)), 120),
            buffer in 1..130usize,
        ) {
            let value = |v: u32| f32::from_bits(0x3f80_0000 + (v % 8) + ((v / 8) << 16)) - 1.5;
            let maps = Array3::from_shape_fn((4, 5, 6), |(i, y, x)| value(pixels[i * 30 + y * 6 + x].0));
            let mut masks =
                Array3::from_shape_fn((4, 5, 6), |(i, y, x)| pixels[i * 30 + y * 6 + x].1);
            masks[(0, 0, 0)] = true;
            masks[(3, 4, 5)] = false;
            let (maps, masks) = (maps.view(), masks.view());
            let whole = Counts::of(&maps, &masks)?;
            let parts = Counts::with_buffer(&maps, &masks, buffer)?;
            prop_assert_eq!(steps(&whole), steps(&parts));
        }
    }
}
