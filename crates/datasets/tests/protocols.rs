//! Splits equal to those of numpy and scikit-learn: `scripts/golden/protocols.py`.
#![allow(clippy::unwrap_used)]

use datasets::{
    Data, Dataset, DatasetError, Label, OfficialPart, Protocol, Roots, audit, audit_split, find,
};
use ndarray::Array2;
use numpy_random::RandomState;
use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};

fn golden() -> Value {
    serde_json::from_str(include_str!("golden/protocols.json")).unwrap()
}

/// About 9 % anomalies, spread over the file; scripts/golden/protocols.py has the same.
fn made(n: usize) -> Dataset {
    let label = |i| {
        if i * 37 % 101 < 9 {
            Label::Anomaly
        } else {
            Label::Normal
        }
    };
    let rows = Array2::from_shape_fn((n, 1), |(i, _)| i as f32);
    Dataset::new("made", Data::Rows(rows), (0..n).map(label).collect()).unwrap()
}

fn assert_digest(rows: &[usize], expected: &Value, context: &str) {
    assert_eq!(
        rows.len() as u64,
        expected["n"].as_u64().unwrap(),
        "{context}"
    );
    let numbers =
        |key: &str| -> Vec<usize> { serde_json::from_value(expected[key].clone()).unwrap() };
    assert_eq!(rows[..5.min(rows.len())], numbers("first"), "{context}");
    assert_eq!(
        rows[rows.len().saturating_sub(5)..],
        numbers("last"),
        "{context}"
    );
    let text: Vec<String> = rows.iter().map(usize::to_string).collect();
    let hash: String = Sha256::digest(text.join(","))
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
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
        assert_digest(
            &split.train_rows,
            &case["train"],
            &format!("{context}: train"),
        );
        assert_digest(&split.test_rows, &case["test"], &format!("{context}: test"));
        // The data are those of the rows, too: the one column holds the row's number.
        let (Data::Rows(train), Data::Rows(test)) = (&split.train, &split.test) else {
            panic!("rows became images");
        };
        assert!(
            train
                .column(0)
                .iter()
                .zip(&split.train_rows)
                .all(|(&v, &row)| v == row as f32)
        );
        assert!(
            test.column(0)
                .iter()
                .zip(&split.test_rows)
                .all(|(&v, &row)| v == row as f32)
        );
    }
}

#[test]
fn draws_match_numpy_for_other_sizes() {
    for case in golden()["draws"].as_array().unwrap() {
        let n = case["n"].as_u64().unwrap() as usize;
        let drawn = RandomState::new(44)
            .choice_with_replacement(n, 1000)
            .unwrap();
        assert_digest(&drawn, &case["with"], &format!("with replacement, n {n}"));
        let drawn = RandomState::new(44)
            .choice_without_replacement(n, n / 2)
            .unwrap();
        assert_digest(
            &drawn,
            &case["without"],
            &format!("without replacement, n {n}"),
        );
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
    assert!(
        split.test_labels[test_normals..]
            .iter()
            .all(|&l| l == Label::Anomaly)
    );
    assert_ne!(
        split.train_rows,
        Protocol::SemiRandom.split(&set, 2).unwrap().train_rows
    );
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
        "unknown protocol `semi_random`, expected one of paper, semi, semi-random, unsup, adbench, official, \
         one-class, leave-out, mvtec, mvtec-heldout"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn train_and_test_partition_the_rows(
        labels in prop::collection::vec(prop::bool::weighted(0.1), 2..2500),
        seed: u32,
    ) {
        let n = labels.len();
        let of = |&anomaly: &bool| if anomaly { Label::Anomaly } else { Label::Normal };
        let labels: Vec<Label> = labels.iter().map(of).collect();
        let set = Dataset::new("any", Data::Rows(Array2::zeros((n, 1))), labels.clone()).unwrap();
        for protocol in Protocol::all().into_iter().filter(|p| !p.is_official()) {
            let resampled = n < 1000 && !matches!(protocol, Protocol::Semi | Protocol::SemiRandom);
            let split = match protocol.split(&set, u64::from(seed)) {
                Ok(split) => split,
                // Nothing to rank: only where a class is (nearly) absent.
                Err(DatasetError::OneClass { .. }) => {
                    let anomalies = set.n_anomalies();
                    prop_assert!(resampled || anomalies < 4 || n - anomalies < 4);
                    continue;
                }
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            };
            prop_assert_eq!(split.train.len(), split.train_rows.len());
            prop_assert_eq!(split.test.len(), split.test_rows.len());
            let expected: Vec<Label> = split.test_rows.iter().map(|&row| labels[row]).collect();
            prop_assert_eq!(&split.test_labels, &expected);
            let size = if resampled { 1000 } else { n };
            if protocol == Protocol::Unsup {
                prop_assert_eq!((split.train_rows.len(), split.test_rows.len()), (size, size));
                continue;
            }
            prop_assert_eq!(split.train_rows.len() + split.test_rows.len(), size);
            let mut rows = [&split.train_rows[..], &split.test_rows].concat();
            rows.sort_unstable();
            if !resampled {
                prop_assert!(rows.into_iter().eq(0..n), "{protocol} is not a partition");
            }
            if protocol != Protocol::Adbench {
                prop_assert!(split.train_rows.iter().all(|&row| labels[row] == Label::Normal));
            }
        }
    }
}

#[test]
fn what_cannot_be_ranked_is_an_error() {
    let set = |labels: &[Label]| {
        let rows = Array2::zeros((labels.len(), 1));
        Dataset::new("s", Data::Rows(rows), labels.to_vec()).unwrap()
    };
    for protocol in Protocol::all().into_iter().filter(|p| !p.is_official()) {
        for labels in [[Label::Normal; 1200], [Label::Anomaly; 1200]] {
            let error = protocol.split(&set(&labels), 0).unwrap_err();
            assert!(
                matches!(error, DatasetError::OneClass { .. }),
                "{protocol}: {error}"
            );
            assert!(format!("{:?}", error.way_out()).contains("AUROC"));
        }
    }
    let error = Protocol::Semi
        .split(&set(&[Label::Normal, Label::Anomaly]), 0)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "s: protocol semi gives 0 training rows and 1 normal and 1 anomalous test rows, expected \
         at least one of each"
    );
    let error = Protocol::Semi.split(&made(200), 1 << 32).unwrap_err();
    assert_eq!(
        error.to_string(),
        "data seed 4294967296: expected at most 4294967295"
    );
}

