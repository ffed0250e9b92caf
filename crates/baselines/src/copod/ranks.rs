use ndarray::{Array1, ArrayView2, Axis, Slice};
use rayon::prelude::*;

use super::columns::{SortedColumns, TILE, copy_columns};
use super::tail::Tail;

/// Rows scored together: a tile of their columns and one sorted column stay in the first-level cache.
const BLOCK: usize = 128;
/// Rows whose places in a column are searched side by side, to hide the latency of each step behind
/// the others.
const LANES: usize = 16;

/// Scores rows by their ranks among the rows of a table.
#[derive(Debug)]
pub(super) struct Ranks {
    columns: SortedColumns,
    tails: Vec<Tail>,
    /// `−ln(k/n)` for `k` in `0..=n`; the entry of 0 is infinite, and no row has it.
    neg_ln_shares: Vec<f64>,
    /// Whether a scored row is counted beside the table (1) or is one of its rows (0).
    itself: usize,
}

impl Ranks {
    /// Counts the table and the row itself.
    pub(super) fn beside(columns: SortedColumns) -> Self {
        Self::new(columns, 1)
    }

    /// Counts the table, which the scored rows are part of.
    pub(super) fn within(columns: SortedColumns) -> Self {
        Self::new(columns, 0)
    }

    fn new(columns: SortedColumns, itself: usize) -> Self {
        let n = columns.n_rows() + itself;
        Self {
            tails: (0..columns.len())
                .into_par_iter()
                .map(|j| Tail::of(columns.column(j)))
                .collect(),
            neg_ln_shares: (0..=n).map(|k| -(k as f64 / n as f64).ln()).collect(),
            itself,
            columns,
        }
    }

    /// Whether the skewness of some column is undefined.
    pub(super) fn any_constant(&self) -> bool {
        (0..self.columns.len()).any(|j| super::tail::is_constant(self.columns.column(j)))
    }

    /// The number of columns.
    pub(super) fn width(&self) -> usize {
        self.columns.len()
    }

    /// One score for each row of `x`.
    pub(super) fn score(&self, x: ArrayView2<'_, f32>) -> Array1<f64> {
        let d = self.columns.len();
        let mut scores = vec![0.0; x.nrows()];
        scores
            .par_chunks_mut(BLOCK)
            .enumerate()
            .for_each(|(block, scores)| {
                let rows = Slice::from(block * BLOCK..block * BLOCK + scores.len());
                let x = x.slice_axis(Axis(0), rows);
                let mut tile = vec![0; TILE.min(d) * scores.len()];
                for first in (0..d).step_by(TILE) {
                    let width = TILE.min(d - first);
                    let tile = &mut tile[..width * scores.len()];
                    copy_columns(x, first, tile);
                    for (j, keys) in (first..).zip(tile.chunks_exact(scores.len())) {
                        self.add_column(j, keys, scores);
                    }
                }
            });
        Array1::from_vec(scores)
    }

    /// Adds what column `j` says of the rows with these keys.
    fn add_column(&self, j: usize, keys: &[i32], scores: &mut [f64]) {
        let column = self.columns.column(j);
        let n = column.len();
        let tail = self.tails[j];
        for (keys, scores) in keys.chunks(LANES).zip(scores.chunks_mut(LANES)) {
            let below = count_below(column, keys);
            for ((key, below), score) in keys.iter().zip(below).zip(scores) {
                let tied = match column.get(below) {
                    Some(k) if k == key => column[below..].partition_point(|k| k == key),
                    _ => 0,
                };
                let u_l = self.neg_ln_shares[below + tied + self.itself];
                let u_r = self.neg_ln_shares[n - below + self.itself];
                *score += tail.score(u_l, u_r);
            }
        }
    }
}

/// How many of the sorted `column` lie below each of up to [`LANES`] keys.
fn count_below(column: &[i32], keys: &[i32]) -> [usize; LANES] {
    let mut lanes = [0; LANES];
    lanes[..keys.len()].copy_from_slice(keys);
    let mut below = [0; LANES];
    let mut size = column.len();
    while size > 1 {
        let half = size / 2;
        for (below, key) in below.iter_mut().zip(&lanes) {
            // A product, not a branch: the outcome of each comparison is a coin toss.
            *below += half * usize::from(column[*below + half - 1] < *key);
        }
        size -= half;
    }
    for (below, key) in below.iter_mut().zip(&lanes) {
        *below += usize::from(column[*below] < *key);
    }
    below
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_plain_search(
            mut column in proptest::collection::vec(-9i32..9, 1..70),
            keys in proptest::collection::vec(-10i32..10, 1..=LANES),
        ) {
            column.sort_unstable();
            let below = count_below(&column, &keys);
            for (key, below) in keys.iter().zip(below) {
                prop_assert_eq!(below, column.iter().filter(|k| *k < key).count());
            }
        }
    }
}
