//! The shape of the sources: no circles of imports among files, no long files.

use std::path::{Path, PathBuf};

use super::repository::tests::this;
use super::sources::{circles, imports};

/// Lines that a file may have, its unit tests included.
const MOST_LINES: usize = 450;
/// Longer files, each with the reason.
const LONGER: &[(&str, &str)] = &[];

fn sources() -> Vec<PathBuf> {
    let root = this().root;
    let crates = std::fs::read_dir(root.join("crates")).unwrap();
    let mut found: Vec<PathBuf> = crates
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    found.push(root.join("xtask/src"));
    found.retain(|src| src.is_dir());
    found.sort();
    found
}

#[test]
fn no_files_of_a_crate_import_in_a_circle() {
    let root = this().root;
    let mut broken = String::new();
    for src in sources() {
        let name = src.strip_prefix(&root).unwrap().display().to_string();
        for circle in circles(&imports(&src).unwrap()) {
            broken += &format!("{name}: {}\n", circle.join(", "));
        }
    }
    assert!(broken.is_empty(), "circles of imports:\n{broken}");
}

#[test]
fn no_file_is_too_long() {
    let root = this().root;
    let mut broken = String::new();
    for src in sources() {
        let mut files = Vec::new();
        list(&src, &mut files);
        for file in files {
            let name = file
                .strip_prefix(&root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            let lines = std::fs::read_to_string(&file).unwrap().lines().count();
            let known = LONGER.iter().any(|(known, _)| *known == name);
            if lines > MOST_LINES && !known {
                broken += &format!("{name}: {lines} lines\n");
            }
            assert!(
                lines > MOST_LINES || !known,
                "{name} is short: no need to name it"
            );
        }
    }
    assert!(broken.is_empty(), "more than {MOST_LINES} lines:\n{broken}");
}

/// Sources but those of tests alone.
fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "tests" {
            list(&path, files);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            files.push(path);
        }
    }
}
