//! What lies near a path at which nothing is, under a similar name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use files::is_clutter;

use crate::closest;

/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Up to three paths in the same folder that differ in case or ending alone.
pub(crate) fn alike(path: &Path) -> Vec<PathBuf> {
    let wanted = name_of(path).to_lowercase();
    let stem = |name: &str| {
        let stem = Path::new(name).file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    };
    let same = |name: &String| {
        let name = name.to_lowercase();
        name == wanted
            || stem(&name) == stem(&wanted)
            || stem(&name) == wanted
            || name == stem(&wanted)
    };
    let names = beside(path).into_iter();
    names
        .filter(|(name, _)| same(name))
        .take(3)
        .map(|(_, path)| path)
        .collect()
}

/// As [`alike`]; where there are none, those that are nearly spelt so.
pub(crate) fn of(path: &Path) -> Vec<PathBuf> {
    let alike = alike(path);
    if !alike.is_empty() {
        return alike;
    }
    let names = beside(path);
    let near = closest::to(&name_of(path), names.keys().map(String::as_str));
    near.into_iter().map(|name| names[&name].clone()).collect()
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// What lies in the folder of `path`, by name.
fn beside(path: &Path) -> BTreeMap<String, PathBuf> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let entries = fs::read_dir(folder).into_iter().flatten().take(MAX_ENTRIES);
    let names = entries.flatten().map(|entry| entry.file_name());
    names
        .filter(|name| !is_clutter(name))
        .map(|name| {
            (
                name.to_string_lossy().into_owned(),
                path.with_file_name(&name),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_ending_come_before_spelling() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["Table.NPZ", "table2.npz", "cardio.csv", ".table.npz"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let of = |name: &str| -> Vec<String> {
            let found = of(&dir.path().join(name)).into_iter();
            found
                .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
                .collect()
        };
        assert_eq!(of("table.npz"), ["Table.NPZ"]);
        assert_eq!(of("table"), ["Table.NPZ"]);
        assert_eq!(of("cardio.npz"), ["cardio.csv"]);
        assert_eq!(of("cardoi.csv"), ["cardio.csv"]);
        assert!(of("something-else").is_empty());
    }
}
