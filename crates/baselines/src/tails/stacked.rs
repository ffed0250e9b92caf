//! The published score: training and scored rows are ranked together.

use ndarray::{Array1, ArrayView2};
use rayon::prelude::*;

use super::columns::{Keyed, TILE, copy_columns};
use super::ranks::neg_ln_shares;
use super::tail::{Rule, Tail};

/// The scores of the rows of `test` by their ranks among all rows of `train` and `test`, and whether a
/// column of these is constant.
pub(super) fn score<T: Keyed>(
    train: ArrayView2<'_, T>,
    test: ArrayView2<'_, T>,
    rule: Rule,
) -> (Array1<f64>, bool) {
    let neg_ln_shares = neg_ln_shares(train.nrows() + test.nrows());
    let tiles: Vec<(Vec<f64>, bool)> = (0..train.ncols().div_ceil(TILE))
        .into_par_iter()
        .map(|tile| score_tile(train, test, tile * TILE, &neg_ln_shares, rule))
        .collect();
    // Tiles add up in the order of the columns, whichever thread was first.
    let scores = (0..test.nrows()).map(|i| tiles.iter().map(|(tile, _)| tile[i]).sum());
    let any_constant = tiles.iter().any(|(_, constant)| *constant);
    (scores.collect(), any_constant)
}

/// The part of each row's score that comes from the columns of the tile that starts at `first`.
fn score_tile<T: Keyed>(
    train: ArrayView2<'_, T>,
    test: ArrayView2<'_, T>,
    first: usize,
    neg_ln_shares: &[f64],
    rule: Rule,
) -> (Vec<f64>, bool) {
    let (n_train, n) = (train.nrows(), train.nrows() + test.nrows());
    let width = TILE.min(train.ncols() - first);
    let mut tile = vec![T::Key::default(); width * n];
    copy_columns(train, first, &mut tile, n, 0);
    copy_columns(test, first, &mut tile, n, n_train);
    let mut scores = vec![0.0; test.nrows()];
    let mut any_constant = false;
    let (mut entries, mut spare) = (Vec::with_capacity(n), vec![T::Entry::default(); n]);
    for column in tile.chunks_exact(n) {
        entries.clear();
        entries.extend((0..).zip(column).map(|(row, key)| T::entry(*key, row)));
        T::sort(&mut entries, &mut spare);
        let key = |entry: &T::Entry| T::parts(*entry).0;
        let tail = Tail::of(entries.iter().map(|e| T::value(key(e)).wide()), n, rule);
        let mut below = 0;
        for ties in entries.chunk_by(|a, b| key(a) == key(b)) {
            any_constant |= ties.len() == n;
            let u_l = neg_ln_shares[below + ties.len()];
            let u_r = neg_ln_shares[n - below];
            let score = tail.score(u_l, u_r);
            for row in ties.iter().map(|entry| T::parts(*entry).1 as usize) {
                if row >= n_train {
                    scores[row - n_train] += score;
                }
            }
            below += ties.len();
        }
    }
    (scores, any_constant)
}
