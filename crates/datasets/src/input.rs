//! Opening what a user names, and reading texts, with the path in the error.

use std::fs::File;
use std::path::Path;

use files::{NotReadable, TextError};

use crate::{DatasetError, WayOut};

/// As [`files::open`].
pub(crate) fn open(path: &Path) -> Result<File, DatasetError> {
    files::open(path).map_err(|error| not_readable(path, error))
}

/// As [`files::check`].
pub(crate) fn check(path: &Path) -> Result<(), DatasetError> {
    files::check(path).map_err(|error| not_readable(path, error))
}

/// Reads a text file: UTF-8 with or without a byte order mark, or UTF-16 with one. Line ends become `\n`.
///
/// # Errors
/// [`DatasetError::OtherForm`] naming the line for bytes in another encoding,
/// [`DatasetError::NotAFile`], [`DatasetError::Io`].
pub fn read_text(path: impl AsRef<Path>) -> Result<String, DatasetError> {
    let path = path.as_ref();
    files::read_text(path).map_err(|error| {
        let hint = error.hint(path).unwrap_or_default();
        match error {
            TextError::NotReadable(error) => not_readable(path, error),
            TextError::NotText { place, found, .. } => DatasetError::OtherForm {
                path: path.to_owned(),
                place,
                found,
                expected: TextError::EXPECTED.to_owned(),
                way_out: WayOut::boxed(hint),
            },
        }
    })
}

fn not_readable(path: &Path, error: NotReadable) -> DatasetError {
    let path = path.to_owned();
    match error {
        NotReadable::NotAFile { found } => DatasetError::NotAFile { path, found },
        NotReadable::Io(source) => DatasetError::Io { path, source },
    }
}
