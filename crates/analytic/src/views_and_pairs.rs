use detector::settings::{at_least, check};
use detector::{
    ContributionKind, Contributions, Detector, DetectorError, Input, Progress, Scorer, State,
    StateError, needs_memory,
};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use neighbours::needs_two_rows;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::masked_view::Masking;
use crate::pair::{Pair, pairs};
use crate::projection::StandardRows;
use crate::projections::Projections;
use crate::unexplained::needs_squares;
use crate::view::{Kind, View, bounded, select};
use crate::views::{Views, drawn};
use crate::weight::Weight;

/// The three views of [`MaskedWiener`](crate::MaskedWiener), and beside them how rare a row's single values and pairs
/// of values are. For tables; it helps most where values repeat: codes, counts, prices.
///
/// # Formula
/// `n` training rows of `d` standard columns (minus the mean, over the standard deviation).
/// 1. *A column's surprise.* A training value that occurs `c > 1` times has the key `−(c − 1)/n`, another one the distance
///    to the nearest other value. A scored value that equals a training value has `−c/n`, another one the distance to the
///    nearest. `L = −ln((1 + #{training keys ≥ key})/(n + 1))`; a training row counts itself once. Keys that differ by a
///    10⁹th are equal. `m₁ = Σ L²` over columns.
/// 2. *A pair's surprise* is the same for points of two columns, with the Euclidean distance between distinct points.
///    `m₂ = Σ L²` over pairs: all for up to ten columns, else `(i, (i + s) mod d)`, `s = 1..⌈45/d⌉`.
/// 3. The scores `P` of the three views, `m₁` and `m₂` each become
///    `q = max(0, −ln((1 + #{a ≥ b})/(n + 1)) + 10⁻³(b − mean a)/max(sd a, 10⁻⁹))`, with `a` those of the training rows.
/// 4. The score is `Σ q²(P) + w(½q²(m₁) + q²(m₂))`.
///
/// The weight `w` is `min(1, 2r̄)`, with `r̄` the mean over columns of the share of repeated training values
/// `1 − (distinct values)/n`: 1 where half of the values repeat, 0 where none does.
///
/// # Special cases
/// As [`MaskedWiener`](crate::MaskedWiener). A single distinct value or point has the key `−(n − 1)/n`, a scored one
/// that equals it −1. One column is paired with itself.
///
/// # Many rows
/// Of more than [`view_rows`](ViewsAndPairsConfig::view_rows) training rows the views are made of as many, drawn once
/// from the seed; columns and pairs always of all. Of more than 20,000 rows not all training keys are kept, so that
/// `L` is off by a thousandth at most.
///
/// ```
/// use analytic::{ViewsAndPairs, ViewsAndPairsConfig};
/// use detector::{Detector, Input, Silent};
/// use ndarray::{Array2, array};
///
/// // Whole numbers from 0 to 6 and their squares: 2.5 never occurs, nor do 2 and 9 together.
/// let x = Array2::from_shape_fn((300, 2), |(i, j)| ((i * i % 7) as f64).powi(j as i32 + 1));
/// let detector = ViewsAndPairs::new(ViewsAndPairsConfig::default())?;
/// let scorer = detector.fit(Input::Rows64(x.view()), 0, &Silent)?;
/// let rows = array![[2.0, 4.0], [2.5, 4.0], [2.0, 9.0]];
/// let scores = scorer.score(Input::Rows64(rows.view()), &Silent)?;
/// assert!(scores[0] < scores[1] && scores[0] < scores[2]);
/// # Ok::<(), detector::DetectorError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ViewsAndPairs {
    config: ViewsAndPairsConfig,
}

/// Settings of [`ViewsAndPairs`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct ViewsAndPairsConfig {
    /// Weight of single values and pairs of values beside the views.
    pub weight: Weight,
    /// Training rows that the views are made of, at least 2; drawn where there are more.
    pub view_rows: usize,
}

impl Default for ViewsAndPairsConfig {
    /// Chosen on 160 tables; the weight after a look at all that are left.
    fn default() -> Self {
        Self {
            weight: Weight::Repeats,
            view_rows: 20_000,
        }
    }
}

