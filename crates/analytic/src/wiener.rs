use detector::settings::{at_least, check, in_range, positive};
use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Number, Progress, Rows,
    Scorer, State, StateError,
};
use ndarray::{Array1, Array2, ArrayView2, Ix1};
use neighbours::{Nearest, Neighbours, needs_two_rows};
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::neighbourhood::Neighbourhood;
use crate::noise_level::{RANK, noise_level};
use crate::rows::{Centre, Deltas, in_units, stored_unit, unit};
use crate::unexplained::{LOG_FLOOR, Unexplained, needs_squares};

/// The local Wiener denoiser: what one noiseless step of a diffusion would take away from a row, under
/// the model that a row, given its `K` nearest training rows, is Gaussian around their mean with one
/// covariance for all; compared with what it takes away from the training rows close by.
///
/// Nothing is trained by gradients and nothing is random; everything is in f64. With all rows as
/// neighbours and without the comparison it is [`LinearDenoiser`](crate::LinearDenoiser).
///
/// # Formula
/// Neighbours are Euclidean; `n` training rows of `d` columns; a training row never counts itself, and
/// `K` and the 20 below are at most `n − 1`.
/// 1. `r_i` is the distance of training row `i` to its 5th neighbour,
///    `s₀ = max(median r, 0.1·mean r, 10⁻⁶)/√d`, and `σ = 2s₀`.
/// 2. For each `K` in {5, 10, 20}: `m_K(x)` is the mean of the `K` nearest training rows,
///    `δ_i = x_i − m_K(x_i)`, `Σ_K = (1/n) Σ_i δ_i δ_iᵀ`, not centred.
/// 3. `R_K(δ) = |(I − W)δ|²` with the Wiener gain `W = Σ_K(Σ_K + σ²I)⁻¹`: in the eigenvectors `v_j` of
///    `Σ_K`, `Σ_j (σ²/(e_j + σ²))²(v_j·δ)²`. It is `σ⁴` times the squared score of the noised model.
/// 4. `b(x) = mean over K of ln(R_K(x − m_K(x)) + 10⁻⁶d)`, and `b_i` the same for training row `i`.
/// 5. The score is `b(x) − ¼ ln(mean of exp(b_i) over the 20 training rows nearest to x)`.
///
/// `(I − W)` comes from a Cholesky factor of `Σ_K + σ²I`, or of its Gram matrix where `n < d`; no
/// eigenvectors are needed.
///
/// # Special cases
/// Of neighbours at one distance the first in the table counts. Duplicates are ordinary neighbours at
/// distance 0; where most rows are duplicates the mean of `r`, and where all are the 10⁻⁶, keep `σ > 0`.
/// A row that equals a training row when it is scored has that row for a neighbour. Constant columns
/// add nothing as long as a scored row has the same constant. `d = 1` and `n < K` need no other formula.
/// Where `σ²` is below 10⁻¹² of the trace of `Σ_K`, beyond what f64 can tell apart, it counts as that.
/// Rows that vary by less than a thousandth are counted in larger units, a power of two: the constants above
/// are made for columns that vary by about 1. A single training row is an error.
///
/// # Rows
/// Made for embeddings divided by their L2 norm, centred, all over one number (`rows = "l2"` of this
/// workspace), and for tables with standard columns (`rows = "standard"`). The kind of data decides,
/// never labels: on embeddings the columns' proportions carry meaning.
///
/// ```
/// use analytic::{Wiener, WienerConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// // A circle: its centre is near the mean of all rows, and yet no row is there.
/// let angle = |i: usize| i as f32 * 0.37;
/// let x = Array2::from_shape_fn((300, 2), |(i, j)| if j == 0 { angle(i).sin() } else { angle(i).cos() });
/// let scorer = Wiener::new(WienerConfig::default())?.fit(Input::Rows(x.view()), 0, &Silent)?;
/// let scores = scorer.score(Input::Rows(array![[0.6, 0.8], [0.0, 0.0]].view()), &Silent)?;
/// assert!(scores[1] > scores[0]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Wiener {
    config: WienerConfig,
}

