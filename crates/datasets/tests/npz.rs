//! `.npz` files as numpy writes them, and as it never would.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{deflated, npy, npy_with, npz, x, y};
use datasets::{
    Data, DatasetError, ErrorKind, Label, Protocol, load_labels, load_npz, load_npz_images,
    load_rows,
};
use ndarray::{Array2, array};
use proptest::prelude::*;
use tempfile::tempdir;
use zip::CompressionMethod;

fn rows(path: &Path) -> Array2<f32> {
    match load_npz(path).unwrap().data().clone().in_32_bits() {
        Data::Rows(x) => x,
        _ => panic!("rows became images"),
    }
}

/// The error of a file, which must name it, and be bad data.
#[track_caller]
fn error(path: &Path) -> DatasetError {
    let error = load_npz(path).unwrap_err();
    assert!(
        error.to_string().contains(path.to_str().unwrap()),
        "{error}"
    );
    assert_eq!(error.kind(), ErrorKind::BadData);
    error
}

/// The message without the path.
#[track_caller]
fn message(path: &Path) -> String {
    error(path)
        .to_string()
        .replace(&format!("{}: ", path.display()), "")
}

#[test]
fn orders_compressions_and_zip64_read_alike() {
    let dir = tempdir().unwrap();
    let expected = array![[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]];
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        for name in ["plain.npz", "zip64.npz"] {
            let entries = [("y.npy", y(&[0, 1])), ("X.npy", x(2, 3))];
            let path = npz(dir.path(), name, &entries, method);
            assert_eq!(rows(&path), expected);
            let set = load_npz(&path).unwrap();
            assert_eq!(set.name(), name.trim_end_matches(".npz"));
            assert_eq!(set.labels(), [Label::Normal, Label::Anomaly]);
            assert_eq!(set.sha256().unwrap().len(), 64);
        }
    }
    let columns: Vec<u8> = [0f64, 3., 1., 4., 2., 5.]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect();
    let fortran = npy(">f8", true, "(2, 3)", &columns);
    let path = deflated(dir.path(), "fortran.npz", fortran, y(&[0, 1]));
    assert_eq!(rows(&path), expected);
}

#[test]
fn rows_that_are_divided_keep_their_division() {
    let dir = tempdir().unwrap();
    let read = |entries: &[(&str, Vec<u8>)]| {
        let path = npz(dir.path(), "d.npz", entries, CompressionMethod::Stored);
        load_npz(&path)
    };
    let set = read(&[
        ("y_test.npy", y(&[0, 1, 1])),
        ("X_test.npy", x(3, 2)),
        ("X_train.npy", x(2, 2)),
    ])
    .unwrap();
    assert_eq!((set.n(), set.d(), set.n_anomalies()), (5, 2, 2));
    assert!(set.notes().is_empty());
    let split = Protocol::Official.split(&set, 0).unwrap();
    assert_eq!(split.train_rows, [0, 1]);
    assert_eq!(split.test_rows, [2, 3, 4]);
    assert_eq!(split.n_anomalies(), 2);
    // Another protocol takes both parts as one.
    let split = Protocol::Semi.split(&set, 0).unwrap();
    assert_eq!(split.train_rows, [0, 1]);
    assert_eq!(split.test_rows, [2, 3, 4]);

    // Of training rows with labels the normal ones train; pictures become rows; what is left is named.
    let pixels = |n: usize| npy("|u1", false, &format!("({n}, 2, 3)"), &vec![7; n * 6]);
    let set = read(&[
        ("train_images.npy", pixels(3)),
        ("val_images.npy", pixels(1)),
        ("test_images.npy", pixels(2)),
        ("train_labels.npy", y(&[0, 1, 0])),
        ("test_labels.npy", y(&[1, 0])),
    ])
    .unwrap();
    assert_eq!((set.n(), set.d(), set.n_anomalies()), (5, 6, 2));
    assert_eq!(
        set.notes(),
        [
            "the file's arrays train_images, train_labels, test_images, test_labels were taken; not taken: val_images"
        ]
    );
    let split = Protocol::Official.split(&set, 0).unwrap();
    assert_eq!(split.train_rows, [0, 2]);

    for (entries, words) in [
        (
            vec![
                ("X_train.npy", x(2, 2)),
                ("X_test.npy", x(3, 3)),
                ("y_test.npy", y(&[0, 1, 1])),
            ],
            "array `X_test`: found shape [3, 3], expected 2 columns, as in training",
        ),
        (
            vec![
                ("X_train.npy", x(2, 2)),
                ("X_test.npy", x(3, 2)),
                ("y_test.npy", y(&[0, 1])),
            ],
            "array `y_test`: 2 labels, expected one for each of 3 rows",
        ),
        (
            vec![
                ("X_train.npy", x(2, 2)),
                ("X_test.npy", x(1, 2)),
                ("y_test.npy", y(&[4])),
            ],
            "array `y_test`: found label 4 at row 0",
        ),
    ] {
        let error = read(&entries).unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("d.npz"), "{error}");
    }
    // A set without a division has none to follow.
    let plain = read(&[("X.npy", x(2, 2)), ("y.npy", y(&[0, 1]))]).unwrap();
    let error = Protocol::Official.split(&plain, 0).unwrap_err();
    assert!(matches!(error, DatasetError::NoDivision { .. }));
}

