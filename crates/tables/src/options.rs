use std::path::Path;

/// What is known about a file beforehand. `None` where it is to be found out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// What stands between two fields of a text.
    pub delimiter: Option<u8>,
    /// Whether the first record of a text holds the names of the columns.
    pub header: Option<bool>,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: Option<bool>,
    /// The most rows of a chunk; 16384 where it is `None`. Wide rows come in smaller chunks.
    pub chunk_rows: Option<usize>,
    /// Whether a row of a text that has another number of fields, or a value that is not of the wanted kind, is kept
    /// and named in [`Chunk::bad`](crate::Chunk::bad) instead of ending the reading.
    pub keep_bad_rows: bool,
}

impl Options {
    pub(crate) fn most_rows(&self) -> usize {
        self.chunk_rows.unwrap_or(1 << 14).max(1)
    }
}

/// The formats that are written; those but JSON lines are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text with delimiters.
    Csv,
    /// Parquet.
    Parquet,
    /// One JSON object per line.
    JsonLines,
}

impl Format {
    /// By the end of the name: `.csv`, `.tsv`, `.txt`; `.parquet`, `.pq`; `.jsonl`, `.ndjson`.
    pub fn of(path: &Path) -> Option<Self> {
        let end = path.extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "parquet" | "pq" => Some(Self::Parquet),
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            _ => None,
        }
    }
}

/// How a text with delimiters is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// What stands between two fields.
    pub delimiter: u8,
    /// Whether numbers have a decimal comma.
    pub decimal_comma: bool,
    /// Whether the first record holds the names of the columns.
    pub header: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            delimiter: b',',
            decimal_comma: false,
            header: true,
        }
    }
}
