//! Columns of text that are asked for as numbers or as the time.

use columns::{Columns, Kind};
use residuum::data::{DataError, Roles};
use tables::{Format, Table};

use crate::failure::{Failure, exit};
use crate::own::input::check_interrupt;

/// `columns` of `table` with those that `--as-number` and `--time` name as numbers and moments where they were read as
/// text.
///
/// # Errors
/// The first value that is no number or no moment, by its line. Of Parquet the model says that.
pub(super) fn as_asked(table: &Table, columns: Columns, roles: &Roles) -> Result<Columns, Failure> {
    if let Some(name) = (roles.as_number.iter()).find(|name| roles.as_category.contains(name)) {
        let (name, one, other) = (name.clone(), "a number", "a category");
        return Err(DataError::Roles { name, one, other }.into());
    }
    if table.format() != Format::Csv {
        return Ok(columns);
    }
    let kind = |name: &String| match () {
        () if roles.time.as_ref() == Some(name) => Some(Kind::Time),
        () if roles.learns(name) && roles.as_number.contains(name) => Some(Kind::Float64),
        () => None,
    };
    let texts = columns
        .iter()
        .filter(|column| column.values.kind() == Kind::Text);
    let wanted: Vec<(String, Kind)> = texts
        .filter_map(|column| Some((column.name.clone(), kind(&column.name)?)))
        .collect();
    if wanted.is_empty() {
        return Ok(columns);
    }
    let mut read: Option<Columns> = None;
    for chunk in table.rows(Some(&wanted))? {
        check_interrupt()?;
        let chunk = chunk?.columns;
        match &mut read {
            None => read = Some(chunk),
            Some(read) => read.append(chunk).map_err(internal)?,
        }
    }
    let mut columns = columns.into_columns();
    for new in read.into_iter().flat_map(Columns::into_columns) {
        if let Some(old) = columns.iter_mut().find(|old| old.name == new.name) {
            *old = new;
        }
    }
    Columns::new(columns).map_err(internal)
}

fn internal(error: columns::ColumnsError) -> Failure {
    Failure::new(exit::INTERNAL, error.to_string())
}