#[test]
fn labels_of_every_usual_kind_read_alike() {
    let dir = tempdir().unwrap();
    let kinds: [(&str, Vec<u8>); 6] = [
        (
            "<i8",
            [0i64, 1, 1].iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        (
            ">i8",
            [0i64, 1, 1].iter().flat_map(|v| v.to_be_bytes()).collect(),
        ),
        (
            "<i4",
            [0i32, 1, 1].iter().flat_map(|v| v.to_le_bytes()).collect(),
        ),
        ("|u1", vec![0, 1, 1]),
        ("|b1", vec![0, 1, 1]),
        (
            "<f8",
            [0f64, 1., 1.]
                .iter()
                .flat_map(|v| v.to_le_bytes())
                .collect(),
        ),
    ];
    for (descr, data) in kinds {
        for shape in ["(3,)", "(3, 1)"] {
            let path = deflated(
                dir.path(),
                "y.npz",
                x(3, 2),
                npy(descr, false, shape, &data),
            );
            let expected = [Label::Normal, Label::Anomaly, Label::Anomaly];
            assert_eq!(
                load_npz(&path).unwrap().labels(),
                expected,
                "{descr} {shape}"
            );
        }
    }
}

#[test]
fn what_is_not_an_archive_or_incomplete_is_refused() {
    let dir = tempdir().unwrap();
    let text = dir.path().join("text.npz");
    fs::write(&text, "X,y\n1,0\n").unwrap();
    assert!(message(&text).contains("expected an .npz, which is a zip of .npy files"));
    fs::write(&text, "").unwrap();
    error(&text);

    let whole = npz(
        dir.path(),
        "whole.npz",
        &[("X.npy", x(50, 40)), ("y.npy", y(&[0; 50]))],
        CompressionMethod::Stored,
    );
    let bytes = fs::read(&whole).unwrap();
    for keep in [1, 100, bytes.len() / 2, bytes.len() - 1] {
        let cut = dir.path().join("cut.npz");
        fs::write(&cut, &bytes[..keep]).unwrap();
        error(&cut);
    }
    let mut damaged = bytes.clone();
    damaged[2000] ^= 1;
    let path = dir.path().join("damaged.npz");
    fs::write(&path, damaged).unwrap();
    assert!(message(&path).contains("checksum"), "{}", message(&path));

    let gone = load_npz(dir.path().join("gone.npz")).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::Missing);
}

#[test]
fn missing_arrays_are_named_with_what_is_there() {
    let dir = tempdir().unwrap();
    let stored = CompressionMethod::Stored;
    let entries = [("data.npy", x(1, 1)), ("y.npy", y(&[0]))];
    let path = npz(dir.path(), "no-x.npz", &entries, stored);
    assert!(
        error(&path)
            .to_string()
            .ends_with("no array named `X`, found data [1, 1] float32, y [1] uint8")
    );
    let hint = format!("{:?}", error(&path).way_out());
    assert!(hint.contains("X=d['data'], y=d['y']"), "{hint}");
    let path = npz(dir.path(), "no-y.npz", &[("X.npy", x(1, 1))], stored);
    assert_eq!(message(&path), "no array named `y`, found X [1, 1] float32");
    let images = load_npz_images(&path).unwrap_err();
    let hint = format!("{:?}", images.way_out());
    assert!(hint.contains("images=images"), "{images} {hint}");
}

