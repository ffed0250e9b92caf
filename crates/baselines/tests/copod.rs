//! Scores of PyOD's `COPOD`, stored by `scripts/golden/copod.py`.

use approx::assert_relative_eq;
use baselines::{Copod, CopodConfig, Ecdf};
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use serde_json::Value;

fn table(rows: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(rows.clone()).unwrap();
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).unwrap()
}

/// Our scores of the stored case, and PyOD's.
fn scores(case: &str, ecdf: Ecdf, expected: &str) -> (Vec<f64>, Vec<f64>) {
    let golden: Value = serde_json::from_str(include_str!("golden/copod.json")).unwrap();
    let case = &golden[case];
    let (train, test) = (table(&case["train"]), table(&case["test"]));
    let copod = Copod::new(CopodConfig {
        ecdf,
        ..Default::default()
    });
    let scorer = copod.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
    let found = scorer.score(Input::Rows(test.view()), &Silent).unwrap();
    let expected = serde_json::from_value(case[expected].clone()).unwrap();
    (found.to_vec(), expected)
}

#[test]
fn a_stacked_batch_scores_as_in_pyod() {
    for case in ["mixed", "skewed"] {
        let (found, expected) = scores(case, Ecdf::TrainAndTest, "scores");
        // Seven terms, added in another order.
        assert_relative_eq!(found.as_slice(), expected.as_slice(), max_relative = 1e-13);
    }
}

#[test]
fn the_inductive_form_is_pyods_for_one_row_at_a_time() {
    let (found, expected) = scores("skewed", Ecdf::Train, "scores_alone");
    assert_relative_eq!(found.as_slice(), expected.as_slice(), max_relative = 1e-13);
}
