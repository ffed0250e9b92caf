//! The published score: training and scored rows are ranked together.

use ndarray::{Array1, ArrayView2};
use rayon::prelude::*;

use super::columns::{TILE, copy_columns, value};
use super::ranks::neg_ln_shares;
use super::tail::{Rule, Tail};

/// Scores the rows of `test` by their ranks among all rows of `train` and `test`, and tells whether
/// some column of these is constant.
pub(super) fn score(
    train: ArrayView2<'_, f32>,
    test: ArrayView2<'_, f32>,
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

/// What the columns of the tile from `first` on say of each row of `test`.
fn score_tile(
    train: ArrayView2<'_, f32>,
    test: ArrayView2<'_, f32>,
    first: usize,
    neg_ln_shares: &[f64],
    rule: Rule,
) -> (Vec<f64>, bool) {
    let (n_train, n) = (train.nrows(), train.nrows() + test.nrows());
    let width = TILE.min(train.ncols() - first);
    let mut tile = vec![0; width * n];
    copy_columns(train, first, &mut tile, n, 0);
    copy_columns(test, first, &mut tile, n, n_train);
    let mut scores = vec![0.0; test.nrows()];
    let mut any_constant = false;
    let (mut entries, mut spare) = (Vec::with_capacity(n), vec![0; n]);
    for column in tile.chunks_exact(n) {
        entries.clear();
        entries.extend((0u64..).zip(column).map(|(row, key)| entry(*key, row)));
        sort_by_key(&mut entries, &mut spare);
        let tail = Tail::of(entries.iter().map(|e| f64::from(value(key(*e)))), n, rule);
        let mut below = 0;
        for ties in entries.chunk_by(|a, b| a >> 32 == b >> 32) {
            any_constant |= ties.len() == n;
            let u_l = neg_ln_shares[below + ties.len()];
            let u_r = neg_ln_shares[n - below];
            let score = tail.score(u_l, u_r);
            for row in ties.iter().map(|entry| (entry & LOW) as usize) {
                if row >= n_train {
                    scores[row - n_train] += score;
                }
            }
            below += ties.len();
        }
    }
    (scores, any_constant)
}

const LOW: u64 = u32::MAX as u64;

/// A key, its sign turned so that unsigned numbers order as keys do, over the number of its row.
fn entry(key: i32, row: u64) -> u64 {
    u64::from(key.cast_unsigned() ^ (1 << 31)) << 32 | row
}

fn key(entry: u64) -> i32 {
    ((entry >> 32) as u32 ^ (1 << 31)).cast_signed()
}

/// Sorts by the upper half in three counting passes of 11 bits, which for some thousands of entries
/// takes a third of the time of a comparison sort. `spare` is of the same length.
fn sort_by_key(entries: &mut Vec<u64>, spare: &mut Vec<u64>) {
    const DIGITS: usize = 1 << 11;
    for shift in [32, 43, 54] {
        let digit = |entry: u64| (entry >> shift) as usize % DIGITS;
        let mut places = [0; DIGITS];
        for entry in entries.iter() {
            places[digit(*entry)] += 1;
        }
        let mut from = 0;
        for place in &mut places {
            from += std::mem::replace(place, from);
        }
        for entry in entries.iter() {
            let place = &mut places[digit(*entry)];
            spare[*place] = *entry;
            *place += 1;
        }
        std::mem::swap(entries, spare);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn entries_sort_by_key_and_keep_their_rows(keys in proptest::collection::vec(any::<i32>(), 1..90)) {
            let mut entries: Vec<u64> = (0..).zip(&keys).map(|(row, key)| entry(*key, row)).collect();
            let mut expected = entries.clone();
            expected.sort_unstable();
            let mut spare = vec![0; entries.len()];
            sort_by_key(&mut entries, &mut spare);
            prop_assert_eq!(&entries, &expected);
            for entry in entries {
                prop_assert_eq!(key(entry), keys[(entry & LOW) as usize]);
            }
        }
    }
}
