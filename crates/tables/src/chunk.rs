use std::ops::Range;

use columns::Columns;

use crate::TablesError;

/// Some rows of a table.
#[derive(Debug)]
pub struct Chunk {
    /// The wanted columns, in the order in which they are wanted.
    pub columns: Columns,
    /// How many rows there are, also where no column is wanted.
    pub rows: usize,
    /// The first row's place among the data rows of the file, from 0.
    pub first_row: u64,
    /// The records as they stand in the file; `None` for Parquet.
    pub lines: Option<Lines>,
    /// Rows that cannot be read, in order, where they are kept: values that are not known are missing, and the record
    /// has as many fields as the others.
    pub bad: Vec<BadRow>,
}

/// A row that cannot be read.
#[derive(Debug)]
pub struct BadRow {
    /// Its place in the chunk, from 0.
    pub row: usize,
    /// What is wrong with it.
    pub error: TablesError,
}

/// The records of a chunk as they stand in the file, in UTF-8 and without their line ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lines {
    text: String,
    spans: Vec<Range<u32>>,
}

impl Lines {
    pub(crate) fn new(text: String, spans: Vec<Range<u32>>) -> Self {
        Self { text, spans }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The first `rows` of them.
    #[must_use]
    pub fn first(mut self, rows: usize) -> Self {
        self.spans.truncate(rows);
        self
    }

    /// The record of a row of the chunk.
    pub fn get(&self, row: usize) -> Option<&str> {
        let span = self.spans.get(row)?;
        self.text.get(span.start as usize..span.end as usize)
    }

    /// The records in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|row| self.get(row))
    }
}
