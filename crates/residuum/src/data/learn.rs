use std::collections::BTreeMap;

use columns::{Column, Columns, Kind, Values};

use super::dates::is_date;
use super::distinct::counts;
use super::error::DataError;
use super::layout::{ColumnLayout, Encoding, Layout, NumberType, TableLayout};
use super::missing::Missing;
use super::samples::Data;
use super::table::{missing_count, named};

/// A category needs so many training rows to have a column of its own.
const RARE: usize = 3;
/// Text with more categories than these is not a set of categories.
const MOST_LEVELS: usize = 100;
/// Text with so few different values is one, however rare they are.
const FEW_LEVELS: usize = 20;
/// Missing values carry information where this share of the training rows lacks one, and this share does not.
const TELLING: f64 = 0.01;

/// What the columns of a table are to be. Every list holds names of columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Roles {
    /// Learn from these alone; empty for all.
    pub only: Vec<String>,
    /// Do not learn from these.
    pub drop: Vec<String>,
    /// Take dates and times as numbers; text is an error that names the first value that is none.
    pub as_number: Vec<String>,
    /// Take text with many different values, or whole numbers, as categories.
    pub as_category: Vec<String>,
    /// Names each row; not learned from.
    pub key: Option<String>,
    /// Says which rows are anomalies; not learned from.
    pub label: Option<String>,
    /// Rows of one group stay together where rows are held out; not learned from.
    pub group: Option<String>,
    /// Orders rows in time (numbers, moments, or text as ISO 8601 writes dates): the last ones are held out; not learned from.
    pub time: Option<String>,
}

impl Roles {
    /// The columns that are not learned from because of what they are.
    fn special(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let special = [
            ("the key", &self.key),
            ("the label", &self.label),
            ("the group", &self.group),
            ("the time", &self.time),
        ];
        let special = special.into_iter();
        special.filter_map(|(what, name)| Some((what, name.as_deref()?)))
    }

    /// That all named columns exist, each in one role.
    fn check(&self, table: &Columns) -> Result<(), DataError> {
        let lists = [&self.only, &self.drop, &self.as_number, &self.as_category];
        for name in lists.into_iter().flatten() {
            named(table, name)?;
        }
        if let Some(name) = (self.as_number.iter()).find(|name| self.as_category.contains(name)) {
            let (name, one, other) = (name.clone(), "a number", "a category");
            return Err(DataError::Roles { name, one, other });
        }
        let mut roles: BTreeMap<&str, &'static str> = BTreeMap::new();
        let only = self.only.iter().map(|name| ("learned from", name.as_str()));
        let dropped = self.drop.iter().map(|name| ("dropped", name.as_str()));
        for (role, name) in only.chain(dropped).chain(self.special()) {
            named(table, name)?;
            if let Some(one) = roles.insert(name, role).filter(|one| *one != role) {
                // A group or a key may well be the time, and what is special may be dropped too.
                if one == "learned from" || role == "learned from" {
                    let (name, other) = (name.to_owned(), role);
                    return Err(DataError::Roles { name, one, other });
                }
            }
        }
        Ok(())
    }

    /// Whether a column of this name is learned from.
    pub fn learns(&self, name: &str) -> bool {
        let has = |names: &[String]| names.iter().any(|other| other == name);
        (self.only.is_empty() || has(&self.only))
            && !has(&self.drop)
            && !self.special().any(|(_, special)| special == name)
            && (!is_index(name)
                || [&self.only, &self.as_number, &self.as_category]
                    .map(|names| has(names))
                    .contains(&true))
    }

    /// The columns to learn from, in the table's order.
    fn learned<'a>(&self, table: &'a Columns) -> Vec<&'a Column> {
        let columns = table.iter();
        columns.filter(|column| self.learns(&column.name)).collect()
    }
}

/// Whether pandas calls an index without a name so (`__index_level_0__`): it is not learned from unless it is asked for.
pub fn is_index(name: &str) -> bool {
    let level = name.strip_prefix("__index_level_");
    let level = level.and_then(|rest| rest.strip_suffix("__"));
    level.is_some_and(|level| !level.is_empty() && level.bytes().all(|b| b.is_ascii_digit()))
}

impl Layout {
    /// How `data`, training rows, become numbers.
    ///
    /// # Errors
    /// [`DataError`] naming the column.
    pub fn learn(data: Data<'_>, roles: &Roles, missing: Missing) -> Result<Self, DataError> {
        if data.is_empty() {
            return Err(DataError::NoRows);
        }
        match data {
            Data::Columns(table) => learn_table(table, roles, missing).map(Self::Table),
            Data::Rows(x) => array(x.ncols(), NumberType::Float32),
            Data::Rows64(x) => array(x.ncols(), NumberType::Float64),
            Data::Images(x) => {
                let (_, channels, height, width) = x.dim();
                Ok(Self::Images {
                    channels,
                    height,
                    width,
                })
            }
        }
    }
}

fn array(columns: usize, numbers: NumberType) -> Result<Layout, DataError> {
    match columns {
        0 => Err(DataError::NoColumns),
        _ => Ok(Layout::Array { columns, numbers }),
    }
}

