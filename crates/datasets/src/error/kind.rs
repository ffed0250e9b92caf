//! What kind of failure an error is.

use std::io;

use super::DatasetError;

/// What kind of failure it is; a program maps it to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// An unknown name or an impossible setting.
    Usage,
    /// Data that are there, but wrong.
    BadData,
    /// Data that are not there.
    Missing,
    /// Data that do not fit the memory.
    Memory,
}

impl DatasetError {
    /// The kind of failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownName { .. }
            | Self::UnknownWord { .. }
            | Self::Seed { .. }
            | Self::NoDivision { .. }
            | Self::NoDraw { .. }
            | Self::Class { .. }
            | Self::NotCorruptible { .. }
            | Self::Perturbation { .. }
            | Self::NoSuchRoot { .. } => ErrorKind::Usage,
            Self::NotAtHand { .. }
            | Self::Absent { .. }
            | Self::NotListed { .. }
            | Self::NoCache
            | Self::Write { .. }
            | Self::NoDownload { .. }
            | Self::Download { .. } => ErrorKind::Missing,
            Self::Memory { .. } | Self::TooLarge { .. } => ErrorKind::Memory,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound => ErrorKind::Missing,
                io::ErrorKind::OutOfMemory => ErrorKind::Memory,
                _ => ErrorKind::BadData,
            },
            _ => ErrorKind::BadData,
        }
    }
}
