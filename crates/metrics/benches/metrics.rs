//! `cargo bench -p metrics`

use metrics::{Metrics, auroc};

fn main() {
    divan::main();
}

/// Scores without ties in a scrambled order, every twentieth row an anomaly.
fn rows(n: usize) -> (Vec<f64>, Vec<bool>) {
    let scramble = |row: usize| (row as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 11;
    let scores = (0..n).map(|row| scramble(row) as f64).collect();
    (scores, (0..n).map(|row| row % 20 == 0).collect())
}

#[divan::bench(args = [2_763, 100_000, 10_000_000], sample_count = 5)]
fn auroc_of(bencher: divan::Bencher, n: usize) {
    let (scores, labels) = rows(n);
    bencher.bench(|| auroc(&scores, &labels));
}

#[divan::bench(args = [2_763, 100_000, 10_000_000], sample_count = 5)]
fn all_metrics(bencher: divan::Bencher, n: usize) {
    let (scores, labels) = rows(n);
    bencher.bench(|| Metrics::of(&scores, &labels));
}