#[test]
fn objects_are_refused_with_the_way_out() {
    let dir = tempdir().unwrap();
    let objects = npy("|O", false, "(2, 3)", b"\x80\x04\x95pickle");
    let path = deflated(dir.path(), "objects.npz", objects, y(&[0, 1]));
    assert_eq!(message(&path), "`X` holds Python objects, expected numbers");
    assert!(format!("{:?}", error(&path).way_out()).contains("allow_pickle=False"));
}

#[test]
fn hints_for_rows_name_only_arrays_that_are_there() {
    let dir = tempdir().unwrap();
    let hint = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        format!("{:?}", load_rows(&path).unwrap_err().way_out().unwrap())
    };
    let flat = npy("<f4", false, "(3,)", &[0; 12]);
    let cube = npy("<f4", false, "(1, 2, 3)", &[0; 24]);
    let objects = npy("|O", false, "(2, 3)", b"pickle");
    for (name, array, expected) in [
        ("flat.npy", &flat, "X=d.reshape(-1, 1))"),
        ("cube.npy", &cube, "X=d.reshape(len(d), -1))"),
        ("objects.npy", &objects, "allow_pickle=True).astype(float))"),
    ] {
        let hint = hint(name, array);
        assert!(hint.contains(expected) && !hint.contains("d['"), "{hint}");
    }
    let stored = CompressionMethod::Stored;
    let alone = npz(dir.path(), "alone.npz", &[("X.npy", flat.clone())], stored);
    let hint = hint("same.npz", &fs::read(&alone).unwrap());
    assert!(hint.contains("X=d['X'].reshape(-1, 1))"), "{hint}");
    let labelled = deflated(dir.path(), "labelled.npz", flat, y(&[0, 1, 0]));
    let hint = format!("{:?}", error(&labelled).way_out());
    assert!(hint.contains("reshape(-1, 1), y=d['y'])"), "{hint}");
}

#[test]
fn labels_beside_rows_are_read_where_there_are_some() {
    let dir = tempdir().unwrap();
    let stored = CompressionMethod::Stored;
    let path = deflated(dir.path(), "both.npz", x(3, 2), y(&[0, 1, 0]));
    let expected = vec![Label::Normal, Label::Anomaly, Label::Normal];
    assert_eq!(load_labels(&path, 3).unwrap(), Some(expected));
    assert!(matches!(
        load_labels(&path, 4),
        Err(DatasetError::LengthMismatch {
            rows: 4,
            labels: 3,
            ..
        })
    ));
    let alone = npz(dir.path(), "alone.npz", &[("X.npy", x(3, 2))], stored);
    assert_eq!(load_labels(&alone, 3).unwrap(), None);
    let array = dir.path().join("x.npy");
    fs::write(&array, x(3, 2)).unwrap();
    assert_eq!(load_labels(&array, 3).unwrap(), None);
    let classes = deflated(dir.path(), "classes.npz", x(3, 2), y(&[0, 7, 0]));
    assert!(matches!(
        load_labels(&classes, 3),
        Err(DatasetError::Label { row: 1, .. })
    ));
}

