use detector::{DetectorError, Progress, State, StateError};
use ndarray::{Array2, ArrayView2, Ix1};
use neighbours::{Nearest, Neighbours};
use rayon::prelude::*;

use crate::neighbourhood::Neighbourhood;
use crate::noise_level::{LEAST, RANK, noise_level_above};
use crate::p_values::PValues;
use crate::rows::{Centre, Deltas};
use crate::unexplained::{LOG_FLOOR, Unexplained};
use crate::view::{Kind, View};

/// How a view is scored.
#[derive(Debug, Clone)]
pub(crate) struct Masking {
    pub(crate) neighbours: Vec<usize>,
    pub(crate) noise: f64,
    pub(crate) local_weight: f64,
    pub(crate) local_neighbours: usize,
}

impl Default for Masking {
    fn default() -> Self {
        Self {
            neighbours: vec![1, 3, 10, 30],
            noise: 2.0,
            local_weight: 0.25,
            local_neighbours: 20,
        }
    }
}

/// One view of the training rows with the local Gaussians that predict each column from the others.
#[derive(Debug)]
pub(crate) struct MaskedView {
    view: View,
    table: Neighbours<f64>,
    gains: Vec<Gain>,
    /// `exp(b_i)` of each training row.
    close: Vec<f64>,
    local: usize,
    local_weight: f64,
    p_values: PValues,
}

/// Of one number `k` of neighbours: `σ²Λ` and its diagonal.
#[derive(Debug)]
struct Gain {
    k: usize,
    unexplained: Unexplained,
    diagonal: Vec<f64>,
}

impl Gain {
    fn new(k: usize, unexplained: Unexplained, d: usize) -> Self {
        let diagonal = unexplained.diagonal(d);
        Self {
            k,
            unexplained,
            diagonal,
        }
    }
}

impl MaskedView {
    /// Of training rows `[n, d]`, at least two.
    pub(crate) fn fit(
        kind: Kind,
        rows: ArrayView2<'_, f64>,
        masking: &Masking,
        progress: &dyn Progress,
    ) -> Result<Self, DetectorError> {
        let (n, d) = rows.dim();
        let view = View::new(kind, rows);
        let table = Neighbours::new(view.of(rows).view());
        let at_most_others = |k: &usize| (*k).min(n - 1);
        let ks: Vec<usize> = masking.neighbours.iter().map(at_most_others).collect();
        let local = at_most_others(&masking.local_neighbours);
        let sought = ks.iter().copied().fold(local.max(RANK), usize::max);
        let nearest = table.nearest_of_own(sought, progress)?;
        let least = LEAST * view.unit();
        let sigma = masking.noise * noise_level_above(least, &nearest, n, d);
        let seen = table.table();
        let gains = ks.into_par_iter().map(|k| {
            let own = deltas(&table, &seen, &nearest, k);
            Gain::new(k, Unexplained::new(&own, sigma * sigma), d)
        });
        let gains: Vec<Gain> = gains.collect();
        let mut fitted = Self {
            view,
            gains,
            table,
            close: Vec::new(),
            local,
            local_weight: masking.local_weight,
            p_values: PValues::new(vec![0.0]),
        };
        let b = fitted.b(fitted.table.table(), &nearest);
        fitted.close = b.iter().map(|b| b.exp()).collect();
        fitted.p_values = PValues::new(fitted.compared(b, &nearest));
        Ok(fitted)
    }

    /// The p-values' `q` of each row of `rows`, whose numbers are as they came.
    pub(crate) fn q(
        &self,
        rows: ArrayView2<'_, f64>,
        progress: &dyn Progress,
    ) -> Result<Vec<f64>, DetectorError> {
        let seen = self.view.of(rows);
        let nearest = self.nearest(&seen, progress)?;
        let scores = self.compared(self.b(seen.view(), &nearest), &nearest);
        Ok(scores.into_iter().map(|b| self.p_values.q(b)).collect())
    }

    /// Each column's share of the squared residuals of each row, which sum to 1: the mean over the numbers of
    /// neighbours, which count alike in the score.
    pub(crate) fn shares(
        &self,
        rows: ArrayView2<'_, f64>,
        progress: &dyn Progress,
    ) -> Result<Array2<f64>, DetectorError> {
        let seen = self.view.of(rows);
        let nearest = self.nearest(&seen, progress)?;
        let mut shares = Array2::zeros(rows.dim());
        for gain in &self.gains {
            let found = self.by_row(gain, seen.view(), &nearest, |squares| {
                let sum: f64 = squares.iter().sum();
                let even = 1.0 / squares.len() as f64;
                let share = |square: f64| if sum > 0.0 { square / sum } else { even };
                squares.into_iter().map(share).collect::<Vec<f64>>()
            });
            for (mut to, of_row) in shares.outer_iter_mut().zip(found) {
                for (to, share) in to.iter_mut().zip(of_row) {
                    *to += share / self.gains.len() as f64;
                }
            }
        }
        Ok(shares)
    }