/// Settings of [`Wiener`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct WienerConfig {
    /// Numbers `K` of nearest training rows whose mean a row is denoised towards, each at least 1.
    ///
    /// Their `ln R_K` are averaged.
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
}

impl Default for WienerConfig {
    /// Chosen on five development sets of embeddings and four of tables, then frozen.
    fn default() -> Self {
        Self {
            neighbours: vec![5, 10, 20],
            noise: 2.0,
            local_weight: 0.25,
            local_neighbours: 20,
        }
    }
}

impl Wiener {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] naming the first setting outside its range.
    pub fn new(config: WienerConfig) -> Result<Self, DetectorError> {
        let ks = &config.neighbours;
        let valid = !ks.is_empty() && !ks.contains(&0);
        let expected = "one or more numbers, each at least 1";
        check("neighbours", format!("{ks:?}"), valid, expected)?;
        positive("noise", config.noise)?;
        in_range("local-weight", config.local_weight, 0.0..=1.0)?;
        at_least("local-neighbours", config.local_neighbours, 1)?;
        Ok(Self { config })
    }
}

impl Detector for Wiener {
    /// # Errors
    /// As the contract says, and [`DetectorError::Method`] for a single row.
    fn fit(
        &self,
        x: Input<'_>,
        _seed: u64,
        progress: &dyn Progress,
    ) -> Result<Box<dyn Scorer>, DetectorError> {
        Ok(match x.rows()? {
            Rows::F32(x) => Box::new(self.fit_rows(x, progress)?),
            Rows::F64(x) => Box::new(self.fit_rows(x, progress)?),
        })
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect("wiener", 1)?;
        Ok(match state.rows("rows")? {
            Rows::F32(x) => Box::new(Fitted::restore(x, state)?),
            Rows::F64(x) => Box::new(Fitted::restore(x, state)?),
        })
    }
}

impl Wiener {
    fn fit_rows<T: Number>(
        &self,
        x: ArrayView2<'_, T>,
        progress: &dyn Progress,
    ) -> Result<Fitted<T>, DetectorError> {
        let (n, d) = x.dim();
        needs_two_rows(n)?;
        needs_squares(n, d)?;
        let unit = unit(x);
        let at_most_others = |k: &usize| (*k).min(n - 1);
        let ks: Vec<usize> = self.config.neighbours.iter().map(at_most_others).collect();
        let local = at_most_others(&self.config.local_neighbours);
        let sought = ks.iter().copied().fold(local, usize::max);

        let table = Neighbours::new(in_units(x.into(), unit).view());
        let nearest = table.nearest_of_own(sought.max(RANK), progress)?;
        let sigma = self.config.noise * noise_level(&nearest, n, d);
        let rows = table.table();
        let own = |k| deltas(&table, &rows, &nearest, k);
        let gains: Vec<(usize, Unexplained)> = ks
            .into_par_iter()
            .map(|k| (k, Unexplained::new(&own(k), sigma * sigma)))
            .collect();
        let mut fitted = Fitted {
            unit,
            unexplained: Vec::new(),
            table,
            gains,
            sought,
            local,
            local_weight: self.config.local_weight,
        };
        let b = fitted.b(fitted.table.table(), &nearest);
        fitted.unexplained = b.into_iter().map(f64::exp).collect();
        Ok(fitted)
    }
}

#[derive(Debug)]
struct Fitted<T> {
    /// What rows are multiplied by first.
    unit: f64,
    table: Neighbours<T>,
    /// Of each `K`.
    gains: Vec<(usize, Unexplained)>,
    /// `exp(b_i)` of each training row.
    unexplained: Vec<f64>,
    /// Neighbours that a row needs.
    sought: usize,
    local: usize,
    local_weight: f64,
}

