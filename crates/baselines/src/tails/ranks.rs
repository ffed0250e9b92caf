use ndarray::{Array1, Array2, ArrayView2, Axis};
use rayon::prelude::*;

use super::columns::{Keyed, SortedColumns, TILE, copy_columns};
use super::search::{LANES, Sparse};
use super::tail::{Rule, Tail};

/// Rows scored together. Each column is fetched once for all of them, which is most of the cost when
/// they are few; beyond some thousands they only take memory.
const BLOCK: usize = 4096;

/// Scores a row by its ranks among the rows of a table and itself.
#[derive(Debug)]
pub(super) struct Ranks<T: Keyed> {
    columns: SortedColumns<T>,
    sparse: Vec<Sparse<T::Key>>,
    tails: Vec<Tail>,
    neg_ln_shares: Vec<f64>,
}

/// `−ln(k/n)` for `k` in `0..=n`; the entry of 0 is infinite, and no row has it.
pub(super) fn neg_ln_shares(n: usize) -> Vec<f64> {
    (0..=n).map(|k| -(k as f64 / n as f64).ln()).collect()
}

impl<T: Keyed> Ranks<T> {
    /// Among the rows of `columns`.
    pub(super) fn new(columns: SortedColumns<T>, rule: Rule) -> Self {
        let n = columns.n_rows();
        Self {
            tails: (0..columns.len())
                .into_par_iter()
                .map(|j| Tail::of(columns.values(j), n, rule))
                .collect(),
            sparse: (0..columns.len())
                .into_par_iter()
                .map(|j| Sparse::of(columns.column(j)))
                .collect(),
            neg_ln_shares: neg_ln_shares(n + 1),
            columns,
        }
    }

    /// Whether the skewness of some column is undefined.
    pub(super) fn any_constant(&self) -> bool {
        let is_constant = |column: &[T::Key]| column.first() == column.last();
        (0..self.columns.len()).any(|j| is_constant(self.columns.column(j)))
    }

    pub(super) fn columns(&self) -> &SortedColumns<T> {
        &self.columns
    }

    /// The number of columns.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// One score for each row of `x`.
    pub(super) fn score(&self, x: ArrayView2<'_, T>) -> Array1<f64> {
        let mut scores = Vec::with_capacity(x.nrows());
        for x in x.axis_chunks_iter(Axis(0), BLOCK) {
            let tiles: Vec<Vec<f64>> = (0..self.columns.len().div_ceil(TILE))
                .into_par_iter()
                .map(|tile| self.score_tile(x, tile * TILE))
                .collect();
            // Tiles add up in the order of the columns, whichever thread was first.
            scores.extend((0..x.nrows()).map(|i| tiles.iter().map(|tile| tile[i]).sum::<f64>()));
        }
        Array1::from_vec(scores)
    }

    /// The part of each row's score that comes from each column: `[m, d]` → `[m, d]`.
    pub(super) fn parts(&self, x: ArrayView2<'_, T>) -> Array2<f64> {
        let mut parts = Array2::zeros((self.columns.len(), x.nrows()));
        let columns = x.axis_iter(Axis(1)).zip(parts.outer_iter_mut());
        for (j, (column, mut parts)) in columns.enumerate() {
            let keys: Vec<T::Key> = column.iter().map(|value| value.key()).collect();
            let parts = parts.as_slice_mut().expect("in standard layout");
            self.add_column(j, &keys, parts);
        }
        parts.reversed_axes()
    }

    /// The part of each row's score that comes from the columns of the tile that starts at `first`.
    fn score_tile(&self, x: ArrayView2<'_, T>, first: usize) -> Vec<f64> {
        let m = x.nrows();
        let width = TILE.min(self.columns.len() - first);
        let mut tile = vec![T::Key::default(); width * m];
        copy_columns(x, first, &mut tile, m, 0);
        let mut scores = vec![0.0; m];
        for (j, keys) in (first..).zip(tile.chunks_exact(m)) {
            self.add_column(j, keys, &mut scores);
        }
        scores
    }

    /// Adds the part of column `j` to the scores of the rows with these keys.
    fn add_column(&self, j: usize, keys: &[T::Key], scores: &mut [f64]) {
        let column = self.columns.column(j);
        let n = column.len();
        let tail = self.tails[j];
        // Where many rows tie, it is mostly in one value, such as the zero of a ReLU.
        let mut last_tie = (column[0], count_equal(column, column[0]));
        for (keys, scores) in keys.chunks(LANES).zip(scores.chunks_mut(LANES)) {
            let below = self.sparse[j].count_below(column, keys);
            for ((key, below), score) in keys.iter().zip(below).zip(scores) {
                let mut tied = 0;
                if column.get(below) == Some(key) {
                    if last_tie.0 != *key {
                        last_tie = (*key, count_equal(&column[below..], *key));
                    }
                    tied = last_tie.1;
                }
                let u_l = self.neg_ln_shares[below + tied + 1];
                let u_r = self.neg_ln_shares[n - below + 1];
                *score += tail.score(u_l, u_r);
            }
        }
    }
}

/// How many keys of the sorted `column`, whose first is `key`, equal it. Most often it is the one.
fn count_equal<K: Ord + Copy>(column: &[K], key: K) -> usize {
    match column.get(1) {
        Some(next) if *next == key => column.partition_point(|k| *k == key),
        _ => 1,
    }
}
