use detector::settings::check;
use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Number, Progress, Rows,
    Scorer, State, StateError, needs_memory,
};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, Ix1, Ix2, Slice};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::principal::{LEAST_SHARE, Principal, padded, product};

/// Rows of one task.
const BLOCK: usize = 256;

/// Settings of [`Pca`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct PcaConfig {
    /// What a row scores.
    pub score: PcaScore,
    /// For the reconstruction: the share of the variance that the kept directions have at least, in
    /// (0, 1).
    pub variance_share: f64,
}

impl Default for PcaConfig {
    /// PyOD's score; the share is a common choice and ours.
    fn default() -> Self {
        Self {
            score: PcaScore::Weighted,
            variance_share: 0.95,
        }
    }
}

/// What [`Pca`] makes of the principal directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PcaScore {
    /// Distances to the principal directions, each over its share of the variance, as in PyOD.
    Weighted,
    /// What the first directions leave of the row.
    Reconstruction,
}

/// Principal components: rows far out along directions of little variance, or outside of those of much,
/// are anomalous (Shyu, Chen, Sarinnapakorn & Chang 2003).
///
/// # Formula
/// With `v_j` the unit principal directions of the training rows, the largest entry of each positive,
/// and `λ_j` their shares of the variance:
/// - weighted, as in PyOD: `Σ_j ‖x − v_j‖/λ_j`, over `min(n, d)` directions. The distance is that of the
///   row to the tip of the unit vector; PyOD standardises columns before, which here is left to
///   the preprocessing in front (`rows = "standard"`).
/// - reconstruction: `|(I − V Vᵀ)(x − m)|²`, `m` the training mean, `V` the fewest first directions whose
///   shares sum to at least [`variance_share`](PcaConfig::variance_share), but never all columns: what
///   they would leave is rounding.
///
/// # Differences from the reference
/// A direction in which the training rows do not vary (a share below 10⁻¹³, as with constant columns or
/// fewer rows than columns) is not determined by them, and PyOD divides by what rounding left of its
/// share. Here it counts as orthogonal to the row, with 10⁻¹³ for its share: the score then ranks nearly
/// as `‖x‖²`, which is what PyOD's ranks as.
///
/// There is no randomness in it; the seed is not used.
///
/// ```
/// use baselines::{Pca, PcaConfig, PcaScore};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// // Rows near a line, one to score on it and one beside it.
/// let x = Array2::from_shape_fn((60, 2), |(i, j)| (i as f32).sin() + (i * j % 3) as f32 / 50.0);
/// let config = PcaConfig { score: PcaScore::Reconstruction, ..PcaConfig::default() };
/// let scorer = Pca::new(config)?.fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[2.0, 2.0], [0.5, -0.5]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pca {
    config: PcaConfig,
}

impl Pca {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] for a share outside (0, 1).
    pub fn new(config: PcaConfig) -> Result<Self, DetectorError> {
        let share = config.variance_share;
        let valid = share > 0.0 && share < 1.0;
        check("variance-share", share, valid, "a number between 0 and 1")?;
        Ok(Self { config })
    }
}

impl Detector for Pca {
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        _progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let x = x.rows()?;
        let (n, d) = (x.nrows() as u128, x.ncols() as u128);
        needs_memory(
            8 * (n * d + 4 * n.min(d).pow(2)),
            &format!(
                "the rows in 64 bits and directions of {n} rows and {d} columns; fewer of the two need less"
            ),
        )?;
        let mut principal = match x {
            Rows::F32(x) => Principal::of(x),
            Rows::F64(x) => Principal::of(x),
        };
        if self.config.score == PcaScore::Reconstruction {
            let kept = kept(&principal.shares, self.config.variance_share, x.ncols());
            principal.directions = principal
                .directions
                .slice_axis(Axis(0), Slice::from(..kept))
                .to_owned();
            principal.shares.truncate(kept);
        }
        Ok(Box::new(Fitted {
            principal,
            score: self.config.score,
        }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("pca", 1)?;
        Ok(Box::new(Fitted {
            principal: restored(state)?,
            score: state.value("score")?,
        }))
    }
}

fn restored(state: &State) -> Result<Principal, StateError> {
    let d = state.list::<f64>("mean")?.len();
    let count = state.list::<f64>("shares")?.len();
    let shares = state.finite::<f64, Ix1>("shares", count)?;
    if shares.iter().any(|share| *share < LEAST_SHARE) {
        let expected = format!("a share below {LEAST_SHARE}");
        return Err(state.wrong("shares", expected));
    }
    let without_variance: usize = state.value("without-variance")?;
    if d == 0 || count > d || without_variance > d - count.min(d) {
        let found = format!("{count} directions and {without_variance} more in {d} columns");
        return Err(state.wrong("without-variance", found));
    }
    Ok(Principal {
        mean: state.finite::<f64, Ix1>("mean", d)?.to_vec(),
        directions: state.finite::<f64, Ix2>("directions", (count, d))?,
        shares: shares.to_vec(),
        without_variance,
    })
}

/// How many of the descending shares sum to at least `share`, at most all columns but one.
fn kept(shares: &[f64], share: f64, d: usize) -> usize {
    let mut sum = 0.0;
    let enough = shares.iter().position(|s| {
        sum += s;
        sum >= share
    });
    enough.map_or(shares.len(), |last| last + 1).min(d - 1)
}

#[derive(Debug)]
struct Fitted {
    principal: Principal,
    score: PcaScore,
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, _progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        Ok(match x.rows_of_width(self.principal.mean.len())? {
            Rows::F32(x) => self.scores(x),
            Rows::F64(x) => self.scores(x),
        })
    }

