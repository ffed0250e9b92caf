use std::io;
use std::path::PathBuf;

/// Why a run cannot be loaded or its report not be written.
///
/// A single cell or published table that cannot be read is no such error: it is named in the report,
/// and the rest is shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file or folder of the run cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// `tables.json` is cut off or not what it should be.
    #[error("{} is not a list of tables: {source}", path.display())]
    Tables {
        /// The file.
        path: PathBuf,
        /// Place and reason.
        source: serde_json::Error,
    },
    /// A table's id cannot name a file, or two tables would share one.
    #[error("table id `{id}` in {}: {reason}", path.display())]
    TableId {
        /// The id.
        id: String,
        /// The `tables.json` it stands in.
        path: PathBuf,
        /// What an id must be.
        reason: &'static str,
    },
    /// The cells cannot be put into one table.
    #[error("cannot make the table of results: {source}")]
    Encode {
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A result cannot be written. Nothing half-written is left.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A run has no averages to keep.
    #[error("no averages to write to {}: nothing of the run stands beside a published mean over seeds (expected a table with `published_families`, and finished cells of every seed)", path.display())]
    NoAverages {
        /// The file that was asked for.
        path: PathBuf,
    },
    /// Averages that were kept are not what was written, or have no place in a document.
    #[error("averages in {}: {reason}", path.display())]
    Kept {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
