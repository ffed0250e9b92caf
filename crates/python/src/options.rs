use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use residuum::data::{Missing, Roles};
use residuum::{Calibrating, FitOptions, ModelError, RowKind, Target};
use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// How a model is fitted, as the package writes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Options {
    /// None chooses.
    method: Option<String>,
    /// Overrides of the method's defaults.
    settings: Map<String, Value>,
    kind: Option<RowKind>,
    only: Vec<String>,
    drop: Vec<String>,
    as_number: Vec<String>,
    as_category: Vec<String>,
    key: Option<String>,
    label: Option<String>,
    group: Option<String>,
    time: Option<String>,
    missing: Missing,
    /// A share, or a whole number of folds.
    calibration: Option<Number>,
    rate: f64,
    confidence: Option<f64>,
    seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            method: None,
            settings: Map::new(),
            kind: None,
            only: Vec::new(),
            drop: Vec::new(),
            as_number: Vec::new(),
            as_category: Vec::new(),
            key: None,
            label: None,
            group: None,
            time: None,
            missing: Missing::default(),
            calibration: None,
            rate: RATE,
            confidence: None,
            seed: 0,
        }
    }
}

/// The rate where none is asked for.
const RATE: f64 = 0.01;
/// The confidence where a rate is kept as far as the rows allow.
const CONFIDENCE: f64 = 0.95;

impl Options {
    pub(crate) fn read(text: &str) -> PyResult<Self> {
        serde_json::from_str(text)
            .map_err(|error| PyValueError::new_err(format!("the settings: {error}")))
    }

    pub(crate) fn fit_options(self) -> Result<FitOptions<'static>, ModelError> {
        let method = match &self.method {
            None => None,
            Some(name) => {
                let mut config = residuum::find(name)?.config();
                config.set_all(&self.settings)?;
                Some(config)
            }
        };
        Ok(FitOptions {
            method,
            kind: self.kind,
            calibration: self.calibration.as_ref().map(calibrating),
            target: target(self.rate, self.confidence),
            seed: self.seed,
            missing: self.missing,
            roles: Roles {
                only: self.only,
                drop: self.drop,
                as_number: self.as_number,
                as_category: self.as_category,
                key: self.key,
                label: self.label,
                group: self.group,
                time: self.time,
            },
            ..FitOptions::new(residuum::methods())
        })
    }
}

/// With a confidence the rate is certified or an error, as with the program's options; without one it is kept as far
/// as the rows allow.
pub(crate) fn target(rate: f64, confidence: Option<f64>) -> Target {
    match confidence {
        Some(confidence) => Target::Certified { rate, confidence },
        None => Target::AsFarAsPossible {
            rate,
            confidence: CONFIDENCE,
        },
    }
}

/// Beyond the range of either the façade says what is wrong.
fn calibrating(number: &Number) -> Calibrating {
    let folds = number
        .as_u64()
        .and_then(|folds| usize::try_from(folds).ok());
    match folds {
        Some(folds) => Calibrating::Folds(folds),
        None => Calibrating::Share(number.as_f64().unwrap_or(f64::NAN)),
    }
}
