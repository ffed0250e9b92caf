//! Scores by numpy, stored by `scripts/golden/analytic.py` (by eigenvectors) and `scripts/golden/views_and_pairs.py`.

use analytic::{
    LinearDenoiser, LinearDenoiserConfig, MaskedWiener, MaskedWienerConfig, ViewsAndPairs,
    ViewsAndPairsConfig, Weight, Wiener, WienerConfig,
};
use approx::relative_eq;
use detector::{Detector, Input, Silent};
use ndarray::Array2;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn table<T: Clone + DeserializeOwned>(rows: &Value) -> Array2<T> {
    let rows: Vec<Vec<T>> = serde_json::from_value(rows.clone()).unwrap();
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
        let (train, test) = (table::<f32>(&case["train"]), table::<f32>(&case["test"]));
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

#[test]
fn scores_of_views_and_pairs_are_those_of_all_points_compared() {
    let text = include_str!("golden/views_and_pairs.json");
    let golden: Value = serde_json::from_str(text).unwrap();
    let pairs = |weight| {
        let default = ViewsAndPairsConfig::default();
        ViewsAndPairs::new(ViewsAndPairsConfig { weight, ..default }).unwrap()
    };
    let methods: [(&str, Box<dyn Detector>); 3] = [
        (
            "masked-wiener",
            Box::new(MaskedWiener::new(MaskedWienerConfig::default()).unwrap()),
        ),
        ("views-and-pairs", Box::new(pairs(Weight::Repeats))),
        (
            "views-and-pairs, weight 1",
            Box::new(pairs(Weight::Value(1.0))),
        ),
    ];
    for (name, case) in golden.as_object().unwrap() {
        let (train, test) = (table::<f64>(&case["train"]), table::<f64>(&case["test"]));
        for (method, detector) in &methods {
            let x = Input::Rows64(train.view());
            let scorer = detector.fit(x, 0, &Silent).unwrap();
            let found = scorer.score(Input::Rows64(test.view()), &Silent).unwrap();
            let expected: Vec<f64> = serde_json::from_value(case[method].clone()).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    relative_eq!(*found, expected, max_relative = 1e-9, epsilon = 1e-9),
                    "{name}, {method}: {found}, expected {expected}"
                );
            }
        }
    }
}