impl<T: Number> Fitted<T> {
    /// Of the training rows `x`, in units.
    fn restore(x: ArrayView2<'_, T>, state: &State) -> Result<Self, StateError> {
        let (n, d) = x.dim();
        let Neighbourhood {
            ks,
            local,
            local_weight,
        } = Neighbourhood::restore(state, n)?;
        let unexplained = state.finite::<f64, Ix1>("unexplained", n)?.to_vec();
        if unexplained.iter().any(|v| *v <= 0.0) {
            return Err(state.wrong("unexplained", "not all of them are above 0"));
        }
        let gains = ks.iter().enumerate().map(|(i, k)| {
            let gain = Unexplained::restore(state.part(&gain_name(i))?, d)?;
            Ok((*k, gain))
        });
        let gains: Vec<(usize, Unexplained)> = gains.collect::<Result<_, StateError>>()?;
        Ok(Self {
            unit: stored_unit(state)?,
            table: Neighbours::new(x),
            sought: gains.iter().fold(local, |most, (k, _)| most.max(*k)),
            gains,
            unexplained,
            local,
            local_weight,
        })
    }

    /// `b` of each row of `x`, whose nearest training rows these are.
    fn b(&self, x: ArrayView2<'_, T>, nearest: &Nearest) -> Vec<f64> {
        let floor = LOG_FLOOR * x.ncols() as f64;
        let mut b = vec![0.0; x.nrows()];
        for (k, gain) in &self.gains {
            let squared = gain.squared(&deltas(&self.table, &x, nearest, *k));
            for (b, r) in b.iter_mut().zip(squared) {
                *b += (r + floor).ln() / self.gains.len() as f64;
            }
        }
        b
    }
}

impl<T: Number> Scorer for Fitted<T> {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = in_units(x.rows_like::<T>(self.table.width())?, self.unit);
        let nearest = self.table.nearest(x.view(), self.sought, progress)?;
        let b = self.b(x.view(), &nearest);
        let scores = b.into_iter().enumerate().map(|(i, b)| {
            let close = nearest.rows(i)[..self.local].iter();
            let sum: f64 = close.map(|j| self.unexplained[*j as usize]).sum();
            b - self.local_weight * (sum / self.local as f64).ln()
        });
        Ok(scores.collect())
    }

    fn state(&self) -> Result<State, DetectorError> {
        let ks: Vec<u64> = self.gains.iter().map(|(k, _)| *k as u64).collect();
        let mut state = State::new("wiener", 1)
            .with_value("unit", self.unit)
            .with_value("local-neighbours", self.local)
            .with_value("local-weight", self.local_weight)
            .with_list("neighbours", &ks)
            .with_list("unexplained", &self.unexplained)
            .with_array("rows", &self.table.table());
        for (i, (_, gain)) in self.gains.iter().enumerate() {
            state = state.with_part(&gain_name(i), gain.state());
        }
        Ok(state)
    }

    /// `((I − W)(x − m_K(x)))_j²`, the mean over K: what the score compares with the training rows close by, but
    /// that it takes the logarithm for each K.
    fn contributions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = in_units(x.rows_like::<T>(self.table.width())?, self.unit);
        let nearest = self.table.nearest(x.view(), self.sought, progress)?;
        let mut squares = Array2::zeros(x.dim());
        for (k, gain) in &self.gains {
            squares += &gain.squares(&deltas(&self.table, &x.view(), &nearest, *k));
        }
        squares /= self.gains.len() as f64 * self.unit.powi(2);
        let kind = ContributionKind::SquaredResidual;
        Ok(Some(Contributions::new(squares, kind)))
    }
}

fn gain_name(i: usize) -> String {
    format!("gain-{i}")
}

fn deltas<'a, T: Number>(
    table: &'a Neighbours<T>,
    x: &'a ArrayView2<'_, T>,
    nearest: &'a Nearest,
    k: usize,
) -> Deltas<'a, T> {
    Deltas {
        x: x.view(),
        centre: Centre::Nearest {
            table: table.table(),
            nearest,
            k,
        },
    }
}
