//! IDX files, good and bad.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use datasets::{DatasetError, ErrorKind, load_idx};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use tempfile::tempdir;

fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, shape.len() as u8];
    out.extend(shape.iter().flat_map(|axis| axis.to_be_bytes()));
    out.extend(data);
    out
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn file(dir: &Path, bytes: &[u8]) -> PathBuf {
    let path = dir.join("file.idx");
    fs::write(&path, bytes).unwrap();
    path
}

#[track_caller]
fn message(path: &Path, axes: u8) -> String {
    let error = load_idx(path, axes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BadData);
    assert!(matches!(error, DatasetError::Malformed { .. }), "{error:?}");
    error
        .to_string()
        .replace(&format!("{}: ", path.display()), "")
}

#[test]
fn gzipped_and_plain_files_read_alike() {
    let dir = tempdir().unwrap();
    let data: Vec<u8> = (0..30).collect();
    let plain = idx(&[2, 3, 5], &data);
    for bytes in [plain.clone(), gz(&plain)] {
        let read = load_idx(file(dir.path(), &bytes), 3).unwrap();
        assert_eq!(read.shape, [2, 3, 5]);
        assert_eq!(read.bytes, data);
    }
}

#[test]
fn wrong_magic_truncation_and_trailing_data_are_refused() {
    let dir = tempdir().unwrap();
    let file = |bytes: &[u8]| file(dir.path(), bytes);
    assert_eq!(
        message(&file(&idx(&[5], &[0; 5])), 3),
        "the magic number: found 0x00000801, expected 0x00000803 (unsigned bytes, 3 axes)"
    );
    let mut floats = idx(&[5], &[0; 20]);
    floats[2] = 0x0d;
    assert!(message(&file(&floats), 1).starts_with("the magic number: found 0x00000d01"));
    for wrap in [<[u8]>::to_vec, gz] {
        let short = file(&wrap(&idx(&[5], &[0; 4])));
        // A plain file that is too short to hold what it promises is refused by its size.
        assert!(
            message(&short, 1).contains("found"),
            "{}",
            message(&short, 1)
        );
        let long = file(&wrap(&idx(&[5], &[0; 6])));
        let expected = "the IDX data: found more bytes, expected 5 bytes for shape [5]";
        assert_eq!(message(&long, 1), expected);
        assert!(message(&file(&wrap(&[0, 0, 8])), 1).contains("found the end of the file"));
    }
    let packed = gz(&idx(&[500], &[7; 500]));
    assert!(message(&file(&packed[..packed.len() - 9]), 1).starts_with("the IDX data"));
    let mut trailing = packed.clone();
    trailing.extend(b"more");
    message(&file(&trailing), 1);
    message(&file(b""), 1);
    assert!(matches!(
        load_idx(dir.path().join("gone"), 1).unwrap_err().kind(),
        ErrorKind::Missing
    ));
}

#[test]
fn hostile_sizes_are_refused_before_allocating() {
    let dir = tempdir().unwrap();
    for shape in [[u32::MAX; 3], [1 << 31, 1 << 10, 1], [u32::MAX, 1, 1]] {
        for bytes in [idx(&shape, &[0; 8]), gz(&idx(&shape, &[0; 8]))] {
            let message = message(&file(dir.path(), &bytes), 3);
            assert!(message.starts_with("the header: found shape"), "{message}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn mutated_bytes_never_panic(
        zipped: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let dir = tempdir().unwrap();
        let plain = idx(&[2, 3, 2], &[9; 12]);
        let mut bytes = if zipped { gz(&plain) } else { plain };
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(read) = load_idx(file(dir.path(), &bytes), 3) {
            prop_assert_eq!(read.shape.iter().product::<usize>(), read.bytes.len());
        }
    }
}
