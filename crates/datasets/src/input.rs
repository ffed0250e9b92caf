//! Opening what a user names: only files that have an end.

use std::fs::{self, File, FileType};
use std::path::Path;

use crate::DatasetError;

/// Opens a file to read it. A pipe or a device is refused before it is opened: that could wait for ever.
pub(crate) fn open(path: &Path) -> Result<File, DatasetError> {
    check(path)?;
    File::open(path).map_err(|source| DatasetError::Io {
        path: path.to_owned(),
        source,
    })
}

/// An error where a path is no file.
pub(crate) fn check(path: &Path) -> Result<(), DatasetError> {
    let metadata = fs::metadata(path).map_err(|source| DatasetError::Io {
        path: path.to_owned(),
        source,
    })?;
    if metadata.is_file() {
        return Ok(());
    }
    Err(DatasetError::NotAFile {
        path: path.to_owned(),
        found: kind(metadata.file_type()),
    })
}

/// What stands at a path, in words.
fn kind(file: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if file.is_fifo() {
            return "a pipe";
        }
        if file.is_socket() {
            return "a socket";
        }
        if file.is_char_device() || file.is_block_device() {
            return "a device";
        }
    }
    if file.is_dir() {
        "a folder"
    } else if file.is_file() {
        "a file"
    } else {
        "neither a file nor a folder"
    }
}
