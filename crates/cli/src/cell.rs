//! Cells as files and text.

use std::path::Path;

use record::Cell;

use crate::failure::{Failure, exit};
use crate::place::cannot_write;

/// Writes the cell to `path`: there is the whole file or none, whatever happens meanwhile.
pub(crate) fn write(cell: &Cell, path: &Path) -> Result<(), Failure> {
    cell.write(path).map_err(|error| cannot_write(path, &error))
}

/// As [`write`], unless there is a result of this cell already: whether this one is there now.
pub(crate) fn write_first(cell: &Cell, path: &Path) -> Result<bool, Failure> {
    let written = cell.write_first(path);
    written.map_err(|error| cannot_write(path, &error))
}

/// As JSON for readers too.
pub(crate) fn to_json(cell: &Cell) -> Result<String, Failure> {
    let internal = |error: serde_json::Error| Failure::new(exit::INTERNAL, error.to_string());
    cell.to_json().map_err(internal)
}
