//! Fit and score on made-up rows of the shape of the paper's largest embedding rows.
//! `cargo bench -p baselines --bench baselines`

use baselines::{
    ConstantColumns, Copod, CopodConfig, Ecdf, Ecod, EcodConfig, Hbos, HbosConfig, IsolationForest,
    IsolationForestConfig, Knn, KnnConfig, Lof, LofConfig, Norm, Pca, PcaConfig, Rng,
};
use detector::{Detector, Input, Silent};
use divan::Bencher;
use ndarray::Array2;

fn main() {
    divan::main();
}

#[divan::bench(args = [Rng::Fast, Rng::Sklearn])]
fn isolation_forest(bencher: Bencher<'_, '_>, rng: Rng) {
    let config = IsolationForestConfig {
        rng,
        ..Default::default()
    };
    fit_and_score(bencher, &IsolationForest::new(config).unwrap());
}

#[divan::bench(args = [Ecdf::Train, Ecdf::TrainAndTest], sample_count = 20)]
fn copod(bencher: Bencher<'_, '_>, ecdf: Ecdf) {
    let config = CopodConfig {
        ecdf,
        constant_columns: ConstantColumns::ZeroSkewness,
    };
    fit_and_score(bencher, &Copod::new(config));
}

#[divan::bench(args = [Ecdf::Train, Ecdf::TrainAndTest], sample_count = 20)]
fn ecod(bencher: Bencher<'_, '_>, ecdf: Ecdf) {
    let config = EcodConfig {
        ecdf,
        ..Default::default()
    };
    fit_and_score(bencher, &Ecod::new(config));
}

#[divan::bench(sample_count = 20)]
fn hbos(bencher: Bencher<'_, '_>) {
    fit_and_score(bencher, &Hbos::new(HbosConfig::default()).unwrap());
}

#[divan::bench(sample_count = 10)]
fn knn(bencher: Bencher<'_, '_>) {
    fit_and_score(bencher, &Knn::new(KnnConfig::default()).unwrap());
}

#[divan::bench(sample_count = 10)]
fn lof(bencher: Bencher<'_, '_>) {
    fit_and_score(bencher, &Lof::new(LofConfig::default()).unwrap());
}

#[divan::bench(sample_count = 10)]
fn pca(bencher: Bencher<'_, '_>) {
    fit_and_score(bencher, &Pca::new(PcaConfig::default()).unwrap());
}

#[divan::bench]
fn norm(bencher: Bencher<'_, '_>) {
    fit_and_score(bencher, &Norm);
}

fn fit_and_score(bencher: Bencher<'_, '_>, detector: &dyn Detector) {
    let (train, test) = (embedding(2500, 1), embedding(2763, 2));
    bencher.bench(|| {
        let scorer = detector.fit(Input::Rows(train.view()), 44, &Silent);
        scorer.unwrap().score(Input::Rows(test.view()), &Silent)
    });
}

/// Rows of 512 columns that are zero half of the time, as behind a ReLU.
fn embedding(n: usize, stream: u32) -> Array2<f32> {
    let mut state = stream;
    Array2::from_shape_simple_fn((n, 512), || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state as f32 / u32::MAX as f32 - 0.5).max(0.0)
    })
}
