//! Row scaling equal to scikit-learn's, bit for bit: `scripts/golden/scaling.py`.
#![allow(clippy::unwrap_used)]

use datasets::{Data, Roots, find};
use ndarray::{Array2, ArrayView2, s};
use residuum::{RowScaler, RowScaling};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// Factor and offset of each column; scripts/golden/scaling.py has the same.
const COLUMNS: [(f64, f64); 11] = [
    (0.0, 0.0),
    (0.0, 2.6),
    (0.0, 1e6 + 0.1),
    (1.0, 0.0),
    (0.1, 7.0),
    (1e-3, 1e4),
    (1e-9, 0.0),
    (1e-9, 1.0),
    (1e20, 0.0),
    (-2.5, 1e3),
    (1e-20, 0.0),
];

fn made(n: usize) -> Array2<f32> {
    Array2::from_shape_fn((n, COLUMNS.len()), |(i, j)| {
        let k = ((i * 131 + j * 71 + i * j * 17) % 257) as f64 - 128.0;
        (k * COLUMNS[j].0 + COLUMNS[j].1) as f32
    })
}

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/scaling.json")).unwrap()
}

fn sha256(x: &Array2<f32>) -> String {
    let bytes: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

fn assert_case(name: &str, train: ArrayView2<f32>, test: ArrayView2<f32>, golden: &Value) {
    for kind in [RowScaling::Standard, RowScaling::Minmax, RowScaling::L2] {
        let expected = &golden[kind.as_str()];
        let scaler = RowScaler::fit(kind, train).unwrap();
        let scaled = scaler.transform(test).unwrap();
        for (j, v) in expected["row"].as_array().unwrap().iter().enumerate() {
            let (found, expected) = (f64::from(scaled[[3, j]]), v.as_f64().unwrap());
            // L2 is defined here, not by scikit-learn: numpy sums pairwise in f64 and we in order,
            // which rounding to f32 may turn into the neighbouring float.
            let tolerance = if kind == RowScaling::L2 {
                1e-6 * (1.0 + expected.abs())
            } else {
                0.0
            };
            assert!(
                (found - expected).abs() <= tolerance,
                "{name} {kind} column {j}: {found} {expected}"
            );
        }
        if kind != RowScaling::L2 {
            let train = scaler.transform(train).unwrap();
            assert_eq!(
                sha256(&train),
                expected["train"].as_str().unwrap(),
                "{name} {kind} train"
            );
            assert_eq!(
                sha256(&scaled),
                expected["test"].as_str().unwrap(),
                "{name} {kind} test"
            );
        }
    }
}

#[test]
fn made_rows_scale_as_in_scikit_learn() {
    let golden = golden();
    for n in [1, 2, 7, 500] {
        let test = made(n + 4);
        let name = format!("made-{n}");
        assert_case(
            &name,
            made(n).view(),
            test.slice(s![..;-1, ..]),
            &golden[&name],
        );
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn real_rows_scale_as_in_scikit_learn() {
    let golden = golden();
    let roots = Roots::discover(None).unwrap();
    for name in ["CV_by_ResNet18/MVTec-AD_bottle", "Classical/6_cardio"] {
        let entry = find(name.split_once('/').unwrap().1).unwrap();
        if entry.locate(&roots).is_none() {
            skipped::because("no data (set RESIDUUM_DATA)");
            return;
        }
        let set = entry.load(&roots).unwrap();
        let Data::Rows(x) = set.data().clone().in_32_bits() else {
            panic!("{name} holds images");
        };
        assert_case(
            name,
            x.slice(s![..100, ..]),
            x.slice(s![100.., ..]),
            &golden[name],
        );
    }
}

#[test]
fn constant_rows_and_another_width_are_defined() {
    let x = Array2::from_elem((4, 3), 2.0f32);
    for kind in [RowScaling::Standard, RowScaling::Minmax, RowScaling::L2] {
        let scaler = RowScaler::fit(kind, x.view()).unwrap();
        let scaled = scaler.transform(x.view()).unwrap();
        // L2: 2/√12 minus the mean of four of them, which may differ in the last bit of f64.
        assert!(scaled.iter().all(|v| v.abs() < 1e-6), "{kind}: {scaled}");
    }
    let scaler = RowScaler::fit(RowScaling::Raw, x.view()).unwrap();
    assert_eq!(scaler.transform(x.view()).unwrap(), x);
    assert_eq!(
        scaler
            .transform(x.slice(s![.., ..2]))
            .unwrap_err()
            .to_string(),
        "2 columns, but the detector was fitted to 3"
    );
    assert!(RowScaler::fit(RowScaling::Standard, Array2::<f32>::zeros((0, 3)).view()).is_err());
    let bad = ndarray::array![[1.0, f32::INFINITY]];
    assert!(RowScaler::fit(RowScaling::L2, bad.view()).is_err());
}

#[test]
fn a_fitted_scaler_survives_serialising() {
    let x = made(20);
    for kind in RowScaling::all() {
        let scaler = RowScaler::fit(kind, x.view()).unwrap();
        let text = serde_json::to_string(&scaler).unwrap();
        assert_eq!(serde_json::from_str::<RowScaler>(&text).unwrap(), scaler);
        let word = serde_json::to_value(kind).unwrap();
        assert_eq!(word, kind.to_string());
        assert_eq!(serde_json::from_value::<RowScaling>(word).unwrap(), kind);
    }
}

#[test]
fn finite_rows_stay_finite_in_every_scaling() {
    // The fill value of rasters beside a spread of 0.05, in training and in test rows, and ranges beyond
    // those of the types.
    let narrow = ndarray::array![[0.2f32, 1.0], [0.25, 2.0], [0.15, 3.0]];
    let wild = ndarray::array![[f32::MIN, f32::MAX], [0.2, f32::MIN], [f32::MAX, 1e-45]];
    for kind in RowScaling::all() {
        for (train, test) in [(&narrow, &wild), (&wild, &narrow), (&wild, &wild)] {
            let scaler = RowScaler::fit(kind, train.view()).unwrap();
            let scaled = scaler.transform(test.view()).unwrap();
            assert!(scaled.iter().all(|v| v.is_finite()), "{kind}: {scaled}");
        }
        let scaler = RowScaler::fit(kind, narrow.view()).unwrap();
        let scaled = scaler.transform(wild.view()).unwrap();
        let wild = ndarray::array![[-1e308, 1e308], [0.2, f64::MIN], [f64::MAX, 5e-324]];
        let narrow = narrow.mapv(f64::from);
        for (train, test) in [(&narrow, &wild), (&wild, &narrow), (&wild, &wild)] {
            let scaler = RowScaler::fit(kind, train.view()).unwrap();
            let scaled = scaler.transform(test.view()).unwrap();
            assert!(scaled.iter().all(|v| v.abs() <= 1e100), "{kind}: {scaled}");
        }
        // Far out is still far out, and on its side.
        assert!(
            kind == RowScaling::L2 || scaled[[0, 0]] < -1e37,
            "{kind}: {scaled}"
        );
    }
    let scaler = RowScaler::fit(RowScaling::Minmax, wild.view()).unwrap();
    let scaled = scaler.transform(wild.view()).unwrap();
    for (row, expected) in [(0, 0.0), (1, 0.5), (2, 1.0)] {
        assert!((scaled[[row, 0]] - expected).abs() < 1e-6, "{scaled}");
    }
}

#[test]
fn digits_that_32_bits_do_not_have_are_scaled_in_64() {
    // Seconds of 2023 within two seconds, and columns of small numbers.
    let x = Array2::from_shape_fn((40, 2), |(i, j)| {
        let v = (i * 7 % 40) as f64 / 20.0;
        if j == 0 {
            1_700_000_000.0 + v
        } else {
            v * 1e-12
        }
    });
    for kind in [RowScaling::Standard, RowScaling::Minmax] {
        let scaler = RowScaler::fit(kind, x.view()).unwrap();
        let scaled = scaler.transform(x.view()).unwrap();
        for row in scaled.rows() {
            assert!((row[0] - row[1]).abs() < 1e-5, "{kind}: {row}");
        }
        let [low, high] = [0, 17].map(|i| scaled[[i, 1]]);
        assert!(high - low > 0.9, "{kind}");
    }
}
