//! Names of files and folders as text.

use std::path::{Path, PathBuf};

/// The last part of a path.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// A path's name without its ending.
pub(super) fn stem_of(path: &Path) -> String {
    path.file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

pub(super) fn names_of(folders: &[PathBuf]) -> Vec<String> {
    folders.iter().map(|folder| name_of(folder)).collect()
}
