use detector::{DetectorError, Progress, State, StateError};
use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use crate::p_values::PValues;
use crate::projection::{Projection, StandardRows};
use crate::tails::Tails;

/// Projections that are fitted before the next ones begin: what each holds while it is fitted is several times what
/// it keeps.
const AT_ONCE: usize = 8;
/// Rows of one task where rows are scored, and tasks between two looks at the progress.
const BLOCK: usize = 128;
const BLOCKS_AT_ONCE: usize = 64;

/// Several projections, whose surprises are added as squares: `m(x) = Σ L²`, `L` the logarithm of a key's tail.
#[derive(Debug)]
pub(crate) struct Projections<P> {
    n: usize,
    projections: Vec<P>,
    tails: Tails,
    p_values: PValues,
}

impl<P: Projection> Projections<P> {
    /// On each of `columns` of the training rows.
    pub(crate) fn fit(
        rows: &StandardRows<'_>,
        columns: &[[usize; 2]],
        stage: &str,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        let n = rows.rows.nrows();
        let mut tails = Tails::new(n, columns.len());
        let mut projections = Vec::with_capacity(columns.len());
        let mut m = vec![0.0; n];
        for some in columns.chunks(AT_ONCE) {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let fitted: Vec<(P, Vec<f64>, Vec<f64>)> = some
                .par_iter()
                .map(|columns| {
                    let (projection, places) = P::new(rows, *columns);
                    let keys = projection.own_keys(n);
                    let own = || places.iter().map(|place| keys[*place as usize]);
                    let kept = tails.kept(own().collect());
                    let squares = own().map(|key| tails.of_own(&kept, key).powi(2));
                    let squares = squares.collect();
                    (projection, kept, squares)
                })
                .collect();
            for (projection, kept, squares) in fitted {
                tails.set(projections.len(), kept);
                projections.push(projection);
                m.iter_mut()
                    .zip(squares)
                    .for_each(|(m, square)| *m += square);
            }
            let (done, total) = (projections.len() as u64, columns.len() as u64);
            progress.update(stage, done, total, "");
        }
        Ok(Self {
            n,
            projections,
            tails,
            p_values: PValues::new(m),
        })
    }

    /// The p-values' `q` of each standardised row.
    pub(crate) fn q(
        &self,
        rows: ArrayView2<'_, f64>,
        progress: &dyn Progress,
    ) -> Result<Vec<f64>, DetectorError> {
        self.by_row(rows, progress, |squares| self.p_values.q(squares.sum()))
    }

    /// Adds `term(q)` of each standardised row to the columns `[m, d]`, in proportion to the `L²` of the projections; one
    /// on two columns counts half for each.
    pub(crate) fn add_terms(
        &self,
        rows: ArrayView2<'_, f64>,
        to: &mut Array2<f64>,
        term: impl Fn(f64) -> f64,
        progress: &dyn Progress,
    ) -> Result<(), DetectorError> {
        let squares: Vec<Vec<f64>> = self.by_row(rows, progress, |squares| squares.collect())?;
        for (mut to, squares) in to.outer_iter_mut().zip(squares) {
            let m: f64 = squares.iter().sum();
            let term = term(self.p_values.q(m));
            let even = 1.0 / squares.len() as f64;
            for (projection, square) in self.projections.iter().zip(squares) {
                let share = if m > 0.0 { square / m } else { even };
                for column in projection.columns() {
                    to[column] += 0.5 * share * term;
                }
            }
        }
        Ok(())
    }

    /// What `of` makes of the `L²` of each standardised row.
    fn by_row<R: Send>(
        &self,
        rows: ArrayView2<'_, f64>,
        progress: &dyn Progress,
        of: impl Fn(&mut dyn Iterator<Item = f64>) -> R + Sync,
    ) -> Result<Vec<R>, DetectorError> {
        let mut found = Vec::with_capacity(rows.nrows());
        for chunk in rows.axis_chunks_iter(Axis(0), BLOCK * BLOCKS_AT_ONCE) {
            if progress.interrupted() {
                return Err(DetectorError::Interrupted);
            }
            let blocks: Vec<ArrayView2<'_, f64>> = chunk.axis_chunks_iter(Axis(0), BLOCK).collect();
            let of_blocks: Vec<Vec<R>> = blocks
                .into_par_iter()
                .map(|block| {
                    let rows = block.outer_iter();
                    rows.map(|row| of(&mut self.squares(row.as_slice().unwrap_or_default())))
                        .collect()
                })
                .collect();
            found.extend(of_blocks.into_iter().flatten());
        }
        Ok(found)
    }

    fn squares<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let projections = self.projections.iter().enumerate();
        projections.map(move |(group, projection)| {
            let key = projection.key(row, self.n);
            self.tails.of_new(group, key).powi(2)
        })
    }

    pub(crate) fn state(&self) -> State {
        let state = State::new("projections", 1).with_part("p-values", self.p_values.state());
        self.tails.store(state, "keys")
    }

    /// On each of `columns` of the training rows, from that state.
    ///
    /// # Errors
    /// [`StateError`] for a state of another kind or a damaged one.
    pub(crate) fn restore(
        rows: &StandardRows<'_>,
        columns: &[[usize; 2]],
        state: &State,
    ) -> Result<Self, StateError> {
        state.expect("projections", 1)?;
        let n = rows.rows.nrows();
        let tails = Tails::restore(n, columns.len(), state, "keys")?;
        let p_values = PValues::restore(state.part("p-values")?)?;
        let projections = columns.par_iter().map(|columns| P::new(rows, *columns).0);
        Ok(Self {
            n,
            projections: projections.collect(),
            tails,
            p_values,
        })
    }
}
