use std::sync::LazyLock;

use detector::{Detector, DetectorError};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::config::Config;
use crate::error::RegistryError;
use crate::meaning::{Setting, settings};
use crate::pipeline::{Numbers, Pipeline};
use crate::runtime::Runtime;
use crate::scaling::RowScaling;

/// A method by name.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Method {
    /// The name used on the command line, in cells and in configurations.
    pub name: &'static str,
    /// What it is called in prose.
    pub title: &'static str,
    /// Where it was published and which numbers its defaults follow.
    pub source: &'static str,
    /// What it is fitted to.
    pub takes: Takes,
    /// The default configuration, without what all methods of rows have.
    pub defaults: Map<String, Value>,
    /// What each setting means, as [`settings`](crate::settings) reads it from the configuration's documentation.
    pub settings: Vec<Setting>,
    /// Whether it needs libtorch, and so the crate `networks`.
    pub needs_libtorch: bool,
    /// Seconds that one core needs with the defaults to fit 2500 and score 2763 rows of 512 columns, roughly:
    /// a sweep orders its cells by them. `None` of a network, which takes a minute or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Makes the detector; `None` where that takes libtorch and this crate only describes the method.
    #[serde(skip)]
    pub build: Option<Build>,
}

/// What a method is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Takes {
    /// Rows of numbers, scaled and in these numbers unless the configuration says otherwise; images become
    /// rows of their pixels.
    Rows(RowScaling, Numbers),
    /// Images; rows are an error.
    Images,
}

/// Makes a detector of a configuration without the keys of [`Takes::Rows`].
pub type Build = fn(Map<String, Value>, &Runtime) -> Result<Box<dyn Detector>, BuildError>;

/// Why a configuration does not become a detector.
#[derive(Debug)]
pub enum BuildError {
    /// A value of the wrong type.
    Value(serde_json::Error),
    /// One that the method refuses.
    Detector(DetectorError),
}

impl From<serde_json::Error> for BuildError {
    fn from(error: serde_json::Error) -> Self {
        Self::Value(error)
    }
}

impl From<DetectorError> for BuildError {
    fn from(error: DetectorError) -> Self {
        Self::Detector(error)
    }
}

/// What methods of rows have besides their own settings.
#[derive(Serialize, JsonSchema)]
struct OfRows {
    /// What is done to rows before the method sees them.
    rows: RowScaling,
    /// Number type that it computes in.
    numbers: Numbers,
}

impl Method {
    /// The default configuration.
    pub fn config(&self) -> Config {
        let mut values = self.defaults.clone();
        if let Takes::Rows(rows, numbers) = self.takes {
            values.extend(table(&OfRows { rows, numbers }));
        }
        Config::new(self.name, values)
    }

    /// What the setting `key` means; empty for a key the method does not have.
    pub fn meaning(&self, key: &str) -> &str {
        static OF_ROWS: LazyLock<Vec<Setting>> = LazyLock::new(settings::<OfRows>);
        let of_rows: &[Setting] = match self.takes {
            Takes::Rows(..) => &OF_ROWS,
            Takes::Images => &[],
        };
        let mut known = self.settings.iter().chain(of_rows);
        known
            .find(|(name, _)| name == key)
            .map_or("", |(_, meaning)| meaning)
    }

    /// The detector for `config`, its preprocessing in front.
    ///
    /// # Errors
    /// [`RegistryError::Value`] for a value of the wrong type, [`RegistryError::Detector`] for one
    /// that the method refuses, [`RegistryError::NeedsLibtorch`] for a method of the crate `networks`
    /// that comes from this one.
    pub fn detector(&self, config: &Config, runtime: &Runtime) -> Result<Pipeline, RegistryError> {
        let method = self.name;
        let build = self.build.ok_or(RegistryError::NeedsLibtorch { method })?;
        let value_error = |error: serde_json::Error| RegistryError::Value {
            method,
            message: error.to_string(),
        };
        let mut values = config.values().clone();
        let (rows, numbers) = (values.remove("rows"), values.remove("numbers"));
        let detector = build(values, runtime).map_err(|error| match error {
            BuildError::Value(error) => value_error(error),
            BuildError::Detector(source) => RegistryError::Detector { method, source },
        })?;
        let Takes::Rows(scaling, of_numbers) = self.takes else {
            return Ok(Pipeline::of_images(detector));
        };
        let scaling = rows.map_or(Ok(scaling), serde_json::from_value);
        let numbers = numbers.map_or(Ok(of_numbers), serde_json::from_value);
        Ok(Pipeline::in_numbers(
            scaling.map_err(value_error)?,
            numbers.map_err(value_error)?,
            detector,
        ))
    }
}

/// The defaults of a configuration as values.
pub fn defaults<C: Default + Serialize>() -> Map<String, Value> {
    table(&C::default())
}

/// A configuration as values.
pub fn table(config: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(config) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

/// The detector that `new` makes of a configuration of type `C`.
///
/// # Errors
/// [`BuildError`] for values that `C` or `new` do not take.
pub fn make<C: DeserializeOwned, D: Detector + 'static>(
    values: Map<String, Value>,
    new: impl FnOnce(C) -> Result<D, DetectorError>,
) -> Result<Box<dyn Detector>, BuildError> {
    let config = serde_json::from_value(Value::Object(values))?;
    Ok(Box::new(new(config)?))
}
