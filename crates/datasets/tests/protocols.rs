//! Splits equal to those of numpy and scikit-learn: `scripts/golden/protocols.py`.
#![allow(clippy::unwrap_used)]

use datasets::{Data, Dataset, Label, Protocol};
use ndarray::Array2;
use numpy_random::RandomState;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/protocols.json")).unwrap()
}

/// About 9 % anomalies, spread over the file; scripts/golden/protocols.py has the same.
fn made(n: usize) -> Dataset {
    let label = |i| if i * 37 % 101 < 9 { Label::Anomaly } else { Label::Normal };
    let rows = Array2::from_shape_fn((n, 1), |(i, _)| i as f32);
    Dataset::new("made", Data::Rows(rows), (0..n).map(label).collect()).unwrap()
}

fn assert_digest(rows: &[usize], expected: &Value, context: &str) {
    assert_eq!(rows.len() as u64, expected["n"].as_u64().unwrap(), "{context}");
    let numbers = |key: &str| -> Vec<usize> { serde_json::from_value(expected[key].clone()).unwrap() };
    assert_eq!(rows[..5.min(rows.len())], numbers("first"), "{context}");
    assert_eq!(rows[rows.len().saturating_sub(5)..], numbers("last"), "{context}");
    let text: Vec<String> = rows.iter().map(usize::to_string).collect();
    let hash: String = Sha256::digest(text.join(",")).iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(hash, expected["sha256"].as_str().unwrap(), "{context}");
}

#[test]
fn splits_match_the_published_code_row_for_row() {
    let golden = golden();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 80);
    for case in cases {
        let protocol: Protocol = case["protocol"].as_str().unwrap().parse().unwrap();
        let (n, seed) = (case["n"].as_u64().unwrap(), case["seed"].as_u64().unwrap());
        let split = protocol.split(&made(n as usize), seed).unwrap();
        let context = format!("{protocol}, n {n}, seed {seed}");
        assert_digest(&split.train_rows, &case["train"], &format!("{context}: train"));
        assert_digest(&split.test_rows, &case["test"], &format!("{context}: test"));
        // The data are those of the rows, too: the one column holds the row's number.
        let (Data::Rows(train), Data::Rows(test)) = (&split.train, &split.test) else {
            panic!("rows became images");
        };
        assert!(train.column(0).iter().zip(&split.train_rows).all(|(&v, &row)| v == row as f32));
        assert!(test.column(0).iter().zip(&split.test_rows).all(|(&v, &row)| v == row as f32));
    }
}

#[test]
fn draws_match_numpy_for_other_sizes() {
    for case in golden()["draws"].as_array().unwrap() {
        let n = case["n"].as_u64().unwrap() as usize;
        let drawn = RandomState::new(44).choice_with_replacement(n, 1000).unwrap();
        assert_digest(&drawn, &case["with"], &format!("with replacement, n {n}"));
        let drawn = RandomState::new(44).choice_without_replacement(n, n / 2).unwrap();
        assert_digest(&drawn, &case["without"], &format!("without replacement, n {n}"));
    }
}

#[test]
fn semi_random_halves_the_normals_by_seed_and_keeps_the_order() {
    let set = made(293);
    let normals = set.n() - set.n_anomalies();
    assert_eq!(normals, 267);
    let split = Protocol::SemiRandom.split(&set, 1).unwrap();
    assert_eq!(split.train_rows.len(), 134); // a half goes to the even neighbour
    assert!(split.train_rows.is_sorted());
    let test_normals = normals - split.train_rows.len();
    assert!(split.test_rows[..test_normals].is_sorted());
    assert!(split.test_labels[test_normals..].iter().all(|&l| l == Label::Anomaly));
    assert_ne!(split.train_rows, Protocol::SemiRandom.split(&set, 2).unwrap().train_rows);
    assert_eq!(split, Protocol::SemiRandom.split(&set, 1).unwrap());
}

#[test]
fn names_parse_print_and_serialise_alike() {
    for protocol in Protocol::all() {
        assert_eq!(protocol.to_string().parse::<Protocol>().unwrap(), protocol);
        assert_eq!(serde_json::to_value(protocol).unwrap(), protocol.as_str());
    }
    assert_eq!(
        "semi_random".parse::<Protocol>().unwrap_err().to_string(),
        "unknown protocol `semi_random`, expected one of paper, semi, semi-random, unsup, adbench"
    );
}
