use detector::{Detector, DetectorError, Input, Progress, Scorer};
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

mod bins;
mod histogram;

pub use bins::Bins;
use histogram::{Densities, Histogram};

/// Columns copied together.
const TILE: usize = 16;
/// Rows turned into columns together: a column of them is walked in one go.
const BLOCK: usize = 256;

/// Settings of [`Hbos`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HbosConfig {
    /// Bins of each column's histogram.
    pub bins: Bins,
    /// Added to a density before its logarithm, in (0, 1).
    pub alpha: f64,
    /// Widths of a bin beyond the training range within which a value still counts as of the first or
    /// last bin, in (0, 1).
    pub tolerance: f64,
}

impl Default for HbosConfig {
    /// PyOD's defaults.
    fn default() -> Self {
        Self {
            bins: Bins::Count(10),
            alpha: 0.1,
            tolerance: 0.5,
        }
    }
}

/// Histogram-based outlier score (Goldstein & Dengel 2012): rows in thin bins of many columns are
/// anomalous. Static bins of equal width, as in PyOD.
///
/// # Formula
/// The histogram of a column has bins of equal width over the range of its training values, half below
/// and half above a constant one, and densities `h` that integrate to 1. The score is
/// `−Σ log₂(h + α)` over the columns, `h` that of the bin of the row's value; a value on an edge belongs
/// to the bin below it. Beyond the range by at most `tolerance` widths the outermost bin counts, farther
/// off the least dense one.
///
/// When densities are counted a value on an edge belongs to the bin above it, in NumPy and so in PyOD: a
/// training value on an edge scores as its lower neighbour. A constant column is such an edge where bins
/// are even in number.
///
/// There is no randomness in it; the seed is not used.
///
/// ```
/// use baselines::{Hbos, HbosConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((99, 2), |(i, j)| ((i * (j + 3)) % 11) as f32);
/// let scorer = Hbos::new(HbosConfig::default())?.fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[5.0, 5.0], [40.0, -40.0]].view()), &Silent)?;
/// assert!(scores[1] >= scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Hbos {
    config: HbosConfig,
}

impl Hbos {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Config`] for a setting outside its range.
    pub fn new(config: HbosConfig) -> Result<Self, DetectorError> {
        config.bins.check()?;
        for (name, value) in [("alpha", config.alpha), ("tolerance", config.tolerance)] {
            if !(value > 0.0 && value < 1.0) {
                return Err(DetectorError::Config {
                    name,
                    value: value.to_string(),
                    expected: "a number between 0 and 1",
                });
            }
        }
        Ok(Self { config })
    }
}

impl Detector for Hbos {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let x = x.rows()?;
        let blocks: Vec<ArrayView2<'_, f32>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
        let blocks: Vec<Array2<f32>> = blocks.into_par_iter().map(transposed).collect();
        let columns = (0..x.ncols())
            .into_par_iter()
            .map(|j| {
                let parts: Vec<&[f32]> = blocks.iter().map(|block| column(block, j)).collect();
                self.densities(&parts, x.nrows())
            })
            .collect();
        Ok(Box::new(Fitted { columns }))
    }
}

impl Hbos {
    /// Of the `n` values of one column.
    fn densities(&self, parts: &[&[f32]], n: usize) -> Densities {
        let HbosConfig {
            bins,
            alpha,
            tolerance,
        } = self.config;
        let mut histogram = Histogram::over(parts, bins.resolve(parts, n));
        parts.iter().for_each(|part| histogram.add(part));
        histogram.densities(n, alpha, tolerance)
    }
}

/// `[m, d]` → `[d, m]`, a few columns at a time, which lie together in memory on both sides.
fn transposed(x: ArrayView2<'_, f32>) -> Array2<f32> {
    let (m, d) = x.dim();
    let mut columns = vec![0.0; d * m];
    for (tile, columns) in columns.chunks_mut(TILE * m).enumerate() {
        let first = tile * TILE;
        let last = d.min(first + TILE);
        let x = x.slice_axis(Axis(1), Slice::from(first..last));
        for (i, row) in x.outer_iter().enumerate() {
            for (column, value) in columns.chunks_exact_mut(m).zip(row) {
                column[i] = *value;
            }
        }
    }
    Array2::from_shape_vec((d, m), columns).expect("of this length")
}

fn column(block: &Array2<f32>, j: usize) -> &[f32] {
    let m = block.ncols();
    &block.as_slice().expect("in standard layout")[j * m..(j + 1) * m]
}

#[derive(Debug)]
struct Fitted {
    columns: Vec<Densities>,
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_of_width(self.columns.len())?;
        let blocks: Vec<ArrayView2<'_, f32>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
        let scores: Vec<Vec<f64>> = blocks
            .into_par_iter()
            .map(|block| {
                let (mut scores, block) = (vec![0.0; block.nrows()], transposed(block));
                for (j, densities) in self.columns.iter().enumerate() {
                    densities.add_scores(column(&block, j), &mut scores);
                }
                scores
            })
            .collect();
        Ok(Array1::from_vec(scores.concat()))
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use detector::{Silent, conformance};
    use ndarray::array;

    use super::*;

    fn hbos(bins: Bins) -> Hbos {
        let config = HbosConfig {
            bins,
            ..Default::default()
        };
        Hbos::new(config).unwrap()
    }

    fn scores(bins: Bins, train: &Array2<f32>, test: &Array2<f32>) -> Array1<f64> {
        let scorer = hbos(bins)
            .fit(Input::Rows(train.view()), 0, &Silent)
            .unwrap();
        scorer.score(Input::Rows(test.view()), &Silent).unwrap()
    }

    #[test]
    fn both_kinds_of_bins_conform() {
        for bins in [Bins::Count(10), Bins::Auto] {
            assert_eq!(conformance::check(&hbos(bins)), Ok(()));
        }
    }

    #[test]
    fn by_hand_in_four_bins() {
        // 0, 1, 1, 8 in four bins of width 2: counts 3, 0, 0, 1, densities 3/8, 0, 0, 1/8.
        let train = array![[0.0f32], [1.0], [1.0], [8.0]];
        let test = array![[2.0f32], [2.5], [8.0], [-1.0], [-1.1], [9.0], [9.1]];
        let found = scores(Bins::Count(4), &train, &test);
        let [first, empty, last] = [0.375f64, 0.0, 0.125].map(|h| -(h + 0.1).log2());
        let expected = [first, empty, last, first, empty, last, empty];
        for (found, expected) in found.iter().zip(expected) {
            assert_relative_eq!(*found, expected, max_relative = 1e-15);
        }
    }

    #[test]
    fn a_constant_column_is_as_wide_as_one() {
        let train = Array2::from_elem((9, 1), 3.0f32);
        let found = scores(Bins::Count(3), &train, &array![[3.0], [3.4], [90.0]]);
        assert!(found[0] < found[1] && found[1] == found[2]);
        // With an even number of bins it lies on an edge and counts as beside its own bin.
        let found = scores(Bins::Count(10), &train, &array![[3.0], [3.4]]);
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let wrong = [
            (
                HbosConfig {
                    bins: Bins::Count(1),
                    ..Default::default()
                },
                "bins",
            ),
            (
                HbosConfig {
                    alpha: 0.0,
                    ..Default::default()
                },
                "alpha",
            ),
            (
                HbosConfig {
                    tolerance: f64::NAN,
                    ..Default::default()
                },
                "tolerance",
            ),
        ];
        for (config, expected) in wrong {
            let error = Hbos::new(config).unwrap_err();
            assert!(matches!(error, DetectorError::Config { name, .. } if name == expected));
        }
    }
}