impl ViewsAndPairs {
    /// A detector of these settings.
    ///
    /// # Errors
    /// [`DetectorError::Setting`] naming the first setting outside its range.
    pub fn new(config: ViewsAndPairsConfig) -> Result<Self, DetectorError> {
        if let Weight::Value(weight) = config.weight {
            let valid = weight.is_finite() && weight >= 0.0;
            check("weight", weight, valid, "\"repeats\" or a number from 0")?;
        }
        at_least("view-rows", config.view_rows, 2)?;
        Ok(Self { config })
    }
}

impl Detector for ViewsAndPairs {
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
        let rows = bounded(x);
        let standard = View::new(Kind::Standard, rows.view());
        let weight = match self.config.weight {
            Weight::Repeats => (2.0 * repeats(&rows, &standard)).min(1.0),
            Weight::Value(weight) => weight,
        };
        let masking = Masking::default();
        let of_views = drawn.as_ref().map(|drawn| select(x, drawn));
        let views = of_views.as_ref().unwrap_or(&rows);
        let views = Views::fit(views.view(), &masking, progress)?;
        if weight == 0.0 {
            return Ok(Box::new(Fitted {
                rows: of_views.unwrap_or(rows),
                drawn: None,
                views,
                rarity: None,
                weight,
            }));
        }
        let bytes = rarity_bytes(n, d);
        needs_memory(bytes, &format!("pairs of {d} columns of {n} rows"))?;
        let rarity = Rarity::fit(&rows, standard, progress)?;
        Ok(Box::new(Fitted {
            rows,
            drawn,
            views,
            rarity: Some(rarity),
            weight,
        }))
    }

    fn restore(&self, state: &State) -> Result<Box<dyn Scorer>, DetectorError> {
        state.expect(KIND, 1)?;
        let rows = bounded(state.rows("rows")?);
        let weight: f64 = state.value("weight")?;
        if !(weight.is_finite() && weight >= 0.0) {
            return Err(state.wrong("weight", weight).into());
        }
        let drawn = match state.value::<bool>("drawn")? {
            true => Some(stored_places(state, rows.nrows())?),
            false => None,
        };
        let views = match &drawn {
            Some(places) => {
                let places: Vec<usize> = places.iter().map(|place| *place as usize).collect();
                Views::restore(rows.select(Axis(0), &places).view(), state)?
            }
            None => Views::restore(rows.view(), state)?,
        };
        let rarity = match weight > 0.0 {
            true => Some(Rarity::restore(&rows, state)?),
            false => None,
        };
        Ok(Box::new(Fitted {
            rows,
            drawn,
            views,
            rarity,
            weight,
        }))
    }
}

const KIND: &str = "views-and-pairs";

/// Which rows the views are made of.
fn stored_places(state: &State, n: usize) -> Result<Vec<u32>, StateError> {
    let places: Vec<u32> = state.list("places")?;
    let ascending = places.is_sorted_by(|a, b| a < b);
    if !ascending || places.last().is_none_or(|last| *last as usize >= n) {
        return Err(state.wrong("places", format!("expected some of {n}, ascending")));
    }
    Ok(places)
}

/// `r̄`: the mean over columns of the share of repeated values.
fn repeats(rows: &Array2<f64>, standard: &View) -> f64 {
    let rows = StandardRows {
        rows: rows.view(),
        standard,
    };
    let d = rows.rows.ncols();
    let shares: Vec<f64> = (0..d)
        .into_par_iter()
        .map(|j| Column::repeats(&rows, j))
        .collect();
    shares.iter().sum::<f64>() / d as f64
}

/// Rows, distinct values and the points of all pairs.
fn rarity_bytes(n: usize, d: usize) -> u128 {
    8 * n as u128 * (2 * d + 2 * pairs(d).len()) as u128
}

/// How rare single values and pairs of them are among the training rows.
#[derive(Debug)]
struct Rarity {
    standard: View,
    columns: Projections<Column>,
    pairs: Projections<Pair>,
}

