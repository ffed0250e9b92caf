//! The data of the stored models below `artefacts/`, made of whole numbers: the same on every machine. Compiled
//! into the example that writes the models and into the tests that read them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use detector::Silent;
use ndarray::Array4;
use residuum::data::{Column, Columns, Data, Values};
use residuum::{Method, Model, Takes};

/// Rows and images that the models are fitted to.
pub(crate) const FITTED: usize = 60;
pub(crate) const FITTED_IMAGES: usize = 10;
/// Rows and images that are scored.
const SCORED: usize = 8;
const SCORED_IMAGES: usize = 3;

/// The scores that each model gave when it was written, by method.
pub(crate) type Scores = BTreeMap<String, Vec<f64>>;

/// Where the models are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../networks/tests/golden/artefacts")
}

pub(crate) fn model_of(method: &Method) -> PathBuf {
    folder().join(format!("{}.residuum", method.name))
}

pub(crate) fn scores_file() -> PathBuf {
    folder().join("scores.json")
}

/// A table with numbers, whole numbers, a category and a missing value; others for another `first`.
pub(crate) fn table(first: usize, n: usize) -> Columns {
    let numbers = |step: usize, size: usize| -> Vec<f64> {
        let rows = first..first + n;
        rows.map(|i| ((i * step + i * i * 7) % size) as f64 / 8.0)
            .collect()
    };
    let (width, whole) = (numbers(37, 101), numbers(53, 64));
    let depth = width.iter().zip(numbers(29, 23));
    let depth = depth.map(|(width, more)| width + more).collect();
    let missing = (0..n).map(|row| row % 7 == 3).collect();
    let colours = ["red", "blue", "green"];
    let colour = (first..first + n).map(|i| colours[i * i % 5 % 3].to_owned());
    let columns = Columns::new(vec![
        Column::new("width", Values::Float64(width))
            .with_missing(missing)
            .unwrap(),
        Column::new("depth", Values::Float64(depth)),
        Column::new(
            "count",
            Values::Integer(whole.iter().map(|v| (v * 8.0) as i64).collect()),
        ),
        Column::new("colour", Values::Text(colour.collect())),
    ]);
    columns.unwrap()
}

/// Grey images of 16 × 16 pixels.
pub(crate) fn images(first: usize, n: usize) -> Array4<u8> {
    Array4::from_shape_fn((n, 1, 16, 16), |(i, _, y, x)| {
        let i = i + first;
        (60 + (i * 7 + y * 5 + x * 3 + (x + i % 3) * y % 11) % 120) as u8
    })
}

/// The model's scores of what is scored.
pub(crate) fn scores(method: &Method, model: &Model) -> Vec<f64> {
    let (table, images) = (table(1000, SCORED), images(1000, SCORED_IMAGES));
    let data = match method.takes {
        Takes::Images => Data::Images(images.view()),
        Takes::Rows(..) => Data::Columns(&table),
    };
    let rows = model.score(data, &Silent).unwrap();
    rows.iter().map(|row| row.unwrap().score).collect()
}

/// That the model scores as it did, but for sums of another machine's libraries.
pub(crate) fn check(method: &Method, model: &Model, expected: &Scores) {
    let (found, expected) = (scores(method, model), &expected[method.name]);
    assert_eq!(found.len(), expected.len(), "{}", method.name);
    let largest = expected.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    let tolerance = if method.needs_libtorch { 1e-5 } else { 1e-12 };
    for (found, expected) in found.iter().zip(expected) {
        let fine = (found - expected).abs() <= tolerance * largest;
        assert!(fine, "{}: {found} for {expected}", method.name);
    }
}
