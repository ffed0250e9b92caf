//! Errors as exceptions of the right kind, with the way out in Python's words.

use std::error::Error;
use std::io;
use std::path::Path;

use conformal::ConformalError;
use detector::{DetectorError, ErrorKind};
use files::NotReadable;
use pyo3::exceptions::{
    PyKeyboardInterrupt, PyMemoryError, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;
use residuum::data::DataError;
use residuum::{ModelError, RegistryError, WayOut};

/// The exception of an error of the façade.
pub(crate) fn raised(error: ModelError) -> PyErr {
    let message = with_hint(text(&error), hint(&error));
    match &error {
        ModelError::Read { path, source } | ModelError::Write { path, source } => {
            of_file(path, source, message)
        }
        ModelError::Registry(RegistryError::NeedsLibtorch { .. }) => {
            PyRuntimeError::new_err(message)
        }
        ModelError::Registry(RegistryError::Detector { source, .. })
        | ModelError::Detector(source) => of_kind(source, message),
        _ => PyValueError::new_err(message),
    }
}

/// The exception of any other error of a value.
pub(crate) fn refused(error: impl Error) -> PyErr {
    PyValueError::new_err(text(&error))
}

fn of_kind(error: &DetectorError, message: String) -> PyErr {
    match error.kind() {
        ErrorKind::Setting | ErrorKind::Input | ErrorKind::Method => PyValueError::new_err(message),
        ErrorKind::Memory => PyMemoryError::new_err(message),
        ErrorKind::Interrupted => PyKeyboardInterrupt::new_err(message),
        ErrorKind::Missing => PyRuntimeError::new_err(message),
        ErrorKind::Io => match error {
            DetectorError::Io { path, source } => of_file(path, source, message),
            _ => PyOSError::new_err(message),
        },
    }
}

/// With the system's number Python finds the subclass, such as FileNotFoundError.
fn of_file(path: &Path, source: &io::Error, message: String) -> PyErr {
    let error = of_system(source).unwrap_or(source);
    match error.raw_os_error() {
        Some(number) => {
            let text = error.to_string();
            let text = text
                .split(" (os error")
                .next()
                .unwrap_or_default()
                .to_owned();
            PyOSError::new_err((number, text, path.display().to_string()))
        }
        None => PyOSError::new_err(message),
    }
}

/// The system's own error, where it is one or holds one.
fn of_system(error: &io::Error) -> Option<&io::Error> {
    match error.get_ref()?.downcast_ref::<NotReadable>()? {
        NotReadable::Io(error) => Some(error),
        NotReadable::NotAFile { .. } => None,
    }
}

fn hint(error: &ModelError) -> Option<String> {
    let hint = match error {
        ModelError::Data(error) => return of_data(error),
        ModelError::Registry(error) => return of_registry(error),
        ModelError::Calibration(ConformalError::TooFew { .. }) => {
            "give more rows, a larger fpr, or no confidence for a rate that holds on average"
        }
        ModelError::Share { .. } => "calibration=0.2 holds one row in five out",
        ModelError::Folds { .. } => "give more rows, or fewer folds: calibration=2",
        ModelError::Takes { .. } => "images are for the program `residuum`",
        ModelError::NotCalibrated => {
            "calibrate(X) takes rows that it was not trained on; Detector holds some out by itself"
        }
        ModelError::Seen(_) => "give other rows",
        ModelError::File { .. } | ModelError::State(_) => {
            "a model is a file made by save, or by the program's `residuum fit`"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn of_data(error: &DataError) -> Option<String> {
    Some(match error {
        DataError::NoColumn { known, .. } => format!("columns are {}", known.join(", ")),
        DataError::Missing { .. } => {
            "Detector(missing=\"mean\") fills it in and says so in a column, Detector(missing=\"drop\") leaves the row out"
                .to_owned()
        }
        DataError::AllMissing { name } => format!("Detector(drop=[{name:?}]) leaves the column out"),
        DataError::Time { name } => format!(
            "Detector(time={name:?}) holds the last rows out, as_number=[{name:?}] learns from it, drop=[{name:?}] leaves it out"
        ),
        DataError::TextDates { name, .. } => format!(
            "Detector(drop=[{name:?}]) leaves it out, as_category=[{name:?}] takes it as it is; pandas.to_datetime makes dates of it"
        ),
        DataError::NotNumber { .. } => "pandas.to_numeric makes numbers of text".to_owned(),
        DataError::NotTime { .. } => "pandas.to_datetime makes dates of text".to_owned(),
        DataError::Text { name, .. } => format!(
            "Detector(drop=[{name:?}]) leaves it out, key={name:?} keeps it as the name of a row, as_category=[{name:?}] takes it as it is"
        ),
        _ => return None,
    })
}

fn of_registry(error: &RegistryError) -> Option<String> {
    Some(match error.way_out()? {
        WayOut::Methods(known) => format!("methods are {}", known.join(", ")),
        WayOut::Settings(known) => format!("settings are {}", known.join(", ")),
        WayOut::Networks => {
            "this package has no networks; the program has: `residuum score MODEL DATA`".to_owned()
        }
        _ => return None,
    })
}

fn with_hint(message: String, hint: Option<String>) -> String {
    match hint {
        Some(hint) => format!("{message}; {hint}"),
        None => message,
    }
}

/// The error and its causes in one line.
fn text(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // Where an error passes its cause through it has said it already.
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