/// Figures of arXiv 2412.07539's protocol found in its embeddings: 84 % of bottle's, 74 % of carpet's
/// and all of toothbrush's normal test rows are copies of training rows.
#[test]
#[allow(clippy::print_stderr)]
fn the_papers_protocol_leaks_and_semi_does_not() {
    let roots = Roots::discover(None).unwrap();
    for (name, share, constant) in [
        ("MVTec-AD_bottle", 84.0, Some((170, 213))),
        ("MVTec-AD_carpet", 74.0, None),
        ("MVTec-AD_toothbrush", 100.0, None),
    ] {
        let entry = find(name).unwrap();
        if entry.locate(&roots).is_none() {
            skipped::because("no data (set RESIDUUM_DATA)");
            return;
        }
        let set = entry.load(&roots).unwrap();
        let leak = audit_split(&Protocol::Paper.split(&set, 44).unwrap());
        let found = 100.0 * leak.across.as_ref().unwrap().share_of_normals;
        assert_eq!(found.round(), share, "{name}");
        assert!(
            leak.findings()
                .iter()
                .any(|finding| finding.contains("a method that memorises profits"))
        );
        // numpy: (x == x[0]).all(axis=0).sum() over the file and over the training rows.
        if let Some((in_file, in_train)) = constant {
            assert_eq!(audit(&set).fitted.constant_columns, in_file);
            assert_eq!(leak.fitted.constant_columns, in_train);
        }
        let semi = audit_split(&Protocol::Semi.split(&set, 44).unwrap());
        assert_eq!(semi.across.unwrap().normals_in_train, 0, "{name}");
    }
}

#[test]
fn every_fifth_training_normal_is_held_out() {
    let n = 14;
    let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f32);
    // Eleven to train, then test/good and two defects.
    let parts: Vec<OfficialPart> = (0..n)
        .map(|i| {
            if i < 11 {
                OfficialPart::Train
            } else {
                OfficialPart::Test
            }
        })
        .collect();
    let labels: Vec<Label> = (0..n)
        .map(|i| {
            if i < 12 {
                Label::Normal
            } else {
                Label::Anomaly
            }
        })
        .collect();
    let set = Dataset::new("s", Data::Rows(x), labels)
        .and_then(|set| set.with_official(Protocol::Mvtec, parts))
        .unwrap();
    let split = Protocol::MvtecHeldout.split(&set, 0).unwrap();
    assert_eq!(split.train_rows, [1, 2, 3, 4, 6, 7, 8, 9]);
    assert_eq!(split.test_rows, [0, 5, 10, 12, 13]);
    let official = Protocol::Mvtec.split(&set, 0).unwrap();
    assert_eq!(official.test_rows, [11, 12, 13]);
    assert!(Protocol::OneClass.split(&set, 0).is_err());
}
