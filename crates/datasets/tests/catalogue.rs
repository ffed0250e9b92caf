//! The catalogue's table, and the files that are present against it.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::HashSet;
use std::path::Path;

use datasets::{
    Data, DatasetError, ErrorKind, Label, Pin, Representation, Roots, WayOut, catalogue, find,
    flatten, matching,
};
use sha2::{Digest, Sha256};

#[test]
fn every_line_of_the_table_is_an_entry() {
    let count = |representation| {
        catalogue()
            .iter()
            .filter(|entry| entry.representation() == representation)
            .count()
    };
    // 10 CIFAR10, 10 FashionMNIST, 16 MNIST-C, 15 MVTec-AD, 10 SVHN.
    assert_eq!(count(Representation::ResNet18), 61);
    assert_eq!(count(Representation::Vit), 15);
    // Of ADBench, and of OddBench and OvRBench.
    assert_eq!(count(Representation::Table), 47 + 337);
    // Classes of five sets of ten and of CIFAR-100; MNIST-C and FashionMNIST-C; MVTec AD; VisA.
    assert_eq!(count(Representation::Pixels), 50 + 20 + 32 + 15 + 12);
    let names: Vec<&str> = catalogue()
        .iter()
        .flat_map(|entry| {
            std::iter::once(entry.name()).chain(entry.aliases().iter().map(String::as_str))
        })
        .collect();
    assert_eq!(
        names.iter().collect::<HashSet<_>>().len(),
        names.len(),
        "a name comes twice"
    );
    for entry in catalogue() {
        assert_eq!(&find(entry.name()).unwrap(), entry);
        assert!(!entry.files().is_empty());
        if !entry.urls().is_empty() {
            // What can be fetched can be checked.
            assert_eq!(entry.files().len(), entry.pins().len());
            assert_eq!(entry.files().len(), entry.urls().len());
        }
        for pin in entry.pins() {
            let (hash, digits) = match pin {
                Pin::Sha256(hash) => (hash, 64),
                Pin::GitBlob(hash) => (hash, 40),
            };
            assert_eq!(hash.len(), digits);
            assert!(hash.bytes().all(|b| b.is_ascii_hexdigit()));
        }
    }
    let pinned = |entry: &&datasets::Entry| {
        entry.representation() != Representation::Pixels
            && matches!(entry.pins()[..], [Pin::Sha256(_)])
    };
    assert_eq!(catalogue().iter().filter(pinned).count(), 79 + 337);
}

#[test]
fn every_row_of_the_papers_table_is_known() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/published/paper_table1.csv");
    let table = std::fs::read_to_string(table).unwrap();
    let names: Vec<&str> = table
        .lines()
        .skip(1)
        .map(|line| line.split(',').next().unwrap())
        .collect();
    assert_eq!(names.len(), 28);
    for name in names {
        assert_eq!(find(name).unwrap().name(), name);
    }
}

#[test]
fn patterns_stand_for_the_names_of_a_form() {
    let names = |pattern: &str| -> Vec<String> {
        let names = matching(pattern).unwrap();
        names.iter().map(ToString::to_string).collect()
    };
    let all =
        |word: &str| -> Vec<String> { (0..10).map(|k| format!("CIFAR10_{k}{word}")).collect() };
    assert_eq!(names("CIFAR10_?"), all(""));
    assert_eq!(names("CIFAR10_*@pixels64"), all("@pixels64"));
    assert_eq!(
        names("CIFAR10_*@pixels64@lite0@9"),
        all("@pixels64@lite0@9")
    );
    assert_eq!(names("*@vit").len(), 15);
    assert_eq!(names("6_cardi?@100"), ["6_cardio@100"]);
    assert_eq!(names("*").len(), catalogue().len());
    assert_eq!(
        names("cardio*"),
        [""; 0],
        "patterns are over names, not over aliases"
    );
    assert!(matching("*@pixels0").is_err());
}

#[test]
fn names_aliases_and_similar_names_are_found() {
    for (alias, name) in [
        ("cardio", "6_cardio"),
        ("magic.gamma", "22_magic.gamma"),
        ("CIFAR10_4@resnet18", "CIFAR10_4"),
        ("MVTec-AD_tile@vit", "MVTec-AD_tile@vit"),
        ("MVTec-AD_screw@pixels64", "MVTec-AD_screw@pixels64"),
    ] {
        assert_eq!(find(alias).unwrap().name(), name);
    }
    assert_eq!(find("MNIST-C_dotted_line").unwrap().family(), "MNIST-C");
    let error = find("mvtec-ad_botle").unwrap_err();
    assert_eq!(error.to_string(), "no data set named `mvtec-ad_botle`");
    let Some(WayOut::Meant(names)) = error.way_out() else {
        panic!("{:?}", error.way_out())
    };
    assert!(names.contains(&"MVTec-AD_bottle".to_owned()), "{names:?}");
    assert_eq!(error.kind(), ErrorKind::Usage);
    assert_eq!(
        find("qqqqqqqq").unwrap_err().way_out(),
        Some(WayOut::KnownSet)
    );
}

