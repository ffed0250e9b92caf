use std::io;
use std::path::PathBuf;

use conformal::ConformalError;
use detector::{DetectorError, StateError};

use crate::data::DataError;
use crate::error::RegistryError;

/// Why a model cannot be fitted, stored, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// Data that it cannot take.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A method or a configuration that does not exist.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The method failed.
    #[error(transparent)]
    Detector(#[from] DetectorError),
    /// A decision that cannot be made: too few calibration rows, a rate outside its range.
    #[error(transparent)]
    Calibration(#[from] ConformalError),
    /// A share of rows to hold out that leaves none on one side.
    #[error(
        "{rows} rows cannot be divided into training rows and a share of {share} for calibration"
    )]
    Share {
        /// Rows there are.
        rows: usize,
        /// The share asked for.
        share: f64,
    },
    /// More folds than rows or groups.
    #[error("{parts} rows or groups cannot be divided into {folds} folds")]
    Folds {
        /// Rows or groups.
        parts: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// A confidence asked for where every row is scored by a detector of folds.
    #[error("scores of {folds} folds certify no rate: a confidence takes rows that are held out")]
    NotCertified {
        /// The folds.
        folds: usize,
    },
    /// A method of rows for images, or of images for rows.
    #[error("`{method}` takes {takes}, and the data are {found}")]
    Takes {
        /// The method.
        method: &'static str,
        /// What it takes.
        takes: &'static str,
        /// What was given.
        found: &'static str,
    },
    /// A form of a method whose scores depend on the rows that are scored together.
    #[error(
        "with {setting} a row's score depends on the rows scored with it: no model can hold that"
    )]
    Transductive {
        /// The setting.
        setting: String,
    },
    /// Calibration rows that the model was fitted to.
    #[error("{0}: a calibration on rows that the model has seen promises nothing")]
    Seen(String),
    /// Calibration rows with the keys of rows that the model was fitted to.
    #[error(
        "{rows} rows have the key of a row that the model was trained on, the first is {first:?}: a calibration on \
         rows that it has seen promises nothing"
    )]
    SeenKeys {
        /// How many.
        rows: usize,
        /// The key of the first.
        first: String,
    },
    /// A decision by a model that held no rows out.
    #[error(
        "the model is not calibrated: it was trained on all rows, so its scores have no p-values"
    )]
    NotCalibrated,
    /// A method that cannot say which places make an image odd.
    #[error("the method cannot say which places make an image odd")]
    NoReasons,
    /// A file that cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file that is not a model, or one that cannot be used.
    #[error("{} is not a model that can be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: StateError,
    },
    /// Stored content that cannot be.
    #[error(transparent)]
    State(#[from] StateError),
}

impl ModelError {
    /// The same error with its row, where it names one, as `place` counts rows.
    #[must_use]
    pub fn with_row(self, place: impl FnOnce(usize) -> usize) -> Self {
        match self {
            Self::Data(error) => Self::Data(error.with_row(place)),
            Self::Detector(error) => Self::Detector(error.with_row(place)),
            other => other,
        }
    }
}
