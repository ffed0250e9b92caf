use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Number, Progress, Rows,
    Scorer, State,
};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Ix1, Ix2};
use numpy_random::RandomState;
use rayon::prelude::*;

mod c_step;
mod chi_squared;
mod fast;
mod scatter;

use crate::copies::most_copies;
use crate::numpy_seed::numpy_seed;
use scatter::Scatter;

/// More columns would take hours.
const MAX_COLUMNS: usize = 1000;
/// Rows beyond this quantile of their squared distances, were they Gaussian, have no part in the final
/// estimate.
const OUTSIDE: f64 = 0.025;

/// Minimum covariance determinant (Rousseeuw & Van Driessen 1999): squared Mahalanobis distance to the
/// mean and covariance of those rows, a little more than half, whose covariance has the smallest
/// determinant.
///
/// # Formula
/// `h = ⌈(n + d + 1)/2⌉` rows are sought by the FAST-MCD algorithm: from many random subsets, in pieces
/// of about 300 rows where there are more than 500, the `h` rows nearest to the current mean in the
/// current covariance are taken over and over while the determinant falls. The covariance is corrected
/// for consistency by `(h/n)/F_{d+2}(q)`, `q` the `h/n` quantile of `χ²_d` and `F` the distribution
/// function; rows nearer than its 0.975 quantile give the final mean `m` and covariance `S` (with its
/// own correction), and the score is `(x − m)ᵀ S⁻¹ (x − m)`. One column has the shortest half instead.
///
/// Random subsets are those of scikit-learn 1.9 with `random_state = seed`, so that its scores come out
/// unless two subsets are as good but for rounding. Seeds have 32 bits. A covariance without full rank
/// has its pseudo-inverse in the place of the inverse.
///
/// Its cost grows with the cube of the columns and hundreds of such steps: made for tables of at most
/// a hundred, and refused beyond 1000.
///
/// ```
/// use baselines::Mcd;
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// let x = Array2::from_shape_fn((90, 2), |(i, j)| ((i * (5 * j + 3)) % 17) as f32);
/// let scorer = Mcd.fit(Input::Rows(x.view()), 44, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[8.0, 8.0], [40.0, -40.0]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mcd;

impl Detector for Mcd {
    /// # Errors
    /// As the contract says, [`DetectorError::Setting`] for a seed beyond 32 bits, and
    /// [`DetectorError::Method`] for a single row, for more than 1000 columns, or where more than half of the
    /// rows are equal.
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let x = x.rows()?.to::<f64>().into_owned();
        let (n, d) = x.dim();
        if n < 2 {
            return Err(DetectorError::method(
                "1 training row has no covariance: at least 2 are needed".to_owned(),
            ));
        }
        if d > MAX_COLUMNS {
            return Err(DetectorError::method(format!(
                "mcd takes at most {MAX_COLUMNS} columns, found {d}: it would invert matrices of their square some hundred times; pca and wiener take any number"
            )));
        }
        let mut state = RandomState::new(numpy_seed(seed)?);
        let raw = fast::minimum_determinant(&x, &mut state, progress)?;
        // The half that was found varies in nothing: equal rows, unless their numbers are just small.
        if raw.support < n && raw.scatter.covariance.iter().all(|v| v.abs() <= 1e-8) {
            let copies = most_copies(x.view());
            if copies >= raw.support {
                return Err(DetectorError::method(format!(
                    "{copies} of {n} training rows are equal, and so is the half of them that lies closest: its covariance is 0"
                )));
            }
        }
        let correction = consistency(d, raw.support as f64 / n as f64);
        let cut = chi_squared::quantile(d, 1.0 - OUTSIDE);
        let near: Vec<usize> = (0..n)
            .filter(|i| raw.distances[*i] / correction < cut)
            .collect();
        if near.len() < 2 {
            return Err(DetectorError::method(format!(
                "{} of {n} training rows are near their mean: no covariance",
                near.len()
            )));
        }
        let mut scatter = Scatter::of(&x, &near);
        scatter.covariance *= consistency(d, 1.0 - OUTSIDE);
        let (precision, _) = scatter.precision();
        Ok(Box::new(Fitted {
            location: scatter.location,
            precision,
        }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("mcd", 1)?;
        let d = state.list::<f64>("location")?.len();
        if d == 0 {
            return Err(state.wrong("location", "no columns").into());
        }
        Ok(Box::new(Fitted {
            location: state.finite::<f64, Ix1>("location", d)?.to_vec(),
            precision: state.finite::<f64, Ix2>("precision", (d, d))?,
        }))
    }
}

/// The factor by which the covariance of the innermost share `alpha` of Gaussian rows is too small.
fn consistency(d: usize, alpha: f64) -> f64 {
    if alpha >= 1.0 {
        return 1.0;
    }
    alpha / chi_squared::distribution(d + 2, chi_squared::quantile(d, alpha))
}

#[derive(Debug)]
struct Fitted {
    location: Vec<f64>,
    precision: Array2<f64>,
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(match x.rows_of_width(self.location.len())? {
            Rows::F32(x) => self.scores(x),
            Rows::F64(x) => self.scores(x),
        })
    }

    fn state(&self) -> Result<State, DetectorError> {
        Ok(State::new("mcd", 1)
            .with_list("location", &self.location)
            .with_array("precision", &self.precision))
    }

