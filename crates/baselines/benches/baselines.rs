//! Fit and score on made-up rows of the size of one CIFAR-10 embedding set.

use baselines::Norm;
use detector::{Detector, Input, Silent};
use ndarray::Array2;

fn main() {
    divan::main();
}

#[divan::bench]
fn norm(bencher: divan::Bencher<'_, '_>) {
    let x = Array2::from_shape_fn((2500, 512), |(i, j)| ((i * 31 + j * 7) % 101) as f32);
    bencher.bench(|| {
        let scorer = Norm.fit(Input::Rows(x.view()), 0, &Silent).unwrap();
        scorer.score(Input::Rows(x.view()), &Silent).unwrap()
    });
}