    fn state(&self) -> Result<State, DetectorError> {
        let principal = &self.principal;
        Ok(State::new("pca", 1)
            .with_value("score", self.score)
            .with_value("without-variance", principal.without_variance)
            .with_list("mean", &principal.mean)
            .with_list("shares", &principal.shares)
            .with_array("directions", &principal.directions))
    }

    /// Squares sum over columns: `(x − m − V Vᵀ(x − m))_i²` for the reconstruction,
    /// `Σ_j (x_i − v_ji)² / (‖x − v_j‖ λ_j)` for the weighted distances. The unit vectors of undetermined
    /// directions belong to no column; their square of 1 is spread evenly.
    fn contributions(
        &self,
        x: Input<'_>,
        _progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = x.rows_of_width(self.principal.mean.len())?;
        let parts = match (x, self.score) {
            (Rows::F32(x), PcaScore::Weighted) => self.weighted_parts(x),
            (Rows::F64(x), PcaScore::Weighted) => self.weighted_parts(x),
            (Rows::F32(x), PcaScore::Reconstruction) => self.rest(x).mapv_into(|v| v * v),
            (Rows::F64(x), PcaScore::Reconstruction) => self.rest(x).mapv_into(|v| v * v),
        };
        Ok(Some(Contributions::new(parts, ContributionKind::Exact)))
    }
}

impl Fitted {
    fn scores<T: Number>(&self, x: ArrayView2<'_, T>) -> Array1<f64> {
        let blocks: Vec<ArrayView2<'_, T>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
        let scores: Vec<Vec<f64>> = blocks
            .into_par_iter()
            .map(|block| match self.score {
                PcaScore::Weighted => self.weighted(block),
                PcaScore::Reconstruction => self.reconstruction(block),
            })
            .collect();
        Array1::from_vec(scores.concat())
    }

    fn weighted<T: Number>(&self, x: ArrayView2<'_, T>) -> Vec<f64> {
        let Principal {
            directions,
            shares,
            without_variance,
            mean,
        } = &self.principal;
        let rows = padded(x, &vec![0.0; mean.len()]);
        let along = product(rows.view(), directions.t());
        let score = |(row, along): (ArrayView1<'_, f64>, ArrayView1<'_, f64>)| -> f64 {
            let square = squared_length(row);
            let distance = |along: f64| (square + 1.0 - 2.0 * along).max(0.0).sqrt();
            let varied = along
                .iter()
                .zip(shares)
                .map(|(a, share)| distance(*a) / share);
            varied.sum::<f64>() + *without_variance as f64 * distance(0.0) / LEAST_SHARE
        };
        let rows = rows.outer_iter().zip(along.outer_iter());
        rows.take(x.nrows()).map(score).collect()
    }

    fn reconstruction<T: Number>(&self, x: ArrayView2<'_, T>) -> Vec<f64> {
        self.rest(x).outer_iter().map(squared_length).collect()
    }

    /// `(I − V Vᵀ)(x − m)` of each row.
    fn rest<T: Number>(&self, x: ArrayView2<'_, T>) -> Array2<f64> {
        let directions = self.principal.directions.view();
        let mut rows = padded(x, &self.principal.mean);
        let along = product(rows.view(), directions.t());
        rows -= &product(along.view(), directions);
        rows.slice_axis_inplace(Axis(0), Slice::from(..x.nrows()));
        rows
    }

    fn weighted_parts<T: Number>(&self, x: ArrayView2<'_, T>) -> Array2<f64> {
        let Principal {
            directions,
            shares,
            without_variance,
            mean,
        } = &self.principal;
        let mut parts = Array2::zeros(x.dim());
        for (row, mut parts) in x.outer_iter().zip(parts.outer_iter_mut()) {
            let row = row.mapv(Number::wide);
            for (direction, share) in directions.outer_iter().zip(shares) {
                let squares = (&row - &direction).mapv_into(|v| v * v);
                let distance = squares.sum().sqrt();
                // At the tip of the vector all terms are 0.
                if distance > 0.0 {
                    parts.scaled_add(1.0 / (distance * share), &squares);
                }
            }
            let squares = row.mapv(|v| v * v + 1.0 / mean.len() as f64);
            let distance = squares.sum().sqrt();
            let weight = *without_variance as f64 / (distance * LEAST_SHARE);
            parts.scaled_add(weight, &squares);
        }
        parts
    }
}

