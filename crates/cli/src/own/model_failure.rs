use columns::Kind;
use residuum::ModelError;
use residuum::data::{DataError, Roles};
use tables::TablesError;

use crate::failure::{Failure, exit};
use crate::own::names::listed;
use crate::place::cannot_write;
use crate::shell::option;

/// Of fewer rows one in five is none.
const LEAST: usize = 3;

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
            // One row in five is what is held out where nothing is asked for.
            ModelError::Share { rows, share } if rows < LEAST || share == 0.2 => {
                Self::new(exit::BAD_DATA, text).hint(
                    "give more rows; where a group or a key keeps rows together, more of these",
                )
            }
            ModelError::Share { .. } => {
                Self::new(exit::USAGE, text).hint("--calibration 0.2 holds one row in five out")
            }
            ModelError::NotCertified { .. } => Self::new(exit::USAGE, text).hint(
                "--calibration 0.2 holds rows out; without --confidence the rate is what to expect",
            ),
            ModelError::Folds { parts: 0 | 1, .. } => {
                Self::new(exit::BAD_DATA, text).hint("give more rows, or rows of more groups")
            }
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
        of_data(&error, When::Later { is_table: true })
    }
}

/// When data are refused, which decides what helps.
#[derive(Debug, Clone, Copy)]
pub(super) enum When<'a> {
    /// While a model is fitted to a table: options of this command help.
    Fitting(&'a Roles),
    /// While it is used, or fitted to an array: options of `fit` help after another fit to a table.
    Later {
        /// Whether the data are a table.
        is_table: bool,
    },
}

/// Data that cannot be taken, with what helps.
pub(super) fn of_data(error: &DataError, when: When<'_>) -> Failure {
    let hint = match (error, when) {
        (DataError::NoColumn { known, .. }, _) if !known.is_empty() => {
            Some(format!("columns are {}", listed(known)))
        }
        (DataError::NotNumber { .. }, _) => Some(NUMBERS.to_owned()),
        (DataError::NotTime { .. }, _) => Some(MOMENTS.to_owned()),
        (_, When::Fitting(roles)) => while_fitting(error, roles),
        (DataError::Missing { .. }, When::Later { .. }) => Some(
            "fit again with --missing mean, which fills it in, or --missing drop, which gives such a row no score"
                .to_owned(),
        ),
        (DataError::NotFinite { name, .. }, When::Later { is_table: true }) => Some(format!(
            "mend the value, leave the row out, or fit again with {}",
            option("--drop", name)
        )),
        (DataError::NotFinite { .. }, When::Later { is_table: false }) => Some(
            "mend the value, or leave such rows out: X[numpy.isfinite(X).all(axis=1)]".to_owned(),
        ),
        _ => None,
    };
    let code = match error {
        DataError::Roles { .. } => exit::USAGE,
        _ => exit::BAD_DATA,
    };
    Failure::new(code, error.to_string()).maybe_hint(hint)
}

/// What helps against an error of a table that a model is fitted to: options that go with those given.
fn while_fitting(error: &DataError, roles: &Roles) -> Option<String> {
    let without = |name: &str| match roles.only.is_empty() {
        true => format!("{} leaves the column out", option("--drop", name)),
        false => format!("--columns without `{name}` leaves it out"),
    };
    let special = |name: &str, what: &str, is_free: bool, does: &str| {
        let is_given = roles.only.iter().any(|column| column == name);
        (is_free && !is_given).then(|| format!("{} {does}", option(what, name)))
    };
    let ways =
        |ways: [Option<String>; 3]| Some(ways.into_iter().flatten().collect::<Vec<_>>().join(", "));
    match error {
        DataError::Missing { .. } => Some(
            "--missing mean fills it in and says so in a column, --missing drop leaves the row out"
                .to_owned(),
        ),
        DataError::AllMissing { name } => Some(without(name)),
        DataError::NotFinite { name, .. } => Some(format!(
            "mend the value or leave the row out; {}",
            without(name)
        )),
        DataError::Time { name } => {
            let is_free = roles.time.is_none() && roles.group.is_none();
            ways([
                special(name, "--time", is_free, "holds the last rows out"),
                Some(format!("{} learns from it", option("--as-number", name))),
                Some(without(name)),
            ])
        }
        DataError::Text { name, .. } => ways([
            Some(without(name)),
            special(
                name,
                "--key",
                roles.key.is_none(),
                "keeps it as the name of a row",
            ),
            Some(format!(
                "{} takes it as it is",
                option("--as-category", name)
            )),
        ]),
        DataError::TextDates { name, .. } => ways([
            Some(without(name)),
            Some(format!(
                "{} takes it as it is",
                option("--as-category", name)
            )),
            Some("written as 2026-01-31 it can be the --time, or a number".to_owned()),
        ]),
        DataError::NoColumns if roles.drop.is_empty() => Some(
            "what names rows, labels, groups and times is not learned from: give other columns too"
                .to_owned(),
        ),
        DataError::NoColumns => Some("give a shorter --drop".to_owned()),
        _ => None,
    }
}

/// The ways out where text is no number, and where it is no moment.
const NUMBERS: &str = "mend the cell, or empty it where the value is missing; thousands separators and units are not read";
const MOMENTS: &str = "dates and times are read as ISO 8601 writes them: 2026-01-31, 2026-01-31 12:30, 2026-01-31T12:30:15Z; \
     numbers do as well";

impl From<TablesError> for Failure {
    fn from(error: TablesError) -> Self {
        let hint = match &error {
            TablesError::Read { .. } => Some("give another file".to_owned()),
            TablesError::Write { .. } => Some(
                "give another place or make room; nothing that was finished is lost".to_owned(),
            ),
            TablesError::Value { value, kind, .. } => match kind {
                kind if is_comma_number(value, *kind) => {
                    Some("--decimal-comma reads such numbers".to_owned())
                }
                Kind::Float32 | Kind::Float64 | Kind::Integer => Some(NUMBERS.to_owned()),
                Kind::Time => Some(MOMENTS.to_owned()),
                Kind::Boolean | Kind::Text => None,
            },
            _ => None,
        };
        let code = match error.is_io() {
            true => exit::MISSING,
            false => exit::BAD_DATA,
        };
        Self::new(code, error.to_string()).maybe_hint(hint)
    }
}

/// Whether a value is a number but for its decimal comma.
fn is_comma_number(value: &str, wanted: Kind) -> bool {
    let is_number = matches!(wanted, Kind::Float32 | Kind::Float64 | Kind::Integer);
    is_number && value.contains(',') && value.trim().replace(',', ".").parse::<f64>().is_ok()
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
