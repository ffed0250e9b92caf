use residuum::ModelError;
use residuum::data::DataError;
use tables::TablesError;

use crate::failure::{Failure, exit};
use crate::place::cannot_write;

impl From<ModelError> for Failure {
    fn from(error: ModelError) -> Self {
        let text = text(&error);
        match error {
            ModelError::Data(error) => error.into(),
            ModelError::Registry(error) => error.into(),
            ModelError::Detector(error) => error.into(),
            ModelError::Write { path, source } => cannot_write(&path, &source),
            ModelError::Read { .. } => Self::new(exit::MISSING, text)
                .hint("`residuum fit DATA -o FILE.residuum` makes a model"),
            ModelError::File { .. } | ModelError::State(_) => Self::of_lines(exit::BAD_DATA, &text)
                .hint("a model is a file made by `residuum fit`; get it again where it is damaged"),
            ModelError::Calibration(conformal::ConformalError::TooFew { .. }) => Self::new(
                exit::BAD_DATA,
                text,
            )
            .hint("more rows, a larger --fpr, or no --confidence for a rate that holds on average"),
            ModelError::Calibration(_) => Self::new(exit::USAGE, text),
            ModelError::Share { .. } => {
                Self::new(exit::USAGE, text).hint("--calibration 0.2 holds one row in five out")
            }
            ModelError::NotCertified { .. } => Self::new(exit::USAGE, text).hint(
                "--calibration 0.2 holds rows out; without --confidence the rate is what to expect",
            ),
            ModelError::Folds { .. } => Self::new(exit::BAD_DATA, text)
                .hint("give more rows, or fewer folds: --calibration 2"),
            ModelError::Takes { .. } => Self::new(exit::USAGE, text).hint(
                "leave --method out, or take one that `residuum methods list` shows for these data",
            ),
            ModelError::Transductive { .. } => Self::new(exit::USAGE, text)
                .hint("leave the setting out: the default has no such effect"),
            ModelError::NoReasons => {
                Self::new(exit::USAGE, text).hint("methods on patches can: patch-wiener, padim")
            }
            ModelError::NotCalibrated => Self::new(exit::BAD_DATA, text).hint(
                "`residuum calibrate MODEL ROWS -o MODEL2` takes rows that it was not trained on",
            ),
            ModelError::Seen(_) => Self::new(exit::BAD_DATA, text).hint("give other rows"),
            ModelError::SeenKeys { .. } => Self::new(exit::BAD_DATA, text)
                .hint("give other rows, or another --key: a key names one record"),
            _ => Self::new(exit::INTERNAL, text),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Self {
        let hint = match &error {
            DataError::NoColumn { known, .. } => Some(format!("columns are {}", known.join(", "))),
            DataError::Missing { .. } => Some(
                "--missing mean fills it in and says so in a column, --missing drop leaves the row out"
                    .to_owned(),
            ),
            DataError::AllMissing { name } | DataError::NotFinite { name, .. } => {
                Some(format!("--drop {name} leaves the column out"))
            }
            DataError::Time { name } => Some(format!(
                "--time {name} holds the last rows out, --as-number {name} learns from it, --drop {name} leaves it out"
            )),
            DataError::Text { name, .. } => Some(format!(
                "--drop {name} leaves it out, --key {name} keeps it as the name of a row, --as-category {name} takes it as it is"
            )),
            DataError::NoColumns => Some("give --columns or a shorter --drop".to_owned()),
            _ => None,
        };
        Self::new(exit::BAD_DATA, error.to_string()).maybe_hint(hint)
    }
}

impl From<TablesError> for Failure {
    fn from(error: TablesError) -> Self {
        let hint = match &error {
            TablesError::Read { .. } => Some("give another file".to_owned()),
            TablesError::Write { .. } => Some(
                "give another place or make room; nothing that was finished is lost".to_owned(),
            ),
            _ => None,
        };
        let code = match error.is_io() {
            true => exit::MISSING,
            false => exit::BAD_DATA,
        };
        Self::new(code, error.to_string()).maybe_hint(hint)
    }
}

/// The error and its causes in one line.
fn text(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