    fn nearest(
        &self,
        seen: &Array2<f64>,
        progress: &dyn Progress,
    ) -> Result<Nearest, DetectorError> {
        let sought = self.gains.iter().fold(self.local, |most, g| most.max(g.k));
        self.table.nearest(seen.view(), sought, progress)
    }

    /// `b` of each row, whose nearest training rows these are.
    fn b(&self, seen: ArrayView2<'_, f64>, nearest: &Nearest) -> Vec<f64> {
        let floor = LOG_FLOOR * seen.ncols() as f64 * self.view.unit().powi(2);
        let mut b = vec![0.0; seen.nrows()];
        for gain in &self.gains {
            let squared = self.by_row(gain, seen, nearest, |squares| squares.iter().sum::<f64>());
            for (b, r) in b.iter_mut().zip(squared) {
                *b += (r + floor).ln() / self.gains.len() as f64;
            }
        }
        b
    }

    /// What `of` makes of the squared residuals `r_j²` of each row.
    fn by_row<R: Send>(
        &self,
        gain: &Gain,
        seen: ArrayView2<'_, f64>,
        nearest: &Nearest,
        of: impl Fn(Vec<f64>) -> R + Sync,
    ) -> Vec<R> {
        let deltas = deltas(&self.table, &seen, nearest, gain.k);
        gain.unexplained.by_row(&deltas, |rest| {
            let squares = rest.iter().zip(&gain.diagonal);
            of(squares.map(|(rest, of)| (rest / of).powi(2)).collect())
        })
    }

    /// The scores: `b` beside those of the training rows close by.
    fn compared(&self, b: Vec<f64>, nearest: &Nearest) -> Vec<f64> {
        let scores = b.into_iter().enumerate().map(|(i, b)| {
            let close = nearest.rows(i)[..self.local].iter();
            let sum: f64 = close.map(|j| self.close[*j as usize]).sum();
            b - self.local_weight * (sum / self.local as f64).ln()
        });
        scores.collect()
    }

    pub(crate) fn state(&self) -> State {
        let ks: Vec<u64> = self.gains.iter().map(|gain| gain.k as u64).collect();
        let mut state = State::new("masked-view", 1)
            .with_value("local-neighbours", self.local)
            .with_value("local-weight", self.local_weight)
            .with_list("neighbours", &ks)
            .with_list("close", &self.close)
            .with_part("p-values", self.p_values.state());
        for (i, gain) in self.gains.iter().enumerate() {
            state = state.with_part(&gain_name(i), gain.unexplained.state());
        }
        state
    }

    /// Of the training rows `rows`, as they came.
    ///
    /// # Errors
    /// [`StateError`] for a state of another kind or a damaged one.
    pub(crate) fn restore(
        kind: Kind,
        rows: ArrayView2<'_, f64>,
        state: &State,
    ) -> Result<Self, StateError> {
        state.expect("masked-view", 1)?;
        let (n, d) = rows.dim();
        let Neighbourhood {
            ks,
            local,
            local_weight,
        } = Neighbourhood::restore(state, n)?;
        let close = state.finite::<f64, Ix1>("close", n)?.to_vec();
        if close.iter().any(|v| *v <= 0.0) {
            return Err(state.wrong("close", "not all of them are above 0"));
        }
        let gains = ks.iter().enumerate().map(|(i, k)| {
            let unexplained = Unexplained::restore(state.part(&gain_name(i))?, d)?;
            Ok(Gain::new(*k, unexplained, d))
        });
        let view = View::new(kind, rows);
        Ok(Self {
            gains: gains.collect::<Result<_, StateError>>()?,
            table: Neighbours::new(view.of(rows).view()),
            view,
            close,
            local,
            local_weight,
            p_values: PValues::restore(state.part("p-values")?)?,
        })
    }
}

fn gain_name(i: usize) -> String {
    format!("gain-{i}")
}

fn deltas<'a>(
    table: &'a Neighbours<f64>,
    x: &'a ArrayView2<'_, f64>,
    nearest: &'a Nearest,
    k: usize,
) -> Deltas<'a, f64> {
    Deltas {
        x: x.view(),
        centre: Centre::Nearest {
            table: table.table(),
            nearest,
            k,
        },
    }
}
