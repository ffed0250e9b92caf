use detector::settings::at_least;
use detector::{Detector, DetectorError, Input, Number, Progress, Rows, Scorer, State, StateError};
use ndarray::{Array1, ArrayView2, Ix1};
use neighbours::{Neighbours, needs_two_rows};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::copies::most_copies;

/// Keeps the density of a row among its copies finite; scikit-learn's number.
const LEAST_REACH: f64 = 1e-10;
/// Where the training rows reach less than this on average, the number above is taken in units of that, so
/// that it does not outweigh the distances of rows whose numbers are small.
const SMALL: f64 = 1e-3;
/// Neighbours of all training rows that are kept between the two passes; of more, the search runs twice.
const KEPT: usize = 1 << 24;

/// Settings of [`Lof`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct LofConfig {
    /// Nearest training rows `k`, at least 1; at most all but one.
    pub neighbours: usize,
}

impl Default for LofConfig {
    /// PyOD's and scikit-learn's default.
    fn default() -> Self {
        Self { neighbours: 20 }
    }
}

/// Local outlier factor (Breunig, Kriegel, Ng & Sander 2000): rows in a thinner place than their
/// neighbours are anomalous. New rows are compared with the training rows alone, as in scikit-learn's
/// `novelty=True`, which PyOD uses.
///
/// # Formula
/// `d_k(o)` is the distance of training row `o` to its `k`-th nearest other training row. The reach of
/// `x` from a neighbour `o` is `max(d(x, o), d_k(o))`, its density `lrd(x)` one over the mean reach from
/// its `k` nearest training rows plus 10⁻¹⁰, and the score the mean of `lrd(o)/lrd(x)` over these.
///
/// A training row that has `k` copies or more has no reach, and only the 10⁻¹⁰ keeps its density finite:
/// rows beside it score beyond all others. [`Scorer::warnings`] then names copies and neighbours; more
/// neighbours than copies avoid it. Where training rows reach less than 10⁻³ on average, the 10⁻¹⁰ is
/// taken in units of that average.
///
/// Of rows at one distance the first in the table is the neighbour. With fewer rows `k` is all but one.
/// There is no randomness in it; the seed is not used.
///
/// ```
/// use baselines::{Lof, LofConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// // A dense and a thin line: half a step off is stranger beside the dense one.
/// let x = Array2::from_shape_fn((100, 2), |(i, j)| match (j, i < 50) {
///     (0, true) => i as f32 / 10.0,
///     (0, false) => i as f32,
///     _ => 0.0,
/// });
/// let scorer = Lof::new(LofConfig { neighbours: 5 })?.fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[80.0, 0.5], [2.5, 0.5]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Lof {
    config: LofConfig,
}

impl Lof {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for no neighbours.
    pub fn new(config: LofConfig) -> Result<Self, DetectorError> {
        at_least("neighbours", config.neighbours, 1)?;
        Ok(Self { config })
    }
}

impl Detector for Lof {
    /// # Errors
    /// As the contract says, and [`DetectorError::Method`] for a single row.
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let k = self.config.neighbours;
        Ok(match x.rows()? {
            Rows::F32(x) => Box::new(Densities::of(x, k, progress)?),
            Rows::F64(x) => Box::new(Densities::of(x, k, progress)?),
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("lof", 1)?;
        Ok(match state.rows("rows")? {
            Rows::F32(x) => Box::new(Densities::restore(x, state)?),
            Rows::F64(x) => Box::new(Densities::restore(x, state)?),
        })
    }
}

/// The training rows with their densities.
#[derive(Debug)]
pub(crate) struct Densities<T> {
    table: Neighbours<T>,
    k: usize,
    /// `d_k` of each training row.
    reaches: Vec<f64>,
    /// `lrd` of each training row.
    densities: Vec<f64>,
    least_reach: f64,
    /// The most training rows that are equal, where they leave a row without reach.
    copies: Option<usize>,
}

impl<T: Number> Densities<T> {
    /// Of `x`, `[n, d]`, finite.
    ///
    /// # Errors
    /// [`DetectorError::Method`] for a single row, [`DetectorError::Interrupted`].
    pub(crate) fn of(
        x: ArrayView2<'_, T>,
        neighbours: usize,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        let n = x.nrows();
        needs_two_rows(n)?;
        let table = Neighbours::new(x);
        let k = neighbours.min(n - 1);
        let kept = (n.saturating_mul(k) <= KEPT)
            .then(|| table.nearest_of_own(k, progress))
            .transpose()?;
        let reaches: Vec<f64> = match &kept {
            Some(nearest) => (0..n)
                .map(|i| nearest.squared_distances(i)[k - 1].sqrt())
                .collect(),
            None => table.map_nearest_of_own(k, progress, |nearest| nearest[k - 1].0.sqrt())?,
        };
        let mean = reaches.iter().sum::<f64>() / n as f64;
        let least_reach = match mean {
            mean if mean > 0.0 && mean < SMALL => LEAST_REACH * mean,
            _ => LEAST_REACH,
        };
        let mut fitted = Self {
            copies: reaches.contains(&0.0).then(|| most_copies(table.table())),
            table,
            k,
            reaches,
            densities: Vec::new(),
            least_reach,
        };
        fitted.densities = match &kept {
            Some(nearest) => (0..n)
                .map(|i| {
                    let squares = nearest.squared_distances(i).iter().copied();
                    fitted.density(squares.zip(nearest.rows(i).iter().copied()))
                })
                .collect(),
            None => fitted.table.map_nearest_of_own(k, progress, |nearest| {
                fitted.density(nearest.iter().copied())
            })?,
        };
        Ok(fitted)
    }

