use detector::settings::{at_least, check, in_range, positive};
use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Progress, Scorer, State,
};
use ndarray::{Array1, Array2};
use neighbours::needs_two_rows;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::masked_view::Masking;
use crate::unexplained::needs_squares;
use crate::view::{bounded, select};
use crate::views::{Views, drawn};

/// A masked denoiser in closed form: how far each column of a row is from its prediction by all other columns,
/// given the row's nearest training rows, in three views of the columns. For tables.
///
/// Where [`Wiener`](crate::Wiener) takes what one denoising step takes away, `σ²Λδ`, this divides it by the
/// step's own variance: the residual of the pseudo-likelihood (Besag 1975), which a denoiser that sees all columns
/// but one would leave.
///
/// # Formula
/// For each view of the `n` training rows of `d` columns:
/// 1. Neighbours, `r_i`, `s₀` and `σ = 2s₀` as in [`Wiener`](crate::Wiener).
/// 2. For each `K` in {1, 3, 10, 30}, at most `n − 1`: `δ` is a row minus the mean of its `K` nearest training rows,
///    `S_K = (1/n) Σ_i δ_i δ_iᵀ + σ²I`, `Λ = S_K⁻¹`.
/// 3. `r_j = (Λδ)_j/Λ_jj` is `x_j` minus its mean given all other columns under the noised Gaussian.
/// 4. `b(x) = mean over K of ln(Σ_j r_j² + 10⁻⁶d)`, and `b_i` the same for training row `i` without itself.
/// 5. The view's score is `b(x) − ¼ ln(mean of exp(b_i) over the 20 training rows nearest to x)`; the same for
///    training rows, without themselves and without fitting `S_K` again: `a_i`.
/// 6. `q = −ln((1 + #{a_i ≥ b})/(n + 1)) + 10⁻³(b − mean a)/max(sd a, 10⁻⁹)`.
///
/// The score is the sum of `q` over the views, whose means do not matter:
/// - *standard*: each column over its standard deviation (divisor `n`);
/// - *rank-Gauss*: `Φ⁻¹` of the mid-ranks over `n`, within `[½/n, 1 − ½/n]`, linear between training values;
///   beyond them it goes on in units of the column's standard deviation; then all over one number, so that the mean
///   variance of a column is 1;
/// - *range*: each column over its range, all over one number likewise.
///
/// # Special cases
/// Of neighbours at one distance the first in the table counts. A constant column is 0 in all views; a value off it is
/// the plain difference in *standard*, the difference within ±1 in *range*, ±3 among ranks. Columns are
/// constant where all values are equal, and in *standard* where they differ by rounding only. Duplicates, binary columns,
/// `d = 1` and `n < K` need no other formula. A single training row is an error. Numbers beyond ±10¹⁰⁰ count as that.
///
/// # Many rows
/// Of more than [`view_rows`](MaskedWienerConfig::view_rows) training rows as many are drawn, once, from the seed;
/// otherwise there is no randomness.
///
/// ```
/// use analytic::{MaskedWiener, MaskedWienerConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// // The second column follows the first.
/// let x = Array2::from_shape_fn((200, 2), |(i, j)| (i as f64 * 0.7).sin() * 9f64.powi(j as i32));
/// let scorer = MaskedWiener::new(MaskedWienerConfig::default())?.fit(Input::Rows64(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows64(array![[0.5, 4.5], [0.5, -4.5]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct MaskedWiener {
    config: MaskedWienerConfig,
}

/// Settings of [`MaskedWiener`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct MaskedWienerConfig {
    /// Numbers `K` of nearest training rows whose mean a row is compared with, each at least 1.
    ///
    /// Their logarithms are averaged.
    pub neighbours: Vec<usize>,
    /// Noise level in units of that of the training rows, positive: 1 is the median distance to the
    /// fifth neighbour over `√d`.
    ///
    /// `σ` in units of `s₀`.
    pub noise: f64,
    /// Weight of the comparison with training rows close by; 0 leaves it out.
    ///
    /// The ¼ of the formula.
    pub local_weight: f64,
    /// Training rows close by that are compared with, at least 1.
    pub local_neighbours: usize,
    /// Training rows that the views are made of, at least 2; drawn where there are more.
    pub view_rows: usize,
}

impl Default for MaskedWienerConfig {
    /// Chosen on nine development sets of tables and embeddings, then frozen.
    fn default() -> Self {
        let masking = Masking::default();
        Self {
            neighbours: masking.neighbours,
            noise: masking.noise,
            local_weight: masking.local_weight,
            local_neighbours: masking.local_neighbours,
            view_rows: 20_000,
        }
    }
}

impl MaskedWiener {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] naming the first setting outside its range.
    pub fn new(config: MaskedWienerConfig) -> Result<Self, DetectorError> {
        let ks = &config.neighbours;
        let valid = !ks.is_empty() && !ks.contains(&0);
        let expected = "one or more numbers, each at least 1";
        check("neighbours", format!("{ks:?}"), valid, expected)?;
        positive("noise", config.noise)?;
        in_range("local-weight", config.local_weight, 0.0..=1.0)?;
        at_least("local-neighbours", config.local_neighbours, 1)?;
        at_least("view-rows", config.view_rows, 2)?;
        Ok(Self { config })
    }
}

impl Detector for MaskedWiener {
    /// # Errors
    /// As the contract says, and [`DetectorError::Method`] for a single row.
    fn fit(
        &self,
        x: Input<'_>,
        seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        let x = x.rows()?;
        let (n, d) = x.dim();
        needs_two_rows(n)?;
        let drawn = drawn(n, self.config.view_rows, seed)?;
        needs_squares(drawn.as_ref().map_or(n, Vec::len), d)?;
        let rows = match drawn {
            Some(drawn) => select(x, &drawn),
            None => bounded(x),
        };
        let config = self.config.clone();
        let masking = Masking {
            neighbours: config.neighbours,
            noise: config.noise,
            local_weight: config.local_weight,
            local_neighbours: config.local_neighbours,
        };
        let views = Views::fit(rows.view(), &masking, progress)?;
        Ok(Box::new(Fitted { rows, views }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("masked-wiener", 1)?;
        let rows = bounded(state.rows("rows")?);
        let views = Views::restore(rows.view(), state)?;
        Ok(Box::new(Fitted { rows, views }))
    }
}

#[derive(Debug)]
struct Fitted {
    rows: Array2<f64>,
    views: Views,
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = bounded(x.rows_of_width(self.rows.ncols())?);
        let mut scores = Array1::zeros(x.nrows());
        for q in self.views.q(x.view(), progress)? {
            scores += &Array1::from_vec(q);
        }
        Ok(scores)
    }

    fn state(&self) -> Result<State, DetectorError> {
        let state = State::new("masked-wiener", 1).with_array("rows", &self.rows);
        Ok(self.views.store(state))
    }

    /// Each view's `q` divided among the columns in proportion to `r_j²`.
    fn contributions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = bounded(x.rows_of_width(self.rows.ncols())?);
        let terms = self.views.terms(x.view(), |q| q, progress)?;
        Ok(Some(Contributions::new(terms, ContributionKind::Exact)))
    }
}
