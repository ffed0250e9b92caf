//! Files that targets make: the input, and what a reader needs beside it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::target::Outcome;

/// For targets without files beside the input.
pub(super) fn nothing(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes the input to a file and reads it from there.
pub(super) fn through(path: &Path, input: &[u8], read: impl FnOnce(&Path) -> Outcome) -> Outcome {
    match fs::write(path, input) {
        Ok(()) => read(path),
        // A name that the file system does not take.
        Err(error) => Outcome::refused(error.to_string()),
    }
}

/// Writes a file with the folders above it.
pub(super) fn put(path: PathBuf, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes)
}
