use std::io;
use std::path::PathBuf;

use files::pip::Cause;

/// Why there is no libtorch. Whoever shows it finds the words for the way out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The wheels of this platform are laid out differently and were never tried.
    #[error("no libtorch to download for {0}, only for x86_64-linux")]
    Platform(String),
    /// The disk has too little room.
    #[error("{folder:?} has {:.1} GB free, libtorch needs {:.1} GB while it is unpacked", *free as f64 / 1e9, *needed as f64 / 1e9)]
    Space {
        /// The cache folder.
        folder: PathBuf,
        /// Free bytes.
        free: u64,
        /// Bytes that it takes.
        needed: u64,
    },
    /// No pip answers.
    #[error("{0}, which downloads libtorch")]
    NoPip(&'static str),
    /// pip brought nothing.
    #[error("cannot download {requirement} with {pip}: {reason}")]
    Download {
        /// What pip was asked for.
        requirement: String,
        /// The command.
        pip: String,
        /// pip's words.
        reason: String,
        /// Their meaning.
        cause: Cause,
    },
    /// pip brought something else.
    #[error("pip did not bring the file {file} for {requirement}")]
    NotBrought {
        /// The file expected.
        file: &'static str,
        /// What pip was asked for.
        requirement: &'static str,
    },
    /// A wheel is not the pinned one.
    #[error("{file} has sha256 {found}, expected {expected}; it was removed")]
    Hash {
        /// The file.
        file: &'static str,
        /// Of the file.
        found: String,
        /// Of the pinned one.
        expected: &'static str,
    },
    /// A wheel is damaged.
    #[error("cannot unpack {}: {reason}", wheel.display())]
    Unpack {
        /// The file.
        wheel: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A folder that was just filled is not in order.
    #[error("the libtorch just made in {folder:?} is not in order: {reason}")]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file or a process that the system refused.
    #[error("{what}")]
    Files {
        /// What could not be done.
        what: String,
        /// Why.
        source: io::Error,
    },
}

impl FetchError {
    /// Makes an error of what the system refused: `map_err(FetchError::files(|| what))`.
    pub(crate) fn files(what: impl FnOnce() -> String) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Files {
            what: what(),
            source,
        }
    }
}
