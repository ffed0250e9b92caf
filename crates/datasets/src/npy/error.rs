use std::io;

/// Why an array could not be read. The caller adds the file.
#[derive(Debug)]
pub(crate) enum NpyError {
    Io(io::Error),
    Malformed {
        found: String,
        expected: String,
    },
    Pickled,
    /// As many bytes do not fit the memory.
    Memory(u64),
}

impl From<io::Error> for NpyError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

pub(super) fn malformed<T>(
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Result<T, NpyError> {
    Err(NpyError::Malformed {
        found: found.into(),
        expected: expected.into(),
    })
}