#[test]
fn headers_that_promise_too_much_are_refused_before_allocating() {
    let dir = tempdir().unwrap();
    for shape in [
        "(1152921504606846976, 512)", // 2^60 rows: the product overflows 64 bits
        "(1152921504606846976, 1)",   // 2^60 rows of 4 bytes: fits 64 bits
        "(4294967296, 4294967296)",
        "(18446744073709551615, 0)",
        "(3, 3)",
    ] {
        let path = deflated(
            dir.path(),
            "promise.npz",
            npy("<f4", false, shape, &[0; 24]),
            y(&[0, 1]),
        );
        let message = message(&path);
        assert!(
            message.starts_with("array `X`: found 24 bytes of numbers, expected"),
            "{message}"
        );
    }
    // The header itself: longer than the entry, absurdly long, not a dictionary, another version.
    let mut long = b"\x93NUMPY\x02\x00".to_vec();
    long.extend(u32::MAX.to_le_bytes());
    let mut version_9 = npy("<f4", false, "(1, 1)", &[0; 4]);
    version_9[6] = 9;
    for bad in [
        long,
        version_9,
        b"\x93NUMPY\x01\x00\xff\xff{'descr'".to_vec(),
        b"NUMPY".to_vec(),
        Vec::new(),
        npy_with("{'descr': '<f4', 'shape': (1, 1)}", &[0; 4]),
        npy_with(
            "{'descr': '<f4', 'fortran_order': False, 'shape': (1, -1)}",
            &[0; 4],
        ),
        npy_with("[1, 2, 3]", &[0; 4]),
    ] {
        error(&deflated(dir.path(), "header.npz", bad, y(&[0])));
    }
    // The zip's directory: an entry that claims 2^62 bytes for 24 packed ones.
    let stored = npz(
        dir.path(),
        "claim.npz",
        &[("X.npy", x(2, 3)), ("y.npy", y(&[0, 1]))],
        CompressionMethod::Stored,
    );
    let mut bytes = fs::read(&stored).unwrap();
    let size = (x(2, 3).len() as u32).to_le_bytes();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == size {
            bytes[at..at + 4].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
        }
    }
    fs::write(&stored, bytes).unwrap();
    error(&stored);
}

#[test]
fn arrays_of_images_may_have_one_channel_and_either_order() {
    let dir = tempdir().unwrap();
    // Two images of 2 × 3 in file order.
    let values: Vec<u8> = (0..12).collect();
    let load = |fortran: bool, shape: &str, values: &[u8]| {
        let array = npy("|u1", fortran, shape, values);
        let entries = [("images.npy", array)];
        load_npz_images(npz(
            dir.path(),
            "images.npz",
            &entries,
            CompressionMethod::Stored,
        ))
    };
    let grey = load(false, "(2, 2, 3)", &values).unwrap();
    assert_eq!(load(false, "(2, 2, 3, 1)", &values).unwrap(), grey);
    assert_eq!((grey.dim(), grey[[1, 0, 0, 2]]), ((2, 1, 2, 3), 8));
    // numpy: numpy.asfortranarray(grey).tobytes(order="A").
    let turned = [0, 6, 3, 9, 1, 7, 4, 10, 2, 8, 5, 11];
    assert_eq!(load(true, "(2, 2, 3)", &turned).unwrap(), grey);
    let colour = load(true, "(2, 2, 1, 3)", &turned).unwrap();
    assert_eq!((colour.dim(), colour[[1, 2, 0, 0]]), ((2, 3, 2, 1), 8));
    let error = load(false, "(2, 3, 1, 2)", &values)
        .unwrap_err()
        .to_string();
    assert!(
        error.ends_with("expected [n, h, w], [n, h, w, 1] or [n, h, w, 3]"),
        "{error}"
    );
}

#[test]
fn numbers_keep_the_digits_they_have_in_the_file() {
    let dir = tempdir().unwrap();
    let data = |descr: &str, bytes: Vec<u8>| {
        let path = deflated(
            dir.path(),
            "kinds.npz",
            npy(descr, false, "(2, 1)", &bytes),
            y(&[0, 1]),
        );
        load_npz(&path).unwrap().data().clone()
    };
    // Seconds since 1970, ids beyond 2²⁴, and a number beyond the range of 32 bits.
    let seconds = [1_700_000_000.25f64, 1e300];
    let bytes = seconds.iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(
        data("<f8", bytes),
        Data::Rows64(array![[1_700_000_000.25], [1e300]])
    );
    let ids = [17_777_217i64, -9_007_199_254_740_991];
    let bytes = ids.iter().flat_map(|v| v.to_be_bytes()).collect();
    assert_eq!(
        data(">i8", bytes),
        Data::Rows64(array![[17_777_217.0], [-9_007_199_254_740_991.0]])
    );
    let bytes = [16_777_217i32, 3]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(
        data("<i4", bytes),
        Data::Rows64(array![[16_777_217.0], [3.0]])
    );
    let bytes = [1.5f32, f32::MIN]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(data("<f4", bytes), Data::Rows(array![[1.5], [f32::MIN]]));
    assert_eq!(
        data("|u1", vec![7, 255]),
        Data::Rows64(array![[7.0], [255.0]])
    );
}