fn learn_table(table: &Columns, roles: &Roles, missing: Missing) -> Result<TableLayout, DataError> {
    roles.check(table)?;
    let learned = roles.learned(table);
    if learned.is_empty() {
        return Err(DataError::NoColumns);
    }
    let all_float32 = learned.iter().all(|c| c.values.kind() == Kind::Float32);
    let columns = learned.into_iter();
    Ok(TableLayout {
        columns: columns
            .map(|column| learn_column(column, roles, missing))
            .collect::<Result<_, _>>()?,
        missing,
        numbers: match all_float32 {
            true => NumberType::Float32,
            false => NumberType::Float64,
        },
    })
}

fn learn_column(
    column: &Column,
    roles: &Roles,
    missing: Missing,
) -> Result<ColumnLayout, DataError> {
    let (name, kind) = (column.name.clone(), column.values.kind());
    let encoding = match kind {
        _ if roles.as_category.contains(&name) => categories(column, true)?,
        Kind::Text if roles.as_number.contains(&name) => return Err(not_number(column)),
        Kind::Text => match first_date(column) {
            Some(value) => return Err(DataError::TextDates { name, value }),
            None => categories(column, false)?,
        },
        Kind::Time if !roles.as_number.contains(&name) => return Err(DataError::Time { name }),
        _ => number(column)?,
    };
    let rows = column.values.len() as f64;
    let lacking = missing_count(column) as f64 / rows;
    Ok(ColumnLayout {
        indicator: missing == Missing::Mean && (TELLING..=1.0 - TELLING).contains(&lacking),
        name,
        kind,
        encoding,
    })
}

/// The first value of a column of text whose values are all dates.
fn first_date(column: &Column) -> Option<String> {
    let mut values = (0..column.values.len()).filter_map(|row| column.text(row));
    let first = values.next().filter(|first| is_date(first))?;
    values.all(|value| is_date(&value)).then_some(first)
}

/// Names the first value of a column of text that is written like no number, else the first one.
fn not_number(column: &Column) -> DataError {
    let texts = || (0..column.values.len()).filter_map(|row| Some((row, column.text(row)?)));
    let wrong = texts().find(|(_, text)| text.trim().parse::<f64>().is_err());
    let name = column.name.clone();
    match wrong.or_else(|| texts().next()) {
        Some((row, value)) => DataError::NotNumber { name, row, value },
        None => DataError::AllMissing { name },
    }
}

fn categories(column: &Column, on_request: bool) -> Result<Encoding, DataError> {
    let counts = counts(column);
    let rows: usize = counts.values().sum();
    let distinct = counts.len();
    let mut levels = Vec::new();
    let mut covered = 0;
    for (level, count) in counts {
        if count >= RARE || (rows < RARE * FEW_LEVELS && distinct <= FEW_LEVELS) {
            covered += count;
            levels.push(level);
        }
    }
    let scattered = distinct > FEW_LEVELS && (levels.len() > MOST_LEVELS || 2 * covered < rows);
    if scattered && !on_request {
        let name = column.name.clone();
        return Err(DataError::Text {
            name,
            distinct,
            rows,
        });
    }
    Ok(Encoding::Categories { levels })
}

fn number(column: &Column) -> Result<Encoding, DataError> {
    let present = |row: &usize| !column.is_missing(*row);
    let rows = (0..column.values.len()).filter(present);
    let offset = match &column.values {
        Values::Integer(v) => rows.clone().map(|row| v[row]).min(),
        Values::Time(v) => {
            let first = rows.clone().map(|row| v[row]).min();
            first.map(|first| first.div_euclid(NANOSECONDS))
        }
        _ => None,
    }
    .unwrap_or(0);
    let (mut sum, mut n) = (0.0, 0u64);
    for row in rows {
        let value = value(&column.values, row, offset);
        if !value.is_finite() {
            let name = column.name.clone();
            return Err(DataError::NotFinite { name, row, value });
        }
        n += 1;
        // The running mean: a sum could be beyond the range.
        sum += (value - sum) / n as f64;
    }
    if n == 0 {
        let name = column.name.clone();
        return Err(DataError::AllMissing { name });
    }
    Ok(Encoding::Number { offset, fill: sum })
}

/// Nanoseconds in a second.
const NANOSECONDS: i64 = 1_000_000_000;

/// The number that a value is, `offset` taken off; moments are in seconds.
pub(super) fn value(values: &Values, row: usize, offset: i64) -> f64 {
    match values {
        Values::Float32(v) => f64::from(v[row]) - offset as f64,
        Values::Float64(v) => v[row] - offset as f64,
        Values::Integer(v) => (i128::from(v[row]) - i128::from(offset)) as f64,
        Values::Boolean(v) => f64::from(u8::from(v[row])),
        Values::Time(v) => {
            let rest = i128::from(v[row]) - i128::from(offset) * i128::from(NANOSECONDS);
            rest as f64 / NANOSECONDS as f64
        }
        Values::Text(_) => f64::NAN,
    }
}
