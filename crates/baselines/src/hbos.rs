use detector::settings::check;
use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Progress, Rows, Scorer, State,
    StateError,
};
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

mod bins;
mod histogram;
mod on_edge;

pub use bins::Bins;
use histogram::{Binned, Densities, Histogram};
pub use on_edge::OnEdge;

/// Columns copied together.
const TILE: usize = 16;
/// Rows turned into columns together: a column of them is walked in one go.
const BLOCK: usize = 256;

/// Settings of [`Hbos`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct HbosConfig {
    /// Bins of each column.
    pub bins: Bins,
    /// Added to a density before its logarithm, in (0, 1).
    pub alpha: f64,
    /// Widths of a bin beyond the training range within which a value still counts as of the first or
    /// last bin, in (0, 1).
    pub tolerance: f64,
    /// The bin whose density a value on an edge has.
    pub on_edge: OnEdge,
}

impl Default for HbosConfig {
    /// PyOD's defaults, but for values on an edge.
    fn default() -> Self {
        Self {
            bins: Bins::Count(10),
            alpha: 0.1,
            tolerance: 0.5,
            on_edge: OnEdge::SameBin,
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
/// to the bin above it, the largest to the last. Beyond the range by at most `tolerance` widths the outermost
/// bin counts, farther off the least dense one.
///
/// # Differences from the reference
/// PyOD counts a value on an edge in the bin above it and scores it by the bin below; that form is
/// [`OnEdge::Published`].
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
    /// [`DetectorError::Setting`] for a setting outside its range.
    pub fn new(config: HbosConfig) -> Result<Self, DetectorError> {
        config.bins.check()?;
        for (name, value) in [("alpha", config.alpha), ("tolerance", config.tolerance)] {
            let valid = value > 0.0 && value < 1.0;
            check(name, value, valid, "a number between 0 and 1")?;
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
        Ok(match x.rows()? {
            Rows::F32(x) => Box::new(self.fit_rows(x)),
            Rows::F64(x) => Box::new(self.fit_rows(x)),
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("hbos", 1)?;
        Ok(if state.is_wide("thresholds")? {
            Box::new(Fitted::<f64>::restore(state)?)
        } else {
            Box::new(Fitted::<f32>::restore(state)?)
        })
    }
}

impl Hbos {
    fn fit_rows<T: Binned>(&self, x: ArrayView2<'_, T>) -> Fitted<T> {
        let blocks: Vec<ArrayView2<'_, T>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
        let blocks: Vec<Array2<T>> = blocks.into_par_iter().map(transposed).collect();
        let columns = (0..x.ncols())
            .into_par_iter()
            .map(|j| {
                let parts: Vec<&[T]> = blocks.iter().map(|block| column(block, j)).collect();
                self.densities(&parts, x.nrows())
            })
            .collect();
        Fitted { columns }
    }

    /// Of the `n` values of one column.
    fn densities<T: Binned>(&self, parts: &[&[T]], n: usize) -> Densities<T> {
        let mut histogram = Histogram::over(parts, self.config.bins.resolve(parts, n));
        parts.iter().for_each(|part| histogram.add(part));
        let HbosConfig {
            alpha,
            tolerance,
            on_edge,
            ..
        } = self.config;
        histogram.densities(n, alpha, tolerance, on_edge)
    }
}

/// `[m, d]` → `[d, m]`, a few columns at a time, which lie together in memory on both sides.
fn transposed<T: Binned>(x: ArrayView2<'_, T>) -> Array2<T> {
    let (m, d) = x.dim();
    let mut columns = vec![T::default(); d * m];
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

fn column<T>(block: &Array2<T>, j: usize) -> &[T] {
    let m = block.ncols();
    &block.as_slice().expect("in standard layout")[j * m..(j + 1) * m]
}

#[derive(Debug)]
struct Fitted<T> {
    columns: Vec<Densities<T>>,
}

impl<T: Binned> Fitted<T> {
    fn restore(state: &State) -> Result<Self, StateError> {
        let bins = state.list::<u32>("bins")?;
        let (thresholds, scores) = (state.list::<T>("thresholds")?, state.list::<f64>("scores")?);
        let (mut thresholds, mut scores) = (&*thresholds, &*scores);
        let mut columns = Vec::new();
        for (j, bins) in bins.into_iter().enumerate() {
            let bins = bins as usize;
            let parts = thresholds
                .split_at_checked(bins + 1)
                .zip(scores.split_at_checked(bins + 2));
            let Some(((of_column, rest), (scores_of_column, rest_of_scores))) = parts else {
                return Err(state.wrong("bins", "more of them than thresholds or scores"));
            };
            let densities = Densities::restore(of_column, scores_of_column);
            let wrong = || {
                state.wrong(
                    "thresholds",
                    format!("those of column {j} are not a histogram"),
                )
            };
            columns.push(densities.ok_or_else(wrong)?);
            (thresholds, scores) = (rest, rest_of_scores);
        }
        if columns.is_empty() || !thresholds.is_empty() || !scores.is_empty() {
            return Err(state.wrong("bins", "fewer of them than thresholds or scores"));
        }
        Ok(Self { columns })
    }
}

impl<T: Binned> Scorer for Fitted<T> {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.columns.len())?;
        let blocks: Vec<ArrayView2<'_, T>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
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

    fn state(&self) -> Result<State, DetectorError> {
        let columns = || self.columns.iter();
        let bins: Vec<u32> = columns().map(|column| column.bins() as u32).collect();
        let thresholds: Vec<&[T]> = columns().map(Densities::thresholds).collect();
        let scores: Vec<&[f64]> = columns().map(Densities::scores).collect();
        Ok(State::new("hbos", 1)
            .with_list("bins", &bins)
            .with_list("thresholds", &thresholds.concat())
            .with_list("scores", &scores.concat()))
    }

    /// The term `−log₂(h + α)` of each column.
    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = x.rows_like::<T>(self.columns.len())?;
        let columns = transposed(x.view());
        let mut terms = Array2::zeros((x.ncols(), x.nrows()));
        let rows = terms.outer_iter_mut().zip(&self.columns).enumerate();
        for (j, (mut terms, densities)) in rows {
            let terms = terms.as_slice_mut().expect("in standard layout");
            densities.add_scores(column(&columns, j), terms);
        }
        let terms = terms.reversed_axes();
        Ok(Some(Contributions::new(terms, ContributionKind::Exact)))
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
        scores_of(&hbos(bins), train, test)
    }

    fn published(bins: Bins, train: &Array2<f32>, test: &Array2<f32>) -> Array1<f64> {
        let config = HbosConfig {
            bins,
            on_edge: OnEdge::Published,
            ..Default::default()
        };
        scores_of(&Hbos::new(config).unwrap(), train, test)
    }

    fn scores_of(hbos: &Hbos, train: &Array2<f32>, test: &Array2<f32>) -> Array1<f64> {
        let scorer = hbos.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
        scorer.score(Input::Rows(test.view()), &Silent).unwrap()
    }

    #[test]
    fn both_kinds_of_bins_conform() {
        for bins in [Bins::Count(10), Bins::Auto] {
            assert_eq!(conformance::check(&hbos(bins)), Ok(()));
        }
    }

    #[test]
    fn contributions_sum_to_scores() {
        for bins in [Bins::Count(10), Bins::Auto] {
            let found = conformance::check_contributions(&hbos(bins), ContributionKind::Exact);
            assert_eq!(found, Ok(()));
        }
    }

    #[test]
    fn by_hand_in_four_bins() {
        // 0, 1, 1, 8 in four bins of width 2: counts 3, 0, 0, 1, densities 3/8, 0, 0, 1/8.
        let train = array![[0.0f32], [1.0], [1.0], [8.0]];
        let test = array![[2.0f32], [2.5], [8.0], [-1.0], [-1.1], [9.0], [9.1]];
        let [first, empty, last] = [0.375f64, 0.0, 0.125].map(|h| -(h + 0.1).log2());
        let found = scores(Bins::Count(4), &train, &test);
        let expected = [empty, empty, last, first, empty, last, empty];
        for (found, expected) in found.iter().zip(expected) {
            assert_relative_eq!(*found, expected, max_relative = 1e-15);
        }
        let found = published(Bins::Count(4), &train, &test);
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
        // With an even number of bins it lies on an edge, and PyOD scores it as beside its own bin.
        let found = published(Bins::Count(10), &train, &array![[3.0], [3.4]]);
        assert_eq!(found[0], found[1]);
    }

    #[test]
    fn what_was_trained_on_is_never_stranger_than_what_differs_from_it() {
        // scikit-learn#7141: everything is an anomaly after a fit to rows all alike.
        for constant in [0.0f64, 1.0, -7e5, 1.7e9, 3e17] {
            let train = Array2::from_elem((190, 1), constant);
            let beside =
                [0.0, 0.05, 0.3, 5.0, 1e4].map(|off| constant + off * constant.abs().max(1.0));
            let test = Array2::from_shape_fn((5, 1), |(i, _)| beside[i]);
            for bins in [2, 3, 10, 11, 50] {
                let scorer = hbos(Bins::Count(bins)).fit(Input::Rows64(train.view()), 0, &Silent);
                let found = scorer
                    .unwrap()
                    .score(Input::Rows64(test.view()), &Silent)
                    .unwrap();
                assert!(
                    found.as_slice().is_some_and(<[f64]>::is_sorted) && found[0] < found[4],
                    "{constant} in {bins}: {found}"
                );
            }
        }
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
            assert!(matches!(error, DetectorError::Setting(setting) if setting.name == expected));
        }
    }
}
