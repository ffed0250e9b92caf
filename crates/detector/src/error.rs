use std::error::Error;
use std::path::PathBuf;

use settings::Setting;

use crate::state::StateError;
use crate::way_out::WayOut;

/// Why a detector could not fit or score.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DetectorError {
    /// No rows or no columns.
    #[error("nothing to work on: {n} rows of {d} columns")]
    Empty {
        /// Rows found.
        n: usize,
        /// Columns found.
        d: usize,
    },
    /// A NaN or infinite value in the input.
    #[error("{value} at row {row}, column {column}: scores need finite values")]
    NotFinite {
        /// Row, from 0.
        row: usize,
        /// Column, from 0.
        column: usize,
        /// The value found.
        value: f64,
    },
    /// Images were given to a method that works on rows.
    #[error("this method takes rows of numbers, not images")]
    NotRows,
    /// Rows were given to a method that works on images.
    #[error("this method takes images, not rows of numbers")]
    NotImages,
    /// Images of another shape than in training.
    #[error(
        "images of {} channels, {} x {} pixels, but the detector was fitted to {} channels, {} x {}",
        found[0], found[1], found[2], trained[0], trained[1], trained[2]
    )]
    Shape {
        /// Channels, height and width in training.
        trained: [usize; 3],
        /// Channels, height and width found.
        found: [usize; 3],
    },
    /// A row whose score is not finite.
    #[error("the score of row {row} is {score}: its values are too large for the method")]
    Score {
        /// Row, from 0.
        row: usize,
        /// The score found.
        score: f64,
    },
    /// Another number of columns than in training.
    #[error("{found} columns, but the detector was fitted to {trained}")]
    Width {
        /// Columns in training.
        trained: usize,
        /// Columns found.
        found: usize,
    },
    /// A setting outside its range.
    #[error(transparent)]
    Setting(#[from] Setting),
    /// Asked to stop ([`Progress::interrupted`](crate::Progress::interrupted)).
    #[error("interrupted")]
    Interrupted,
    /// Something that the method needs is missing on this machine, such as weights to download.
    #[error("{what}")]
    Missing {
        /// What is missing and why.
        what: String,
        /// The way out, where there is one.
        way_out: Option<WayOut>,
    },
    /// Memory runs out, or would.
    #[error("{0}")]
    Memory(String),
    /// A file or folder cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A stored detector that cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The method itself failed: too few rows, no convergence, a NaN loss.
    #[error(transparent)]
    Method(Box<dyn Error + Send + Sync>),
}

/// What kind of failure an error is; a program maps it to an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// A setting that cannot be.
    Setting,
    /// Rows or images that the method cannot take, or a stored detector that cannot be used.
    Input,
    /// Something is missing on this machine.
    Missing,
    /// Memory does not suffice.
    Memory,
    /// A file or folder cannot be read or written.
    Io,
    /// Asked to stop.
    Interrupted,
    /// The method failed on these data.
    Method,
}

impl DetectorError {
    /// A failure of the method itself, in words.
    pub fn method(reason: impl Into<String>) -> Self {
        Self::Method(reason.into().into())
    }

    /// The same error with its row, where it names one, as `place` counts rows.
    #[must_use]
    pub fn with_row(mut self, place: impl FnOnce(usize) -> usize) -> Self {
        if let Self::NotFinite { row, .. } | Self::Score { row, .. } = &mut self {
            *row = place(*row);
        }
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Setting(_) => ErrorKind::Setting,
            Self::Empty { .. }
            | Self::NotFinite { .. }
            | Self::NotRows
            | Self::NotImages
            | Self::Shape { .. }
            | Self::Score { .. }
            | Self::Width { .. }
            | Self::State(_) => ErrorKind::Input,
            Self::Missing { .. } => ErrorKind::Missing,
            Self::Memory(_) => ErrorKind::Memory,
            Self::Io { .. } => ErrorKind::Io,
            Self::Interrupted => ErrorKind::Interrupted,
            Self::Method(_) => ErrorKind::Method,
        }
    }
}
