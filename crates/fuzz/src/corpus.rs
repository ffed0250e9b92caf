//! The kept inputs: `corpus/<target>/accepted/*` and `corpus/<target>/refused/*`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A kept input with what a reader should say to it.
#[derive(Debug, Clone)]
pub(crate) struct Seed {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
    pub(crate) accepted: bool,
}

/// The inputs kept for `target`, by name; those that are accepted come first.
pub(crate) fn of(target: &str) -> anyhow::Result<Vec<Seed>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    let mut seeds = Vec::new();
    for (part, accepted) in [("accepted", true), ("refused", false)] {
        let folder = folder.join(part);
        if !folder.is_dir() {
            continue;
        }
        let read = || -> std::io::Result<Vec<PathBuf>> {
            let mut paths = Vec::new();
            for entry in fs::read_dir(&folder)? {
                paths.push(entry?.path());
            }
            paths.sort();
            Ok(paths)
        };
        for path in read().with_context(|| folder.display().to_string())? {
            let bytes = fs::read(&path).with_context(|| path.display().to_string())?;
            seeds.push(Seed {
                path,
                bytes,
                accepted,
            });
        }
    }
    Ok(seeds)
}
