use conformal::alarms_per_day;
use experiment::Machine;
use residuum::data::Missing;
use residuum::{Calibrating, Config, Method, RowKind, Target};

use crate::failure::{Failure, exit};
use crate::own_args::Rates;

/// Out-of-fold scores of a row hang together in ways that the proof does not allow for.
pub(super) const FOLDS_AND_FDR: &str = "the model was calibrated in folds: the false discovery rate is what to expect, \
     not what is proved; `residuum calibrate` on other normal rows mends that";

/// The methods of this program.
pub(super) fn methods(machine: &Machine) -> &'static [Method] {
    machine
        .networks
        .map_or_else(residuum::methods, |networks| networks.methods())
}

/// What the threshold has to keep.
pub(super) fn target(rates: &Rates) -> Result<Target, Failure> {
    let asked = match (rates.fpr, rates.alarms_per_day, rates.rows_per_day) {
        (Some(rate), ..) => Some(rate),
        (_, Some(alarms), Some(rows)) => Some(
            alarms_per_day(alarms, rows)
                .map_err(|error| Failure::new(exit::USAGE, error.to_string()))?,
        ),
        _ => None,
    };
    let share = |option: &str, value: Option<f64>| match value {
        Some(value) if !(value > 0.0 && value < 1.0) => {
            let message = format!("{option} {value}: expected a number between 0 and 1");
            Err(Failure::new(exit::USAGE, message))
        }
        value => Ok(value),
    };
    let (rate, confidence) = (
        share("--fpr", asked)?,
        share("--confidence", rates.confidence)?,
    );
    Ok(match (rate, confidence) {
        (rate, Some(confidence)) => Target::Certified {
            rate: rate.unwrap_or(0.01),
            confidence,
        },
        (Some(rate), None) => Target::AsFarAsPossible {
            rate,
            confidence: 0.95,
        },
        (None, None) => Target::default(),
    })
}

/// How rows calibrate.
pub(super) fn calibrating(text: Option<&str>) -> Result<Option<Calibrating>, Failure> {
    let Some(text) = text else { return Ok(None) };
    if let Ok(folds @ 2..=100) = text.parse::<usize>() {
        return Ok(Some(Calibrating::Folds(folds)));
    }
    match text.parse::<f64>() {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(Some(Calibrating::Share(share))),
        _ => {
            let message = format!(
                "--calibration {text}: expected a share between 0 and 1, or 2 to 100 folds"
            );
            Err(Failure::new(exit::USAGE, message))
        }
    }
}

/// What is done where a value is missing.
pub(super) fn missing(text: &str) -> Result<Missing, Failure> {
    let all = [Missing::Error, Missing::Mean, Missing::Drop];
    let found = all.into_iter().find(|missing| missing.as_str() == text);
    found.ok_or_else(|| {
        let message = format!("--missing {text}: expected error, mean or drop");
        Failure::new(exit::USAGE, message)
    })
}

/// What rows are said to be.
pub(super) fn kind(text: Option<&str>) -> Result<Option<RowKind>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let all = [RowKind::Table, RowKind::Embedding];
    match all.into_iter().find(|kind| kind.as_str() == text) {
        Some(kind) => Ok(Some(kind)),
        None => {
            let message = format!("--kind {text}: expected table or embedding");
            Err(Failure::new(exit::USAGE, message))
        }
    }
}

/// A method with its settings; `None` for `auto`, which has none.
pub(super) fn method(
    name: &str,
    file: Option<&std::path::Path>,
    settings: &[String],
) -> Result<Option<Config>, Failure> {
    if name != "auto" {
        let config = residuum::find(name)?.config();
        return crate::run::with_settings(config, file, settings).map(Some);
    }
    if file.is_some() || !settings.is_empty() {
        let message = "--config and --set are for a method that is named";
        return Err(Failure::new(exit::USAGE, message)
            .hint("--method wiener, for one; `residuum methods list` shows all"));
    }
    Ok(None)
}