fn squared_length(row: ArrayView1<'_, f64>) -> f64 {
    row.iter().map(|v| v * v).sum()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use detector::{Silent, conformance};
    use ndarray::{Array2, array};

    use super::*;

    fn pca(score: PcaScore, variance_share: f64) -> Pca {
        let config = PcaConfig {
            score,
            variance_share,
        };
        Pca::new(config).unwrap()
    }

    fn scores(pca: &Pca, train: &Array2<f32>, test: &Array2<f32>) -> Array1<f64> {
        let scorer = pca.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
        scorer.score(Input::Rows(test.view()), &Silent).unwrap()
    }

    #[test]
    fn both_scores_conform() {
        assert_eq!(conformance::check(&pca(PcaScore::Weighted, 0.95)), Ok(()));
        // Planted outliers lie in all directions: half of the variance leaves some of each.
        assert_eq!(
            conformance::check(&pca(PcaScore::Reconstruction, 0.5)),
            Ok(())
        );
    }

    #[test]
    fn contributions_sum_to_scores() {
        for (score, share) in [(PcaScore::Weighted, 0.95), (PcaScore::Reconstruction, 0.5)] {
            let pca = pca(score, share);
            let scorer = pca
                .fit(Input::Rows(undetermined().view()), 0, &Silent)
                .unwrap();
            let x = array![[0.5f32, 2.0, -1.0], [0.5, 30.0, 0.3]];
            let scores = scorer.score(Input::Rows(x.view()), &Silent).unwrap();
            let parts = scorer
                .contributions(Input::Rows(x.view()), &Silent)
                .unwrap();
            let parts = parts.unwrap();
            assert_eq!(parts.kind, ContributionKind::Exact);
            for (row, score) in parts.values.outer_iter().zip(&scores) {
                assert_relative_eq!(row.sum(), *score, max_relative = 1e-9);
            }
            assert_eq!(parts.ranked(1)[0], 1, "{parts:?}");
        }
        let found = conformance::check_contributions(
            &pca(PcaScore::Weighted, 0.95),
            ContributionKind::Exact,
        );
        assert_eq!(found, Ok(()));
    }

    /// Two columns that vary and a constant one.
    fn undetermined() -> Array2<f32> {
        Array2::from_shape_fn((30, 3), |(i, j)| {
            ((i * (j + 1)) as f32).sin() * (2 - j) as f32
        })
    }

    #[test]
    fn by_hand_on_a_cross() {
        // Variances 8 and 2 along the axes: shares 0.8 and 0.2.
        let train = array![[4.0f32, 0.0], [-4.0, 0.0], [0.0, 2.0], [0.0, -2.0]];
        let test = array![[1.0f32, 3.0]];
        let found = scores(&pca(PcaScore::Weighted, 0.95), &train, &test);
        let expected = 9f64.sqrt() / 0.8 + 5f64.sqrt() / 0.2;
        assert_relative_eq!(found[0], expected, max_relative = 1e-12);
        let found = scores(&pca(PcaScore::Reconstruction, 0.7), &train, &test);
        assert_relative_eq!(found[0], 9.0, max_relative = 1e-12);
        // Both directions would be needed; one stays out.
        let found = scores(&pca(PcaScore::Reconstruction, 0.95), &train, &test);
        assert_relative_eq!(found[0], 9.0, max_relative = 1e-12);
    }

    #[test]
    fn one_column_scores_by_the_distance_to_the_mean() {
        let train = array![[1.0f32], [3.0]];
        let found = scores(&pca(PcaScore::Reconstruction, 0.95), &train, &array![[5.0]]);
        assert_eq!(found[0], 9.0);
    }

    #[test]
    fn equal_rows_and_constant_columns_are_defined() {
        let equal = Array2::from_elem((9, 3), 1.0f32);
        let test = array![[1.0f32, 1.0, 1.0], [2.0, 1.0, 1.0]];
        for score in [PcaScore::Weighted, PcaScore::Reconstruction] {
            let found = scores(&pca(score, 0.95), &equal, &test);
            assert!(found[0] < found[1] && found[1].is_finite());
        }
    }

    #[test]
    fn a_share_out_of_range_is_refused() {
        for variance_share in [0.0, 1.0, f64::NAN] {
            let config = PcaConfig {
                variance_share,
                ..PcaConfig::default()
            };
            assert!(Pca::new(config).is_err());
        }
    }
}
