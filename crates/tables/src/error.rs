use std::io;

use columns::Kind;

/// Why a table cannot be read or written. Every message names the file.
#[derive(Debug, thiserror::Error)]
pub enum TablesError {
    /// The system refuses to read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file, or `standard input`.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// The system refuses to write.
    #[error("cannot write to {file}: {source}")]
    Write {
        /// The file, or `standard output`.
        file: String,
        /// What the system says.
        source: io::Error,
    },
    /// The file as a whole is not a table that can be read.
    #[error("{file}: {what}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        what: String,
    },
    /// A line of a text is wrong.
    #[error("{file}, line {line}: {what}")]
    Line {
        /// The file.
        file: String,
        /// Its line, counted from 1.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// A value does not have the kind that is wanted or that the rest of its column has.
    #[error("{file}, {}, column {column:?}: {value:?} is not {}", place(*line, *row), article(*kind))]
    Value {
        /// The file.
        file: String,
        /// The line in which the record starts, counted from 1; `None` for Parquet.
        line: Option<u64>,
        /// The data row, counted from 0.
        row: u64,
        /// The column.
        column: String,
        /// The value, cut where it is long.
        value: String,
        /// What is wanted.
        kind: Kind,
    },
    /// Wanted columns that the file does not have.
    #[error("{file}: has no column {}; it has {}", list(missing), list(present))]
    Missing {
        /// The file.
        file: String,
        /// What is not there.
        missing: Vec<String>,
        /// What is there.
        present: Vec<String>,
    },
    /// A column of a type that cannot be read, or not as the wanted kind.
    #[error("{file}, column {column:?}: {what}")]
    Column {
        /// The file.
        file: String,
        /// The column.
        column: String,
        /// What is wrong.
        what: String,
    },
}

impl TablesError {
    /// Whether it is the system that refuses, not the content that is wrong.
    pub fn is_io(&self) -> bool {
        matches!(self, Self::Read { .. } | Self::Write { .. })
    }
}

fn place(line: Option<u64>, row: u64) -> String {
    match line {
        Some(line) => format!("line {line}"),
        None => format!("row {}", row + 1),
    }
}

/// A kind in words.
pub(crate) fn article(kind: Kind) -> &'static str {
    match kind {
        Kind::Float32 | Kind::Float64 => "a number",
        Kind::Integer => "a whole number",
        Kind::Boolean => "true or false",
        Kind::Text => "text",
        Kind::Time => "a date or a time such as 2026-01-31 or 2026-01-31T12:00:00Z",
    }
}

/// At most this many names stand in a message.
const MOST_NAMES: usize = 12;

/// Names in quotes.
pub(crate) fn list(names: &[String]) -> String {
    let shown: Vec<_> = names
        .iter()
        .take(MOST_NAMES)
        .map(|n| format!("{n:?}"))
        .collect();
    match names.len() > MOST_NAMES {
        true => format!("{} and {} more", shown.join(", "), names.len() - MOST_NAMES),
        false => shown.join(", "),
    }
}

/// A value as it stands in a message.
pub(crate) fn cut(value: &str) -> String {
    const MOST: usize = 60;
    match value.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
