//! Fit and score of the one-class SVM on made-up rows of the shapes that matter: the paper's largest
//! embedding rows, and 10,000 rows. `cargo bench -p baselines --bench ocsvm`

use baselines::{OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
use detector::{Input, Scorer, Silent};
use divan::Bencher;
use ndarray::Array2;

const D: usize = 512;

fn main() {
    divan::main();
}

#[divan::bench(args = [2500, 10_000], sample_count = 5, sample_size = 1)]
fn fit(bencher: Bencher<'_, '_>, n: usize) {
    let x = embedding(n, 1);
    bencher.bench(|| fit_rows(&x, 200));
}

/// The matrix of 2500 rows needs 12 MiB.
#[divan::bench(args = [1, 4, 200], sample_count = 5, sample_size = 1)]
fn fit_2500_with_cache_mib(bencher: Bencher<'_, '_>, cache_mib: usize) {
    let x = embedding(2500, 1);
    bencher.bench(|| fit_rows(&x, cache_mib));
}

#[divan::bench(args = [1, 2763], sample_count = 5, sample_size = 1)]
fn score(bencher: Bencher<'_, '_>, n: usize) {
    let model = fit_rows(&embedding(2500, 1), 200);
    let x = embedding(n, 2);
    bencher.bench(|| model.score(Input::Rows(x.view()), &Silent).unwrap());
}

fn fit_rows(x: &Array2<f32>, cache_mib: usize) -> OneClassSvmModel {
    let config = OneClassSvmConfig {
        cache_mib,
        ..Default::default()
    };
    let svm = OneClassSvm::new(config).unwrap();
    svm.fit_rows(x.view(), &Silent).unwrap()
}

/// Standardised columns without pattern: sums of four uniform values.
fn embedding(n: usize, seed: u64) -> Array2<f32> {
    let mut state = seed;
    Array2::from_shape_simple_fn((n, D), || {
        let uniform = |_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 40) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..4).map(uniform).sum::<f32>() * 3f32.sqrt()
    })
}