impl Rarity {
    fn fit(
        rows: &Array2<f64>,
        standard: View,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        let (single, two) = groups(rows.ncols());
        let seen = StandardRows {
            rows: rows.view(),
            standard: &standard,
        };
        Ok(Self {
            columns: Projections::fit(&seen, &single, "columns", progress)?,
            pairs: Projections::fit(&seen, &two, "pairs", progress)?,
            standard,
        })
    }

    fn restore(rows: &Array2<f64>, state: &State) -> Result<Self, StateError> {
        let (single, two) = groups(rows.ncols());
        let standard = View::new(Kind::Standard, rows.view());
        let seen = StandardRows {
            rows: rows.view(),
            standard: &standard,
        };
        Ok(Self {
            columns: Projections::restore(&seen, &single, state.part("columns")?)?,
            pairs: Projections::restore(&seen, &two, state.part("pairs")?)?,
            standard,
        })
    }
}

/// Single columns and pairs of `d`.
fn groups(d: usize) -> (Vec<[usize; 2]>, Vec<[usize; 2]>) {
    ((0..d).map(|j| [j, j]).collect(), pairs(d))
}

#[derive(Debug)]
struct Fitted {
    /// Those that the stored state needs: all, or those of the views where nothing else is looked at.
    rows: Array2<f64>,
    /// Which of them the views are made of; `None` for all.
    drawn: Option<Vec<u32>>,
    views: Views,
    /// `None` where its weight is 0.
    rarity: Option<Rarity>,
    weight: f64,
}

/// The weight of single columns beside that of pairs.
const COLUMNS: f64 = 0.5;

/// `q²` of a `q` above 0.
fn term(q: f64) -> f64 {
    q.max(0.0).powi(2)
}

impl Scorer for Fitted {
    fn score(&self, x: Input<'_>, progress: &dyn Progress) -> Result<Array1<f64>, DetectorError> {
        let x = bounded(x.rows_of_width(self.rows.ncols())?);
        let mut scores = Array1::zeros(x.nrows());
        let mut add = |q: Vec<f64>, weight: f64| {
            let q = q.into_iter();
            scores += &q.map(|q| weight * term(q)).collect::<Array1<f64>>();
        };
        for q in self.views.q(x.view(), progress)? {
            add(q, 1.0);
        }
        if let Some(rarity) = &self.rarity {
            let x: ArrayView2<'_, f64> = x.view();
            let x = rarity.standard.of(x);
            add(rarity.columns.q(x.view(), progress)?, COLUMNS * self.weight);
            add(rarity.pairs.q(x.view(), progress)?, self.weight);
        }
        Ok(scores)
    }

    fn state(&self) -> Result<State, DetectorError> {
        let mut state = State::new(KIND, 1)
            .with_value("weight", self.weight)
            .with_value("drawn", self.drawn.is_some())
            .with_array("rows", &self.rows);
        if let Some(drawn) = &self.drawn {
            state = state.with_list("places", drawn);
        }
        if let Some(rarity) = &self.rarity {
            state = state
                .with_part("columns", rarity.columns.state())
                .with_part("pairs", rarity.pairs.state());
        }
        Ok(self.views.store(state))
    }

    /// Each view's `q²` divided among the columns in proportion to `r_j²`, that of the columns and of the pairs in
    /// proportion to `L²`, a pair's half to each of its columns.
    fn contributions(
        &self,
        x: Input<'_>,
        progress: &dyn Progress,
    ) -> Result<Option<Contributions>, DetectorError> {
        let x = bounded(x.rows_of_width(self.rows.ncols())?);
        let mut terms = self.views.terms(x.view(), term, progress)?;
        if let Some(rarity) = &self.rarity {
            let x = rarity.standard.of(x.view());
            let of = |weight: f64| move |q: f64| weight * term(q);
            let columns = &rarity.columns;
            columns.add_terms(x.view(), &mut terms, of(COLUMNS * self.weight), progress)?;
            let pairs = &rarity.pairs;
            pairs.add_terms(x.view(), &mut terms, of(self.weight), progress)?;
        }
        Ok(Some(Contributions::new(terms, ContributionKind::Exact)))
    }
}
