//! Scores of scikit-learn's `IsolationForest`, stored by `scripts/golden/iforest.py`.

use approx::assert_abs_diff_eq;
use baselines::{IsolationForest, IsolationForestConfig, Rng};
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use serde_json::Value;

fn table(rows: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(rows.clone()).unwrap();
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).unwrap()
}

fn number(case: &Value, key: &str) -> usize {
    usize::try_from(case[key].as_u64().unwrap()).unwrap()
}

/// Our scores, and those stored under `key`.
fn scores(golden: &Value, case: &Value, rng: Rng, key: &str) -> (Vec<f64>, Vec<f64>) {
    let rows = &golden["tables"][case["table"].as_str().unwrap()];
    let (train, test) = (table(&rows["train"]), table(&rows["test"]));
    let forest = IsolationForest::new(IsolationForestConfig {
        trees: number(case, "trees"),
        sample_size: number(case, "sample_size"),
        rng,
    });
    let seed = case["seed"].as_u64().unwrap();
    let scorer = forest
        .unwrap()
        .fit(Input::Rows(train.view()), seed, &Silent);
    let ours = scorer
        .unwrap()
        .score(Input::Rows(test.view()), &Silent)
        .unwrap();
    let theirs = serde_json::from_value(case[key].clone()).unwrap();
    (ours.to_vec(), theirs)
}

#[test]
fn scikit_learns_trees_are_grown_draw_for_draw() {
    let golden: Value = serde_json::from_str(include_str!("golden/iforest.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        for (rng, key) in [
            (Rng::Sklearn, "scores"),
            (Rng::SklearnInteger, "scores_of_integer"),
        ] {
            let (ours, theirs) = scores(&golden, case, rng, key);
            assert_eq!(ours.len(), theirs.len());
            for (a, b) in ours.iter().zip(&theirs) {
                // The trees are the same; logarithm, power and JSON reader may each round differently.
                assert_abs_diff_eq!(a, b, epsilon = 1e-14);
            }
        }
    }
}

#[test]
fn other_trees_would_be_noticed() {
    // The same forest from our own generator is off by far more than the tolerance above.
    let golden: Value = serde_json::from_str(include_str!("golden/iforest.json")).unwrap();
    let case = golden["cases"].as_array().unwrap().last().unwrap();
    let (ours, theirs) = scores(&golden, case, Rng::Fast, "scores");
    let differences = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f64::max);
    // ... and yet estimates the same expectation: 100 trees leave it a few hundredths uncertain.
    assert!((1e-4..0.06).contains(&largest), "{largest}");
}