#[test]
fn values_labels_and_shapes_are_checked() {
    let dir = tempdir().unwrap();
    let file = |x, y| deflated(dir.path(), "bad.npz", x, y);
    for (value, text) in [(f64::NAN, "NaN"), (f64::NEG_INFINITY, "-inf")] {
        let data: Vec<u8> = [0., 1., 2., 3., value, 5.]
            .iter()
            .flat_map(|v: &f64| v.to_le_bytes())
            .collect();
        let path = file(npy("<f8", false, "(2, 3)", &data), y(&[0, 1]));
        let expected = format!("found {text} at row 1, column 1, expected a finite number");
        assert_eq!(message(&path), expected);
    }
    assert_eq!(
        message(&file(x(2, 3), y(&[0, 2]))),
        "found label 2 at row 1, expected 0 (normal) or 1 (anomaly)"
    );
    let half: Vec<u8> = [0.5f64, f64::NAN]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let path = file(x(2, 3), npy("<f8", false, "(2,)", &half));
    assert!(message(&path).starts_with("found label 0.5 at row 0"));
    let minus: Vec<u8> = [0i64, -1].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert!(
        message(&file(x(2, 3), npy("<i8", false, "(2,)", &minus))).starts_with("found label -1")
    );

    assert_eq!(
        message(&file(x(2, 3), y(&[0, 1, 1]))),
        "3 labels, expected one for each of 2 rows"
    );
    assert_eq!(
        message(&file(x(0, 3), y(&[]))),
        "found 0 rows of 3 values, expected at least one of each"
    );
    assert!(message(&file(x(2, 0), y(&[0, 1]))).starts_with("found 2 rows of 0 values"));
    let flat = npy("|u1", false, "(4,)", &[0; 4]);
    assert_eq!(
        message(&file(flat, y(&[0; 4]))),
        "array `X`: found shape [4], expected [n, d]"
    );
    let cube = npy("|u1", false, "(2, 2, 1)", &[0; 4]);
    assert!(message(&file(cube, y(&[0, 1]))).contains("found shape [2, 2, 1]"));
    let wide = npy("|u1", false, "(2, 2)", &[0; 4]);
    assert!(message(&file(x(2, 3), wide)).contains("shape [n] or [n, 1]"));
    let text = npy("<U1", false, "(1, 1)", &[0; 4]);
    assert!(message(&file(text, y(&[0]))).contains("found text of up to 1 characters"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    // Stored, so that the mutations reach the arrays behind the archive's structures.
    #[test]
    fn mutated_bytes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let dir = tempdir().unwrap();
        let entries = [("X.npy", x(4, 3)), ("y.npy", y(&[0, 1, 0, 0]))];
        let path = npz(dir.path(), "mutated.npz", &entries, CompressionMethod::Stored);
        let mut bytes = fs::read(&path).unwrap();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        fs::write(&path, &bytes).unwrap();
        if let Ok(set) = load_npz(&path) {
            prop_assert_eq!(set.labels().len(), set.n());
        }
    }

    // The array's header alone, under an archive with right checksums.
    #[test]
    fn mutated_headers_never_panic(
        changes in prop::collection::vec((0usize..80, any::<u8>()), 1..4),
    ) {
        let dir = tempdir().unwrap();
        let mut array = x(4, 3);
        for (at, value) in changes {
            array[at] = value;
        }
        let path = deflated(dir.path(), "mutated.npz", array, y(&[0, 1, 0, 0]));
        if let Ok(set) = load_npz(&path) {
            prop_assert_eq!(set.n(), 4);
        }
    }
}
