use std::io;
use std::path::Path;

use columns::Columns;
use tables::{Format, Style, TablesError, Target};

use crate::ReportError;

/// As [`files::write`], folders included.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    make_folder(path)?;
    files::write(path, bytes).map_err(|source| refused(path, source))
}

/// As [`write`], of a table.
pub(crate) fn write_table(
    path: &Path,
    format: Format,
    columns: &Columns,
) -> Result<(), ReportError> {
    make_folder(path)?;
    let target = Target::Path(path.to_owned());
    tables::write(target, format, Style::default(), columns).map_err(|error| match error {
        TablesError::Write { source, .. } => refused(path, source),
        other => ReportError::Encode {
            source: Box::new(other),
        },
    })
}

fn make_folder(path: &Path) -> Result<(), ReportError> {
    std::fs::create_dir_all(files::folder_of(path)).map_err(|source| refused(path, source))
}

fn refused(path: &Path, source: io::Error) -> ReportError {
    ReportError::Write {
        path: path.to_owned(),
        source,
    }
}
