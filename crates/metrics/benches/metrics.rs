//! `cargo bench -p metrics`

use metrics::statistics::{Bootstrap, Zeros, auroc_interval, bootstrap_interval, wilcoxon_holm};
use metrics::{Metrics, PixelMetrics, aupro, auroc};
use ndarray::{Array2, Array3};

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

/// Maps of 256 x 256 pixels without ties; one disc in every second mask.
fn maps(n: usize) -> (Array3<f32>, Array3<bool>) {
    let value =
        |pixel: usize| (pixel as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) as f32 / u64::MAX as f32;
    let maps = Array3::from_shape_fn((n, 256, 256), |(i, y, x)| value((i * 256 + y) * 256 + x));
    let inside = |y: usize, x: usize| y.abs_diff(90).pow(2) + x.abs_diff(80).pow(2) < 30 * 30;
    let masks = Array3::from_shape_fn((n, 256, 256), |(i, y, x)| i % 2 == 1 && inside(y, x));
    (maps, masks)
}

#[divan::bench(args = [10, 100], sample_count = 5)]
fn aupro_of_maps(bencher: divan::Bencher, n: usize) {
    let (maps, masks) = maps(n);
    bencher.bench(|| aupro(maps.view(), masks.view(), 0.3));
}

#[divan::bench(args = [10, 100], sample_count = 5)]
fn all_pixel_metrics(bencher: divan::Bencher, n: usize) {
    let (maps, masks) = maps(n);
    bencher.bench(|| PixelMetrics::of(maps.view(), masks.view()));
}

#[divan::bench(args = [2_763, 100_000], sample_count = 5)]
fn delong_interval(bencher: divan::Bencher, n: usize) {
    let (scores, labels) = rows(n);
    bencher.bench(|| auroc_interval(&scores, &labels, 0.95));
}

#[divan::bench(args = [2_763], sample_count = 5)]
fn bootstrap_2000(bencher: divan::Bencher, n: usize) {
    let (scores, labels) = rows(n);
    bencher.bench(|| bootstrap_interval(&scores, &labels, auroc, Bootstrap::default()));
}

#[divan::bench(args = [5, 20, 40], sample_count = 5)]
fn wilcoxon_holm_over_57_sets(bencher: divan::Bencher, methods: usize) {
    let (scores, _) = rows(57 * methods);
    let table = Array2::from_shape_vec((57, methods), scores).expect("as many values");
    bencher.bench(|| wilcoxon_holm(table.view(), Zeros::Split, 0.05));
}
