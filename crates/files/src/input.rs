//! Opening what a user names: only files that have an end.

use std::fs::{self, File, FileType};
use std::io;
use std::path::Path;

/// Why a path cannot be opened to read.
#[derive(Debug, thiserror::Error)]
pub enum NotReadable {
    /// A folder, a pipe or a device in place of a file.
    #[error("found {found}, expected a file")]
    NotAFile {
        /// What is there.
        found: &'static str,
    },
    /// The system's answer.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Opens a file to read it. A pipe or a device is refused before it is opened: that could wait for ever.
///
/// # Errors
/// [`NotReadable`].
pub fn open(path: &Path) -> Result<File, NotReadable> {
    check(path)?;
    Ok(File::open(path)?)
}

/// Whether there is a file at `path`.
///
/// # Errors
/// [`NotReadable`] where there is none.
pub fn check(path: &Path) -> Result<(), NotReadable> {
    let metadata = fs::metadata(path)?;
    if metadata.is_file() {
        return Ok(());
    }
    Err(NotReadable::NotAFile {
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
