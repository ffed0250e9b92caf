//! Columns that would be numbers but for a few values.

use columns::{Column, Columns, Kind, Values};
use residuum::ModelError;
use residuum::data::{DataError, Roles};
use tables::{Format, Table, TablesError, is_number};

use crate::failure::Failure;
use crate::own::input::check_interrupt;
use crate::shell::option;

/// A column of text in which nearly all values are numbers.
pub(super) struct NearlyNumbers {
    name: String,
    numbers: usize,
    values: usize,
    /// The first value that is no number, and where it stands.
    first: String,
}

/// At least so many values in a hundred are numbers.
const SHARE: usize = 90;

impl NearlyNumbers {
    /// Those among the columns that are learned from and not asked for as categories.
    pub(super) fn among(
        table: &Table,
        columns: &Columns,
        roles: &Roles,
    ) -> Result<Vec<Self>, Failure> {
        let mut found = Vec::new();
        for column in columns {
            if roles.learns(&column.name) && !roles.as_category.contains(&column.name) {
                found.extend(Self::of(table, column)?);
            }
        }
        Ok(found)
    }

    fn of(table: &Table, column: &Column) -> Result<Option<Self>, Failure> {
        let Values::Text(texts) = &column.values else {
            return Ok(None);
        };
        let comma = table.style().decimal_comma;
        let present = || (0..texts.len()).filter(|&row| !column.is_missing(row));
        let values = present().count();
        let numbers = present()
            .filter(|&row| is_number(&texts[row], comma))
            .count();
        if numbers == 0 || numbers == values || numbers * 100 < values * SHARE {
            return Ok(None);
        }
        let first = match table.format() {
            Format::Csv => first_in_text(table, &column.name)?,
            _ => present()
                .find(|&row| texts[row].trim().parse::<f64>().is_err())
                .map(|row| format!("{:?} in row {}", texts[row], row + 1)),
        };
        // Where the others are whole numbers with leading zeros, names such as 007, nothing is wrong.
        Ok(first.map(|first| Self {
            name: column.name.clone(),
            numbers,
            values,
            first,
        }))
    }

    /// What is odd, and what to do about it.
    pub(super) fn warning(&self, table: &Table) -> String {
        let Self {
            name,
            numbers,
            values,
            first,
        } = self;
        let [number, drop, category] =
            ["--as-number", "--drop", "--as-category"].map(|what| option(what, name));
        format!(
            "{}: column `{name}` is taken as text, for {numbers} of its {values} values are numbers, but not {first}: \
             {MEND}; {number} makes it an error, {drop} leaves the column out, {category} takes it as it is",
            table.file()
        )
    }

    /// That of `all` which `error` refuses.
    pub(super) fn refused<'a>(all: &'a [Self], error: &ModelError) -> Option<&'a Self> {
        match error {
            ModelError::Data(DataError::Text { name, .. }) => {
                all.iter().find(|found| found.name == *name)
            }
            _ => None,
        }
    }

    /// The refusal of the column with the value that is to be mended.
    pub(super) fn explain(&self, refusal: Failure) -> Failure {
        let Self {
            numbers,
            values,
            first,
            ..
        } = self;
        let message = format!(
            "{}: {numbers} of {values} are numbers, but not {first}",
            refusal.message
        );
        let hint = refusal.hint.unwrap_or_default();
        Failure::new(refusal.code, message).hint(format!("{MEND}; or {hint}"))
    }
}

const MEND: &str = "mend the cell, or empty it (then --missing mean or drop)";

/// The first value of a text's column that cannot be read as a number, and its line.
fn first_in_text(table: &Table, name: &str) -> Result<Option<String>, Failure> {
    // Where numbers may have thousands separators none is the first.
    let Ok(rows) = table.rows(Some(&[(name.to_owned(), Kind::Float64)])) else {
        return Ok(None);
    };
    for chunk in rows {
        check_interrupt()?;
        match chunk {
            Ok(_) => {}
            Err(TablesError::Value {
                line: Some(line),
                value,
                ..
            }) => {
                return Ok(Some(format!("{value:?} in line {line}")));
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