    /// `(x − m)_i (P (x − m))_i` of each column, `P` the precision: where columns are correlated, some are
    /// negative.
    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = x.rows_of_width(self.location.len())?.to::<f64>();
        let off = x.into_owned() - ArrayView1::from(&self.location);
        let mut terms = Array2::zeros(off.dim());
        for (off, mut terms) in off.outer_iter().zip(terms.outer_iter_mut()) {
            terms.assign(&self.precision.dot(&off));
            terms *= &off;
        }
        Ok(Some(Contributions::new(terms, ContributionKind::Exact)))
    }
}

impl Fitted {
    fn scores<T: Number>(&self, x: ArrayView2<'_, T>) -> Array1<f64> {
        let scores: Vec<f64> = (0..x.nrows())
            .into_par_iter()
            .map(|i| {
                let row = x.row(i);
                let off = row.iter().zip(&self.location);
                let off: Vec<f64> = off.map(|(x, m)| x.wide() - m).collect();
                let rows = self.precision.outer_iter().zip(&off);
                rows.map(|(p, off_i)| off_i * p.iter().zip(&off).map(|(p, o)| p * o).sum::<f64>())
                    .sum()
            })
            .collect();
        Array1::from_vec(scores)
    }
}

#[cfg(test)]
mod tests {
    use detector::{Silent, conformance};
    use ndarray::array;

    use super::*;

    #[test]
    fn it_conforms() {
        assert_eq!(conformance::check(&Mcd), Ok(()));
    }

    #[test]
    fn contributions_sum_to_scores() {
        let found = conformance::check_contributions(&Mcd, ContributionKind::Exact);
        assert_eq!(found, Ok(()));
    }

    fn scores(train: &Array2<f32>, test: &Array2<f32>) -> Array1<f64> {
        let scorer = Mcd.fit(Input::Rows(train.view()), 1, &Silent).unwrap();
        scorer.score(Input::Rows(test.view()), &Silent).unwrap()
    }

    #[test]
    fn outliers_in_training_do_not_move_it() {
        let mut x =
            Array2::from_shape_fn((600, 2), |(i, j)| ((i * (7 * j + 3)) % 31) as f32 - 15.0);
        let test = array![[0.0f32, 0.0], [15.0, -15.0], [60.0, 60.0]];
        let clean = scores(&x, &test);
        for i in 0..150 {
            x.row_mut(4 * i).fill(500.0 + (i % 7) as f32);
        }
        let robust = scores(&x, &test);
        for (a, b) in clean.iter().zip(&robust) {
            assert!((a - b).abs() < 0.15 * a + 0.05, "{a} {b}");
        }
    }

    #[test]
    fn one_column_has_its_shortest_half() {
        let mut x = Array2::from_shape_fn((99, 1), |(i, _)| (i % 10) as f32);
        x.row_mut(50).fill(1000.0);
        let found = scores(&x, &array![[4.5f32], [1000.0]]);
        assert!(found[0] < 0.1 && found[1] > 1000.0, "{found}");
    }

    #[test]
    fn less_than_full_rank_is_defined() {
        // A constant column, and fewer rows than columns.
        let constant = Array2::from_shape_fn((80, 3), |(i, j)| {
            if j == 1 {
                2.0
            } else {
                ((i * (j + 3)) % 13) as f32
            }
        });
        let found = scores(&constant, &array![[6.0f32, 2.0, 6.0], [40.0, 2.0, 6.0]]);
        assert!(found[1] > found[0]);
        let wide = Array2::from_shape_fn((4, 9), |(i, j)| ((i * i + 3 * j * i) % 7) as f32);
        assert!(scores(&wide, &wide).iter().all(|s| s.is_finite()));
    }

    #[test]
    fn what_has_no_covariance_is_an_error() {
        let single = array![[1.0f32, 2.0]];
        let mut equal = Array2::from_elem((40, 2), 1.0f32);
        equal.row_mut(39).fill(9.0);
        for x in [single, equal] {
            let error = Mcd.fit(Input::Rows(x.view()), 0, &Silent).err();
            assert!(matches!(error, Some(DetectorError::Method(_))));
        }
    }

    #[test]
    fn small_numbers_are_not_taken_for_equal_rows() {
        let x = Array2::from_shape_fn((80, 2), |(i, j)| ((i * (7 * j + 3)) % 31) as f64);
        let test = array![[15.0, 15.0], [60.0, -60.0]];
        let scores = |factor: f64| {
            let scorer = Mcd.fit(Input::Rows64((&x * factor).view()), 1, &Silent);
            scorer
                .unwrap()
                .score(Input::Rows64((&test * factor).view()), &Silent)
                .unwrap()
        };
        for (a, b) in scores(1.0).iter().zip(&scores(1e-7)) {
            assert!((a - b).abs() < 1e-6 * a, "{a} {b}");
        }
    }

    #[test]
    fn more_columns_than_can_be_inverted_in_time_are_refused() {
        let x = Array2::<f32>::zeros((4, MAX_COLUMNS + 1));
        let error = Mcd.fit(Input::Rows(x.view()), 0, &Silent).err().unwrap();
        assert!(
            error
                .to_string()
                .starts_with("mcd takes at most 1000 columns, found 1001")
        );
    }
}
