use columns::Kind;

/// Data that a detector cannot take. Rows count from 0 within what was given.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// No rows.
    #[error("there are no rows")]
    NoRows,
    /// No column is left to learn from.
    #[error("no column is left to learn from")]
    NoColumns,
    /// A column that was named is not there.
    #[error("there is no column `{name}`")]
    NoColumn {
        /// The name.
        name: String,
        /// Those that are there.
        known: Vec<String>,
    },
    /// A column has values of another type than in training.
    #[error("column `{name}` is {found}, but {expected} in training")]
    Kind {
        /// The column.
        name: String,
        /// Its type.
        found: Kind,
        /// That in training.
        expected: Kind,
    },
    /// A value is missing.
    #[error("column `{name}` has no value in row {row}")]
    Missing {
        /// The column.
        name: String,
        /// The first such row.
        row: usize,
        /// How many values of the column are missing.
        count: usize,
    },
    /// All values of a column are missing.
    #[error("column `{name}` has no values at all")]
    AllMissing {
        /// The column.
        name: String,
    },
    /// An infinite number, or one that is none where none may be missing.
    #[error("{value} in column `{name}`, row {row}: scores need finite values")]
    NotFinite {
        /// The column.
        name: String,
        /// The row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A column of moments.
    #[error("column `{name}` holds dates or times")]
    Time {
        /// The column.
        name: String,
    },
    /// A column of text whose values are all dates.
    #[error("column `{name}` holds dates or times, such as {value:?}")]
    TextDates {
        /// The column.
        name: String,
        /// The first value.
        value: String,
    },
    /// Text where a column is asked for as numbers.
    #[error("column `{name}`, row {row}: {value:?} is text, not a number")]
    NotNumber {
        /// The column.
        name: String,
        /// The first row whose value no number is written like.
        row: usize,
        /// Its value.
        value: String,
    },
    /// Text that says no moment where a column is asked for as the time.
    #[error("column `{name}`, row {row}: {value:?} is not a date or a time as ISO 8601 writes it")]
    NotTime {
        /// The column.
        name: String,
        /// The first such row.
        row: usize,
        /// Its value.
        value: String,
    },
    /// A column of text with too many different values to be categories.
    #[error("column `{name}` is text with {distinct} different values in {rows} rows")]
    Text {
        /// The column.
        name: String,
        /// Different values.
        distinct: usize,
        /// Rows that have one.
        rows: usize,
    },
    /// Labels that are not labels.
    #[error(
        "column `{name}`, row {row}: {value} is not a label, expected 0 or 1, true or false, normal or anomaly"
    )]
    Label {
        /// The column.
        name: String,
        /// The row.
        row: usize,
        /// The value.
        value: String,
    },
    /// Data of another family than in training.
    #[error("{found}, but the model was fitted to {expected}")]
    Family {
        /// What was given.
        found: &'static str,
        /// What the model takes.
        expected: &'static str,
    },
    /// Rows of another width than in training.
    #[error("{found} columns, but the model was fitted to {expected}")]
    Width {
        /// Columns found.
        found: usize,
        /// Columns in training.
        expected: usize,
    },
    /// Two roles of one column.
    #[error("column `{name}` cannot be both {one} and {other}")]
    Roles {
        /// The column.
        name: String,
        /// One role.
        one: &'static str,
        /// The other.
        other: &'static str,
    },
}

impl DataError {
    /// The same error with its row, where it names one, as `place` counts rows.
    #[must_use]
    pub fn with_row(mut self, place: impl FnOnce(usize) -> usize) -> Self {
        if let Self::Missing { row, .. }
        | Self::NotFinite { row, .. }
        | Self::NotNumber { row, .. }
        | Self::NotTime { row, .. }
        | Self::Label { row, .. } = &mut self
        {
            *row = place(*row);
        }
        self
    }
}
