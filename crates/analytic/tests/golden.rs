//! Scores by eigenvectors in numpy, stored by `scripts/golden/analytic.py`.

use analytic::{LinearDenoiser, LinearDenoiserConfig, Wiener, WienerConfig};
use approx::relative_eq;
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use serde_json::Value;

fn table(rows: &Value) -> Array2<f32> {
    let rows: Vec<Vec<f32>> = serde_json::from_value(rows.clone()).unwrap();
    let shape = (rows.len(), rows[0].len());
    Array2::from_shape_vec(shape, rows.concat()).unwrap()
}

#[test]
fn scores_are_those_of_the_eigenvectors() {
    let golden: Value = serde_json::from_str(include_str!("golden/analytic.json")).unwrap();
    let methods: [(&str, Box<dyn Detector>); 2] = [
        (
            "linear",
            Box::new(LinearDenoiser::new(LinearDenoiserConfig::default()).unwrap()),
        ),
        (
            "wiener",
            Box::new(Wiener::new(WienerConfig::default()).unwrap()),
        ),
    ];
    for (name, case) in golden.as_object().unwrap() {
        let (train, test) = (table(&case["train"]), table(&case["test"]));
        for (method, detector) in &methods {
            let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent).unwrap();
            let found = scorer.score(Input::Rows(test.view()), &Silent).unwrap();
            let expected: Vec<f64> = serde_json::from_value(case[method].clone()).unwrap();
            // Thousandths in f32 are off by 6e-8, which logarithms near 0 make more of.
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    relative_eq!(found, expected, max_relative = 2e-6, epsilon = 2e-6),
                    "{name}, {method}: {found}, expected {expected}"
                );
            }
        }
    }
}