    /// The local outlier factor of each row of `x`.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub(crate) fn factors(
        &self,
        x: ArrayView2<'_, T>,
        progress: &dyn Progress,
    ) -> Result<Vec<f64>, DetectorError> {
        self.table.map_nearest(x, self.k, progress, |nearest| {
            let theirs = nearest.iter().map(|(_, o)| self.densities[*o as usize]);
            theirs.sum::<f64>() / self.k as f64 / self.density(nearest.iter().copied())
        })
    }

    /// The state of a local outlier factor, but for its rows.
    pub(crate) fn state_without_rows(&self) -> State {
        State::new("lof", 1)
            .with_value("neighbours", self.k)
            .with_value("least-reach", self.least_reach)
            .with_value("copies", self.copies.unwrap_or_default())
            .with_list("reaches", &self.reaches)
            .with_list("densities", &self.densities)
    }

    /// Of the training rows `x` and that state.
    ///
    /// # Errors
    /// [`StateError`] for another or a damaged state.
    pub(crate) fn restore(x: ArrayView2<'_, T>, state: &State) -> Result<Self, StateError> {
        state.expect("lof", 1)?;
        let n = x.nrows();
        let k: usize = state.value("neighbours")?;
        if !(1..n).contains(&k) {
            return Err(state.wrong("neighbours", format!("{k} of {n} rows")));
        }
        let least_reach: f64 = state.value("least-reach")?;
        let reaches = state.finite::<f64, Ix1>("reaches", n)?;
        let densities = state.finite::<f64, Ix1>("densities", n)?;
        let positive = least_reach > 0.0 && densities.iter().all(|v| *v > 0.0);
        if !positive || reaches.iter().any(|v| *v < 0.0) {
            return Err(state.wrong("densities", "one of them or a reach is out of range"));
        }
        let copies: usize = state.value("copies")?;
        Ok(Self {
            table: Neighbours::new(x),
            k,
            reaches: reaches.to_vec(),
            densities: densities.to_vec(),
            least_reach,
            copies: (copies > 0).then_some(copies),
        })
    }

    /// The training rows.
    pub(crate) fn rows(&self) -> ArrayView2<'_, T> {
        self.table.table()
    }

    /// The most training rows that are equal and the neighbours that they outnumber.
    pub(crate) fn copies(&self) -> Option<(usize, usize)> {
        self.copies.map(|copies| (copies, self.k))
    }

    /// `lrd` of a row with these neighbours.
    fn density(&self, nearest: impl Iterator<Item = (f64, u32)>) -> f64 {
        let reaches = nearest.map(|(square, o)| square.sqrt().max(self.reaches[o as usize]));
        1.0 / (reaches.sum::<f64>() / self.k as f64 + self.least_reach)
    }
}

/// What more copies than neighbours do to the score.
pub(crate) fn copies_warning((copies, neighbours): (usize, usize)) -> String {
    format!(
        "{copies} equal training rows outnumber the {neighbours} neighbours: their density has no bound, and rows beside them score beyond all others; take more neighbours than there are copies (neighbours = {copies} or more)"
    )
}

