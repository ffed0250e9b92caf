//! Generated rows for the property tests.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;

/// Scores and labels of as many rows as `sizes` says, both classes present. Scores are halves
/// between −10 and 10, so that ties are common.
pub(crate) fn rows(sizes: Range<usize>) -> impl Strategy<Value = (Vec<f64>, Vec<bool>)> {
    vec((-20..=20i32, prop::bool::weighted(0.3)), sizes).prop_map(|rows| {
        let scores = rows
            .iter()
            .map(|&(score, _)| f64::from(score) / 2.0)
            .collect();
        let mut labels: Vec<bool> = rows.iter().map(|&(_, label)| label).collect();
        labels[0] = true;
        labels[1] = false;
        (scores, labels)
    })
}

/// The same rows in another order.
pub(crate) fn shuffled(scores: &[f64], labels: &[bool], seed: u64) -> (Vec<f64>, Vec<bool>) {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    // Sorting by a multiplicative hash of the row number is shuffle enough.
    order.sort_by_key(|&row| (row as u64 ^ seed).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let scores = order.iter().map(|&row| scores[row]).collect();
    (scores, order.iter().map(|&row| labels[row]).collect())
}
