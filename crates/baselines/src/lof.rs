use detector::{Detector, DetectorError, Input, Progress, Scorer};
use ndarray::{Array1, ArrayView2};
use neighbours::{Nearest, Neighbours};
use serde::{Deserialize, Serialize};

use crate::knn::at_least_one;

/// Keeps the density of a row amid its copies finite; scikit-learn's number.
const LEAST_REACH: f64 = 1e-10;

/// Settings of [`Lof`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// [`DetectorError::Config`] for no neighbours.
    pub fn new(config: LofConfig) -> Result<Self, DetectorError> {
        at_least_one("neighbours", config.neighbours)?;
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
        Ok(Box::new(Densities::of(
            x.rows()?,
            self.config.neighbours,
            progress,
        )?))
    }
}

/// The training rows with their densities.
#[derive(Debug)]
pub(crate) struct Densities {
    table: Neighbours,
    k: usize,
    /// `d_k` of each training row.
    reaches: Vec<f64>,
    /// `lrd` of each training row.
    densities: Vec<f64>,
}

impl Densities {
    /// Of `x`, `[n, d]`, finite.
    ///
    /// # Errors
    /// [`DetectorError::Method`] for a single row, [`DetectorError::Interrupted`].
    pub(crate) fn of(
        x: ArrayView2<'_, f32>,
        neighbours: usize,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        if x.nrows() < 2 {
            return Err(DetectorError::Method(
                "1 training row has no neighbour: at least 2 are needed".to_owned(),
            ));
        }
        let table = Neighbours::new(x);
        let nearest = table.nearest_of_own(neighbours, progress)?;
        let k = nearest.k();
        let reach = |i| f64::sqrt(nearest.squared_distances(i)[k - 1]);
        let mut densities = Self {
            k,
            reaches: (0..table.len()).map(reach).collect(),
            densities: Vec::new(),
            table,
        };
        densities.densities = (0..x.nrows())
            .map(|i| densities.density(&nearest, i))
            .collect();
        Ok(densities)
    }

    /// The local outlier factor of each row of `x`.
    ///
    /// # Errors
    /// [`DetectorError::Interrupted`].
    pub(crate) fn factors(
        &self,
        x: ArrayView2<'_, f32>,
        progress: &dyn Progress,
    ) -> Result<Vec<f64>, DetectorError> {
        let nearest = self.table.nearest(x, self.k, progress)?;
        let factor = |i| {
            let theirs = nearest.rows(i).iter().map(|o| self.densities[*o as usize]);
            theirs.sum::<f64>() / self.k as f64 / self.density(&nearest, i)
        };
        Ok((0..x.nrows()).map(factor).collect())
    }

    /// `lrd` of row `i`, whose neighbours these are.
    fn density(&self, nearest: &Nearest, i: usize) -> f64 {
        let neighbours = nearest.rows(i).iter().zip(nearest.squared_distances(i));
        let reaches = neighbours.map(|(o, square)| square.sqrt().max(self.reaches[*o as usize]));
        1.0 / (reaches.sum::<f64>() / self.k as f64 + LEAST_REACH)
    }
}

impl Scorer for Densities {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = x.rows_of_width(self.table.width())?;
        Ok(Array1::from_vec(self.factors(x, progress)?))
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
    fn a_single_row_is_an_error() {
        let lof = Lof::new(LofConfig::default()).unwrap();
        let one = array![[1.0f32]];
        let error = lof.fit(Input::Rows(one.view()), 0, &Silent).err();
        assert!(matches!(error, Some(DetectorError::Method(_))));
        assert!(Lof::new(LofConfig { neighbours: 0 }).is_err());
    }
}