impl<T: Number> Scorer for Densities<T> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_like::<T>(self.table.width())?;
        Ok(Array1::from_vec(self.factors(x.view(), progress)?))
    }

    fn state(&self) -> Result<State, DetectorError> {
        Ok(self.state_without_rows().with_array("rows", &self.rows()))
    }

    fn warnings(&self) -> Vec<String> {
        self.copies().map(copies_warning).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use detector::{Silent, conformance};
    use ndarray::{Array2, array};

    use super::*;

    fn scores(neighbours: usize, train: &Array2<f32>, test: &Array2<f32>) -> Array1<f64> {
        let lof = Lof::new(LofConfig { neighbours }).unwrap();
        let scorer = lof.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
        scorer.score(Input::Rows(test.view()), &Silent).unwrap()
    }

    #[test]
    fn it_conforms() {
        let lof = Lof::new(LofConfig::default()).unwrap();
        assert_eq!(conformance::check(&lof), Ok(()));
    }

    #[test]
    fn by_hand_on_a_line() {
        // k = 2 on 0, 1, 2, 4: d_k = 2, 1, 2, 3. For 5: neighbours 4 (1 away) and 2 (3 away), reaches
        // 3 and 3, density 1/3. lrd(4): neighbours 2 and 1, reaches 2 and 3, 1/2.5. lrd(2): neighbours
        // 1 and 0, reaches 1 and 2, 1/1.5 (0 and 4 are both 2 away, and 0 is first).
        let train = array![[0.0], [1.0], [2.0], [4.0]];
        let found = scores(2, &train, &array![[5.0]]);
        let expected = (1.0 / 2.5 + 1.0 / 1.5) / 2.0 * 3.0;
        assert_relative_eq!(found[0], expected, max_relative = 1e-9);
    }

    #[test]
    fn copies_and_few_rows_are_defined() {
        let copies = Array2::from_elem((30, 2), 1.0f32);
        let found = scores(20, &copies, &array![[1.0, 1.0], [1.0, 1.5]]);
        assert_eq!(found[0], 1.0);
        assert!(found[1] > 1e9 && found[1].is_finite());
        let found = scores(20, &array![[0.0], [1.0]], &array![[0.5], [9.0]]);
        assert!(found[1] > found[0]);
    }

    #[test]
    fn more_copies_than_neighbours_are_warned_about() {
        // scikit-learn#27839: 33 copies, a ramp beside them, outliers far away.
        let train =
            Array2::from_shape_fn((120, 1), |(i, _)| 0.1 + i.saturating_sub(32) as f32 / 870.0);
        let test = Array2::from_shape_fn((50, 1), |(i, _)| match i {
            0..10 => 5.0 + 10.0 * i as f32,
            _ => 0.1 + i as f32 / 500.0,
        });
        let fitted = |neighbours| {
            let lof = Lof::new(LofConfig { neighbours }).unwrap();
            let scorer = lof.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
            let scores = scorer.score(Input::Rows(test.view()), &Silent).unwrap();
            let restored = conformance::check_restored(&lof, &*scorer, Input::Rows(test.view()));
            assert_eq!(restored, Ok(()));
            (scorer.warnings(), scores)
        };
        let (warnings, _) = fitted(20);
        assert!(warnings[0].starts_with("33 equal training rows outnumber the 20 neighbours"));
        let (warnings, scores) = fitted(61);
        assert!(warnings.is_empty());
        let largest = scores.iter().skip(10).copied().fold(0.0, f64::max);
        assert!(scores.iter().take(10).all(|s| *s > largest));
    }

    #[test]
    fn small_numbers_score_as_their_multiples() {
        // No distances alike: rounding decides about none.
        let train = Array2::from_shape_fn((60, 2), |(i, j)| {
            9.0 * ((7 * i + 3 * j * i + j) as f64).sin()
        });
        let test = array![[5.0, 5.0], [40.0, -40.0], [2.5, 7.5]];
        let scores = |factor: f64| {
            let lof = Lof::new(LofConfig { neighbours: 20 }).unwrap();
            let (train, test) = (&train * factor, &test * factor);
            let scorer = lof.fit(Input::Rows64(train.view()), 0, &Silent).unwrap();
            scorer.score(Input::Rows64(test.view()), &Silent).unwrap()
        };
        for (a, b) in scores(1.0).iter().zip(scores(1e-12)) {
            assert_relative_eq!(*a, b, max_relative = 1e-9);
        }
    }

    #[test]
    fn many_neighbours_are_sought_twice_to_the_same_bits() {
        let x = Array2::from_shape_fn((5000, 1), |(i, _)| ((i * i) % 4999) as f32);
        let few = Array2::from_shape_fn((3, 1), |(i, _)| i as f32 * 40.5);
        // 5000 times 4000 neighbours are too many to keep.
        let found = scores(4000, &x, &few);
        let table = Neighbours::new(x.view());
        let nearest = table.nearest_of_own(4000, &Silent).unwrap();
        let reach: Vec<f64> = (0..5000)
            .map(|i| nearest.squared_distances(i)[3999].sqrt())
            .collect();
        let lrd = |squares: &[f64], rows: &[u32]| {
            let sum: f64 = squares
                .iter()
                .zip(rows)
                .map(|(s, o)| s.sqrt().max(reach[*o as usize]))
                .sum();
            1.0 / (sum / 4000.0 + 1e-10)
        };
        let of_scored = table.nearest(few.view(), 4000, &Silent).unwrap();
        for i in 0..3 {
            let theirs = of_scored.rows(i).iter().map(|o| {
                let o = *o as usize;
                lrd(nearest.squared_distances(o), nearest.rows(o))
            });
            let expected = theirs.sum::<f64>()
                / 4000.0
                / lrd(of_scored.squared_distances(i), of_scored.rows(i));
            assert_eq!(found[i], expected);
        }
    }

    #[test]
    fn a_single_row_is_an_error() {
        let lof = Lof::new(LofConfig::default()).unwrap();
        let one = array![[1.0f32]];
        let error = lof.fit(Input::Rows(one.view()), 0, &Silent).err();
        assert!(matches!(error, Some(DetectorError::Method(_))));
        assert!(Lof::new(LofConfig { neighbours: 0 }).is_err());
    }
}
