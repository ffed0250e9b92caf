use std::path::Path;

use crate::ReportError;

/// As [`files::write`], folders included.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let write = || {
        std::fs::create_dir_all(files::folder_of(path))?;
        files::write(path, bytes)
    };
    write().map_err(|source| ReportError::Write {
        path: path.to_owned(),
        source,
    })
}