#[test]
fn what_is_absent_says_how_to_get_it() {
    let dir = tempfile::tempdir().unwrap();
    let roots = Roots::of([dir.path().to_owned()]);
    let entry = find("CIFAR10_5").unwrap();
    assert!(entry.locate(&roots).is_none());
    let error = entry.load(&roots).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert_eq!(error.way_out(), Some(WayOut::Fetch("CIFAR10_5".to_owned())));
    let gone = dir.path().join("gone");
    let error = Roots::discover(Some(&gone)).unwrap_err();
    assert!(matches!(error, DatasetError::NoSuchRoot { .. }));
}

#[test]
fn the_first_root_that_has_all_files_wins() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let entry = find("FashionMNIST_0@pixels").unwrap();
    for root in [&first, &second] {
        std::fs::create_dir(root.path().join("fashion-mnist")).unwrap();
    }
    let [images, labels] = &entry.files()[..] else {
        panic!("two files expected");
    };
    std::fs::write(first.path().join(images), "").unwrap();
    for file in [images, labels] {
        std::fs::write(second.path().join(file), "").unwrap();
    }
    let roots = Roots::of([first.path().to_owned(), second.path().to_owned()]);
    assert_eq!(entry.locate(&roots).unwrap()[0], second.path().join(images));
}

#[test]
fn the_embedded_set_loads_without_anything_else() {
    let roots = Roots::of([Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")]);
    for class in [0, 9] {
        let entry = find(&format!("FashionMNIST_{class}@pixels")).unwrap();
        entry.verify(&roots).unwrap();
        let set = entry.load(&roots).unwrap();
        assert_eq!((set.n(), set.d(), set.n_anomalies()), (1053, 784, 53));
        assert_eq!(set.sha256(), Some(entry.sha256(&roots).unwrap().as_str()));
        let Data::Images(images) = set.data() else {
            panic!("images expected");
        };
        assert_eq!(images.dim(), (1053, 1, 28, 28));
        let rows = flatten(images.view());
        assert!(rows.iter().all(|v| (0.0..=1.0).contains(v)));
        assert_eq!(entry.load(&roots).unwrap(), set);
    }
}

/// Rows drawn by numpy: `scripts/golden/fashion_mnist.py`. The draw is part of the data sets.
#[test]
fn pixel_sets_hold_the_rows_that_numpy_draws() {
    let golden: serde_json::Value =
        serde_json::from_str(include_str!("golden/fashion_mnist.json")).unwrap();
    let roots = Roots::of([Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")]);
    for class in 0..10 {
        let entry = find(&format!("FashionMNIST_{class}@pixels")).unwrap();
        let set = entry.load(&roots).unwrap();
        let Data::Images(images) = set.data() else {
            panic!("images expected");
        };
        let bytes: Vec<u8> = images.iter().copied().collect();
        let hash: String = Sha256::digest(bytes)
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect();
        assert_eq!(
            hash,
            golden[class]["images"].as_str().unwrap(),
            "class {class}"
        );
        let anomalies: Vec<usize> = (0..set.n())
            .filter(|&row| set.labels()[row] == Label::Anomaly)
            .collect();
        let expected: Vec<usize> =
            serde_json::from_value(golden[class]["anomalies"].clone()).unwrap();
        assert_eq!(anomalies, expected, "class {class}");
    }
}

/// Shapes are compared in `load`: the catalogue holds those of the published table.
#[test]
fn files_at_hand_have_the_published_shape_and_hash() {
    let roots = Roots::discover(None).unwrap();
    let at_hand: Vec<_> = catalogue()
        .iter()
        .filter(|entry| entry.representation() != Representation::Pixels)
        .filter(|entry| entry.locate(&roots).is_some())
        .collect();
    if at_hand.is_empty() {
        skipped::because("no data (set RESIDUUM_DATA)");
        return;
    }
    for entry in at_hand {
        entry.verify(&roots).unwrap();
        let set = entry.load(&roots).unwrap();
        let shape = (Some(set.n()), Some(set.d()), Some(set.n_anomalies()));
        assert_eq!(
            shape,
            (entry.n(), entry.d(), entry.n_anomalies()),
            "{}",
            entry.name()
        );
    }
}
