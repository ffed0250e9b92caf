//! DTE-NP against numpy and scipy in float64 (`scripts/golden/dte.py`), and against DTE's own table.

mod sets;

use std::collections::BTreeMap;

use baselines::{DteNonParametric, DteNonParametricConfig, NonParametricScore};
use datasets::Protocol;
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use residuum::RowScaling;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    d: usize,
    k: usize,
    train: Vec<f32>,
    test: Vec<f32>,
    distance: Vec<f64>,
    argmax: Vec<f64>,
    mean: Vec<f64>,
}

fn rows(values: &[f32], d: usize) -> Array2<f32> {
    Array2::from_shape_vec((values.len() / d, d), values.to_vec()).unwrap()
}

fn scores(case: &Case, score: NonParametricScore) -> Vec<f64> {
    let config = DteNonParametricConfig {
        neighbours: case.k,
        score,
        ..Default::default()
    };
    let detector = DteNonParametric::new(config).unwrap();
    let (train, test) = (rows(&case.train, case.d), rows(&case.test, case.d));
    let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
    scorer
        .score(Input::Rows(test.view()), &Silent)
        .unwrap()
        .to_vec()
}

#[test]
fn scores_equal_numpys_with_copies_and_in_few_columns() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("golden/dte_np.json")).unwrap();
    assert_eq!(cases.len(), 6);
    for case in &cases {
        let what = format!("d = {}, k = {}", case.d, case.k);
        assert_eq!(
            scores(case, NonParametricScore::Argmax),
            case.argmax,
            "{what}"
        );
        for (score, expected) in [
            (NonParametricScore::Distance, &case.distance),
            (NonParametricScore::PosteriorMean, &case.mean),
        ] {
            for (found, expected) in scores(case, score).iter().zip(expected) {
                // Sums of the same f64 numbers in another order.
                let allowed = 1e-9 * expected.abs();
                assert!(
                    (found - expected).abs() <= allowed,
                    "{what}: {found} for {expected}"
                );
            }
        }
    }
    let copies = cases.iter().filter(|case| case.distance[0] == 0.0).count();
    assert_eq!(copies, 5); // the first test row is a copy of k training rows where there are so many
}

/// 15 classes of MVTec-AD under protocol `paper`, seed 0.
#[test]
fn aurocs_on_embeddings_equal_numpys() {
    let golden: BTreeMap<String, BTreeMap<String, f64>> =
        serde_json::from_str(include_str!("golden/dte_np_mvtec.json")).unwrap();
    assert_eq!(golden.len(), 15);
    for (class, golden) in &golden {
        let Some(set) = sets::set(&format!("CV_by_ResNet18/MVTec-AD_{class}")) else {
            return;
        };
        let rows = sets::Rows::split(&set, Protocol::Paper, 0, RowScaling::Standard);
        for (name, score) in [
            ("argmax", NonParametricScore::Argmax),
            ("distance", NonParametricScore::Distance),
        ] {
            let config = DteNonParametricConfig {
                score,
                ..Default::default()
            };
            let found = rows.auroc(&DteNonParametric::new(config).unwrap(), 0);
            let expected = golden[name];
            // A hundredth of a point is about one pair of rows in the wrong order.
            assert!(
                (found - expected).abs() < 0.01,
                "{class} {name}: {found} for {expected}"
            );
        }
    }
}
