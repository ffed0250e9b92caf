//! The one-class SVM on the paper's data, protocol `paper`. Needs RESIDUUM_DATA.

mod paper_rows;

use baselines::{OneClassSvm, OneClassSvmConfig, OneClassSvmModel};
use detector::{Input, Scorer, Silent};
use paper_rows::PaperRows;
use serde_json::Value;

/// Column `ocsvm` of data/published/paper_table1.csv, of the sets small enough to be kept here.
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

#[test]
fn the_papers_column_comes_out_to_the_digit() {
    for (name, printed) in PAPER {
        let Some(rows) = PaperRows::load(name) else {
            return;
        };
        let auroc = rows.auroc(&OneClassSvm::default(), 0);
        assert_eq!(format!("{auroc:.2}"), printed, "{name}");
    }
}

/// scripts/golden/ocsvm.py.
#[test]
fn libsvm_agrees_on_cifar10_4() {
    let Some(rows) = PaperRows::load("CIFAR10_4") else {
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

fn fit_and_score(rows: &PaperRows, config: OneClassSvmConfig) -> (OneClassSvmModel, Vec<f64>) {
    let svm = OneClassSvm::new(config).unwrap();
    let model = svm.fit_rows(rows.train.view(), &Silent).unwrap();
    let scores = model.score(Input::Rows(rows.test.view()), &Silent).unwrap();
    (model, scores.to_vec())
}
