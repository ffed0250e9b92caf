use detector::{DetectorError, Progress, State, StateError};
use ndarray::{Array2, ArrayView2};
use numpy_random::RandomState;

use crate::masked_view::{MaskedView, Masking};
use crate::view::Kind;

/// The three views of some training rows.
#[derive(Debug)]
pub(crate) struct Views {
    views: Vec<MaskedView>,
}

const NAMES: [&str; 3] = ["standard", "rank-gauss", "range"];

impl Views {
    /// Of training rows `[n, d]`, at least two.
    pub(crate) fn fit(
        rows: ArrayView2<'_, f64>,
        masking: &Masking,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        let views = Kind::all().map(|kind| MaskedView::fit(kind, rows, masking, progress));
        let views = views.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { views })
    }

    /// The p-values' `q` of each row by each view.
    pub(crate) fn q(
        &self,
        rows: ArrayView2<'_, f64>,
        progress: &dyn Progress,
    ) -> Result<Vec<Vec<f64>>, DetectorError> {
        let views = self.views.iter();
        views.map(|view| view.q(rows, progress)).collect()
    }

    /// The sum over views of `term(q)`, each divided among the columns by their shares of the squared residuals:
    /// `[m, d]`.
    pub(crate) fn terms(
        &self,
        rows: ArrayView2<'_, f64>,
        term: impl Fn(f64) -> f64,
        progress: &dyn Progress,
    ) -> Result<Array2<f64>, DetectorError> {
        let mut terms = Array2::zeros(rows.dim());
        for view in &self.views {
            let q = view.q(rows, progress)?;
            let mut shares = view.shares(rows, progress)?;
            for (mut row, q) in shares.outer_iter_mut().zip(q) {
                row *= term(q);
            }
            terms += &shares;
        }
        Ok(terms)
    }

    /// `state` with its parts.
    pub(crate) fn store(&self, mut state: State) -> State {
        for (name, view) in NAMES.into_iter().zip(&self.views) {
            state = state.with_part(name, view.state());
        }
        state
    }

    /// Of the training rows `rows`, from the parts of `state`.
    ///
    /// # Errors
    /// [`StateError`] for a damaged state.
    pub(crate) fn restore(rows: ArrayView2<'_, f64>, state: &State) -> Result<Self, StateError> {
        if rows.nrows() < 2 {
            return Err(state.wrong("rows", "fewer than two rows"));
        }
        let views = NAMES
            .into_iter()
            .zip(Kind::all())
            .map(|(name, kind)| MaskedView::restore(kind, rows, state.part(name)?));
        let views = views.collect::<Result<_, _>>()?;
        Ok(Self { views })
    }
}

/// Which of `n` rows the views are made of: `None` for all, or `most` drawn at random, in order.
///
/// # Errors
/// [`DetectorError`] for a seed beyond 32 bits, which NumPy's generator does not take.
pub(crate) fn drawn(n: usize, most: usize, seed: u64) -> Result<Option<Vec<u32>>, DetectorError> {
    if n <= most {
        return Ok(None);
    }
    let seed = u32::try_from(seed).map_err(|_| {
        detector::settings::Setting::new("seed", seed, "32 bits for NumPy's generator")
    })?;
    let mut drawn: Vec<u32> = RandomState::new(seed)
        .permutation(n)
        .into_iter()
        .take(most)
        .map(|row| row as u32)
        .collect();
    drawn.sort_unstable();
    Ok(Some(drawn))
}
