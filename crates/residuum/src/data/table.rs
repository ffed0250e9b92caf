use columns::{Column, Columns};

use super::error::DataError;

/// The column called `name`.
pub(crate) fn named<'a>(table: &'a Columns, name: &str) -> Result<&'a Column, DataError> {
    table.get(name).ok_or_else(|| DataError::NoColumn {
        name: name.to_owned(),
        known: table.iter().map(|column| column.name.clone()).collect(),
    })
}

/// How many values of the column are missing.
pub(super) fn missing_count(column: &Column) -> usize {
    let marked = column.missing();
    marked.map_or(0, |marks| marks.iter().filter(|mark| **mark).count())
}
