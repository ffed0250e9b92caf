//! What lies near a path at which nothing is, under a similar name.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::closest;
use crate::clutter::is_clutter;

/// Entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Up to three paths in the same folder: those that differ in case or ending alone, else those that are
/// nearly spelt so.
pub(crate) fn of(path: &Path) -> Vec<PathBuf> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let wanted = path.file_name().unwrap_or_default().to_string_lossy();
    let entries = fs::read_dir(folder).into_iter().flatten().take(MAX_ENTRIES);
    let names: BTreeMap<String, PathBuf> = entries
        .flatten()
        .map(|entry| entry.file_name())
        .filter(|name| !is_clutter(name))
        .map(|name| {
            (
                name.to_string_lossy().into_owned(),
                path.with_file_name(&name),
            )
        })
        .collect();
    let stem = |name: &str| {
        let path = Path::new(name);
        path.file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .to_lowercase()
    };
    let lower = wanted.to_lowercase();
    let same = |name: &&String| {
        name.to_lowercase() == lower
            || stem(name) == stem(&wanted)
            || stem(name) == lower
            || name.to_lowercase() == stem(&wanted)
    };
    let alike: Vec<&String> = names.keys().filter(same).take(3).collect();
    if !alike.is_empty() {
        return alike.into_iter().map(|name| names[name].clone()).collect();
    }
    let near = closest::to(&wanted, names.keys().map(String::as_str));
    near.into_iter().map(|name| names[&name].clone()).collect()
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
