//! Scores of PyOD's and scikit-learn's detectors, stored by `scripts/golden/baselines.py`: on a made-up
//! table, and on ADBench sets where RESIDUUM_DATA has them.

#![allow(clippy::print_stderr)] // how far apart they are

mod sets;

use approx::assert_relative_eq;
use baselines::{
    Bins, Ecdf, Ecod, EcodConfig, FeatureBagging, FeatureBaggingConfig, Hbos, HbosConfig, Knn,
    KnnConfig, KnnScore, Lof, LofConfig, Mcd, OnEdge, Pca, PcaConfig, PcaScore,
};
use detector::{Detector, Input, Silent};
use ndarray::{Array2, ArrayView2};
use residuum::RowScaling;
use serde_json::Value;
use sets::Rows;

/// The seed of all stored scores.
const SEED: u64 = 7;

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/pyod.json")).unwrap()
}

fn table(rows: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(rows.clone()).unwrap();
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).unwrap()
}

fn method(name: &str) -> Box<dyn Detector> {
    let knn = |score| {
        let config = KnnConfig {
            score,
            ..Default::default()
        };
        Box::new(Knn::new(config).unwrap())
    };
    let hbos = |bins| {
        let config = HbosConfig {
            bins,
            on_edge: OnEdge::Published,
            ..Default::default()
        };
        Box::new(Hbos::new(config).unwrap())
    };
    let pca = |score| {
        let config = PcaConfig {
            score,
            ..Default::default()
        };
        Box::new(Pca::new(config).unwrap())
    };
    match name {
        "knn largest" => knn(KnnScore::Largest),
        "knn mean" => knn(KnnScore::Mean),
        "knn median" => knn(KnnScore::Median),
        "lof" => Box::new(Lof::new(LofConfig::default()).unwrap()),
        "ecod" => Box::new(Ecod::new(EcodConfig {
            ecdf: Ecdf::TrainAndTest,
            ..Default::default()
        })),
        "hbos" => hbos(Bins::Count(10)),
        "hbos auto" => hbos(Bins::Auto),
        "pca" => pca(PcaScore::Weighted),
        "pca reconstruction" => pca(PcaScore::Reconstruction),
        "feature bagging" => {
            Box::new(FeatureBagging::new(FeatureBaggingConfig::default()).unwrap())
        }
        "mcd" => Box::new(Mcd),
        other => panic!("no method {other}"),
    }
}

/// Every `step`-th score of `test`, beside the stored ones.
fn check(
    what: &str,
    train: ArrayView2<'_, f32>,
    test: ArrayView2<'_, f32>,
    stored: &Value,
    step: usize,
) {
    for (name, expected) in stored.as_object().unwrap() {
        let scorer = method(name).fit(Input::Rows(train), SEED, &Silent).unwrap();
        let found = scorer.score(Input::Rows(test), &Silent).unwrap();
        let found: Vec<f64> = found.iter().step_by(step).copied().collect();
        let expected: Vec<f64> = serde_json::from_value(expected.clone()).unwrap();
        let pairs = found.iter().zip(&expected);
        let worst = pairs.map(|(a, b)| ((a - b) / b).abs()).fold(0.0, f64::max);
        eprintln!("{what}, {name}: {} scores within {worst:.1e}", found.len());
        // Sums in another order; PCA divides by shares of the variance down to 1e-9.
        assert_relative_eq!(&found[..], &expected[..], max_relative = 1e-6);
    }
}

#[test]
fn a_made_up_table_scores_as_there() {
    let golden = &golden()["made up"];
    let (train, test) = (table(&golden["train"]), table(&golden["test"]));
    check("made up", train.view(), test.view(), &golden["scores"], 1);
}

#[test]
fn real_sets_score_as_there() {
    let golden = golden();
    let step = golden["step"].as_u64().unwrap() as usize;
    for (name, stored) in golden["sets"].as_object().unwrap() {
        let Some(rows) = Rows::load(name, RowScaling::Standard) else {
            return;
        };
        let (train, test) = (rows.train.view(), rows.test.view());
        check(name, train, test, &stored["scores"], step);
        let Some(aurocs) = stored.get("mcd aurocs") else {
            continue;
        };
        for (seed, expected) in (0..).zip(aurocs.as_array().unwrap()) {
            let difference = rows.auroc(&Mcd, seed) - expected.as_f64().unwrap();
            eprintln!("{name}, mcd, seed {seed}: AUROC differs by {difference:.3} points");
            assert!(difference.abs() < 0.5);
        }
    }
}
