//! The one-class SVM on the paper's data, protocol `paper`. Needs RESIDUUM_DATA.

#![allow(clippy::print_stderr)] // the line that says why a test was skipped

use std::path::PathBuf;

use baselines::{OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
use datasets::{Data, Label, Protocol, RowScaler, RowScaling, load_npz};
use detector::{Input, Scorer, Silent};
use ndarray::Array2;
use serde_json::Value;

/// Column `ocsvm` of data/published/paper_table1.csv, of the rows small enough to be at hand.
const PAPER: [(&str, &str); 12] = [
    ("CIFAR10_4", "76.93"),
    ("CIFAR10_6", "71.37"),
    ("MVTec-AD_bottle", "96.53"),
    ("MVTec-AD_cable", "72.17"),
    ("MVTec-AD_capsule", "65.01"),
    ("MVTec-AD_carpet", "68.42"),
    ("MVTec-AD_grid", "65.35"),
    ("MVTec-AD_leather", "99.39"),
    ("MVTec-AD_metal_nut", "73.51"),
    ("MVTec-AD_pill", "61.98"),
    ("MVTec-AD_tile", "84.75"),
    ("MVTec-AD_zipper", "80.62"),
];

struct Rows {
    train: Array2<f32>,
    test: Array2<f32>,
    anomalies: Vec<bool>,
}

#[test]
fn the_papers_column_comes_out_to_the_digit() {
    for (name, printed) in PAPER {
        let Some(rows) = paper_rows(name) else { return };
        let (_, scores) = fit_and_score(&rows, OneClassSvmConfig::default());
        let auroc = metrics::auroc(&scores, &rows.anomalies).unwrap();
        assert_eq!(format!("{:.2}", 100.0 * auroc), printed, "{name}");
    }
}

/// scripts/golden/ocsvm.py.
#[test]
fn libsvm_agrees_on_cifar10_4() {
    let Some(rows) = paper_rows("CIFAR10_4") else {
        return;
    };
    let golden: Value = serde_json::from_str(include_str!("golden/ocsvm_cifar10_4.json")).unwrap();
    let every = golden["every"].as_u64().unwrap() as usize;
    for case in golden["cases"].as_array().unwrap() {
        let tolerance = case["tolerance"].as_f64().unwrap();
        let rho = case["rho"].as_f64().unwrap();
        let expected: Vec<f64> = serde_json::from_value(case["scores"].clone()).unwrap();
        let n_support = case["n_support"].as_u64().unwrap() as f64;
        // 12 MiB hold the whole matrix of the 2500 rows, 4 MiB hold 419 of its rows.
        for cache_mib in [200, 4] {
            let config = OneClassSvmConfig {
                tolerance,
                cache_mib,
                ..Default::default()
            };
            let (model, scores) = fit_and_score(&rows, config);
            let scores: Vec<f64> = scores.into_iter().step_by(every).collect();
            assert_eq!(scores.len(), expected.len());
            let largest = expected.iter().fold(0.0f64, |m, s| m.max(s.abs()));
            let worst = scores
                .iter()
                .zip(&expected)
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, f64::max);
            assert!(
                (model.rho() / rho - 1.0).abs() < 1e-5,
                "{} {rho}",
                model.rho()
            );
            assert!(worst < 1e-4 * largest, "{worst:e}");
            assert!((model.support().len() as f64 / n_support - 1.0).abs() < 0.005);
        }
    }
}

fn fit_and_score(rows: &Rows, config: OneClassSvmConfig) -> (OneClassSvmModel, Vec<f64>) {
    let svm = OneClassSvm::new(config).unwrap();
    let model = svm.fit_rows(rows.train.view(), &Silent).unwrap();
    let scores = model.score(Input::Rows(rows.test.view()), &Silent).unwrap();
    (model, scores.to_vec())
}

/// Split and scaled; `None`, said on stderr, where the file is not at hand.
fn paper_rows(name: &str) -> Option<Rows> {
    let roots = std::env::var_os("RESIDUUM_DATA").unwrap_or_default();
    let file = PathBuf::from(format!("adbench/CV_by_ResNet18/{name}.npz"));
    let paths = std::env::split_paths(&roots).map(|root| root.join(&file));
    let Some(path) = paths.into_iter().find(|path| path.is_file()) else {
        eprintln!("skipped: no data (set RESIDUUM_DATA): {}", file.display());
        return None;
    };
    let set = load_npz(path).unwrap();
    let split = Protocol::Paper.split(&set, 44).unwrap();
    let (Data::Rows(train), Data::Rows(test)) = (split.train, split.test) else {
        panic!("{name} holds images");
    };
    let scaler = RowScaler::fit(RowScaling::Standard, train.view()).unwrap();
    Some(Rows {
        train: scaler.transform(train.view()).unwrap(),
        test: scaler.transform(test.view()).unwrap(),
        anomalies: split
            .test_labels
            .iter()
            .map(|y| *y == Label::Anomaly)
            .collect(),
    })
}
