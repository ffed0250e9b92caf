mod classical;
#[cfg(feature = "torch")]
mod diffusion;
#[cfg(feature = "torch")]
mod diffusion_time;
#[cfg(feature = "torch")]
mod features;
#[cfg(feature = "torch")]
mod pixels;

use detector::{Detector, DetectorError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

#[cfg(feature = "torch")]
pub(crate) use diffusion::tch_device;

use crate::pipeline::Numbers;
use crate::{Config, Pipeline, RegistryError, RowScaling, Runtime};

/// A method by name.
pub struct Method {
    /// The name used on the command line, in cells and in configurations.
    pub name: &'static str,
    /// What it is called in prose.
    pub title: &'static str,
    /// Where it was published and which numbers its defaults follow.
    pub source: &'static str,
    /// How rows are scaled unless the configuration says otherwise; [`AS_IMAGES`] for a method that
    /// takes images.
    rows: &'static str,
    /// The number type it computes in unless the configuration says otherwise: `file` or `float32`.
    numbers: &'static str,
    defaults: fn() -> Map<String, Value>,
    /// What each setting means, by key; those inside a table with its name and a dot before them.
    settings: &'static [Settings],
    build: Build,
}

/// What a method is fitted to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Rows of numbers; images become rows of their pixels.
    Rows,
    /// Images; rows are an error.
    Images,
}

/// In the place of a scaling of rows, for methods that take images.
const AS_IMAGES: &str = "";

/// Settings with their meaning, in groups that methods share.
type Settings = &'static [(&'static str, &'static str)];
type Build = fn(Value, &Runtime) -> Result<Box<dyn Detector>, BuildError>;

enum BuildError {
    Value(serde_json::Error),
    Detector(DetectorError),
}

/// Every method of this build, in the order of the tables.
pub fn methods() -> &'static [Method] {
    METHODS
}

/// The method called `name`.
///
/// # Errors
/// [`RegistryError::UnknownMethod`].
pub fn find(name: &str) -> Result<&'static Method, RegistryError> {
    METHODS
        .iter()
        .find(|method| method.name == name)
        .ok_or_else(|| RegistryError::UnknownMethod(name.to_owned()))
}

const METHODS: &[Method] = &[
    classical::ISOLATION_FOREST,
    classical::ONE_CLASS_SVM,
    classical::COPOD,
    classical::ECOD,
    classical::HBOS,
    classical::KNN,
    classical::LOF,
    classical::FEATURE_BAGGING,
    classical::PCA,
    classical::MCD,
    classical::LINEAR_DENOISER,
    classical::WIENER,
    #[cfg(feature = "torch")]
    diffusion::DDPM,
    #[cfg(feature = "torch")]
    diffusion::DIT,
    #[cfg(feature = "torch")]
    diffusion_time::CATEGORICAL,
    #[cfg(feature = "torch")]
    diffusion_time::INVERSE_GAMMA,
    classical::NON_PARAMETRIC,
    #[cfg(feature = "torch")]
    diffusion_time::TCCM,
    #[cfg(feature = "torch")]
    pixels::DDPM_UNET,
    #[cfg(feature = "torch")]
    pixels::DIT_PIXELS,
    #[cfg(feature = "torch")]
    pixels::DTE_C_CONV,
    #[cfg(feature = "torch")]
    features::PADIM,
    #[cfg(feature = "torch")]
    features::PATCH_KNN,
    #[cfg(feature = "torch")]
    features::PATCH_DDPM,
    #[cfg(feature = "torch")]
    features::PATCH_DIT,
    classical::NORM,
];

impl Method {
    /// The default configuration.
    pub fn config(&self) -> Config {
        let mut values = (self.defaults)();
        if self.takes() == Takes::Rows {
            values.insert(ROWS.to_owned(), Value::from(self.rows));
            values.insert(NUMBERS.to_owned(), Value::from(self.numbers));
        }
        Config::new(self.name, values)
    }

    /// Whether it is fitted to rows or to images.
    pub fn takes(&self) -> Takes {
        match self.rows {
            AS_IMAGES => Takes::Images,
            _ => Takes::Rows,
        }
    }

    /// What the setting `key` means; empty for a key the method does not have.
    pub fn meaning(&self, key: &str) -> &'static str {
        let own = self.settings.iter().copied().flatten();
        own.chain(&[(ROWS, ROWS_MEANING), (NUMBERS, NUMBERS_MEANING)])
            .find(|(name, _)| *name == key)
            .map_or("", |(_, meaning)| meaning)
    }

    /// The detector for `config`, its preprocessing in front.
    ///
    /// # Errors
    /// [`RegistryError::Value`] for a value of the wrong type, [`RegistryError::Detector`] for one
    /// that the method refuses.
    pub fn detector(&self, config: &Config, runtime: &Runtime) -> Result<Pipeline, RegistryError> {
        let method = self.name;
        let value_error = |error: serde_json::Error| RegistryError::Value {
            method,
            message: error.to_string(),
        };
        let mut values = config.values().clone();
        let rows = values.remove(ROWS).unwrap_or_else(|| self.rows.into());
        let numbers = values.remove(NUMBERS);
        let numbers = numbers.unwrap_or_else(|| self.numbers.into());
        let detector =
            (self.build)(Value::Object(values), runtime).map_err(|error| match error {
                BuildError::Value(error) => value_error(error),
                BuildError::Detector(source) => RegistryError::Detector { method, source },
            })?;
        match self.takes() {
            Takes::Images => Ok(Pipeline::of_images(detector)),
            Takes::Rows => {
                let rows: RowScaling = serde_json::from_value(rows).map_err(value_error)?;
                let numbers: Numbers = serde_json::from_value(numbers).map_err(value_error)?;
                Ok(Pipeline::in_numbers(rows, numbers, detector))
            }
        }
    }
}

const ROWS: &str = "rows";
const ROWS_MEANING: &str = "scaling of the rows: standard (columns to mean 0, variance 1), l2 (rows over their norm), minmax (columns to [0, 1]), raw";

const NUMBERS: &str = "numbers";
const NUMBERS_MEANING: &str = "number type it computes in: file (32 or 64 bits, as the rows came) or float32 (rounded after scaling); networks compute in 32 bits";
const FILE: &str = "file";
#[cfg(feature = "torch")]
const FLOAT32: &str = "float32";

fn defaults<C: Default + Serialize>() -> Map<String, Value> {
    match serde_json::to_value(C::default()) {
        Ok(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn make<C: DeserializeOwned, D: Detector + 'static>(
    config: Value,
    new: impl FnOnce(C) -> Result<D, DetectorError>,
) -> Result<Box<dyn Detector>, BuildError> {
    let config = serde_json::from_value(config).map_err(BuildError::Value)?;
    let detector = new(config).map_err(BuildError::Detector)?;
    Ok(Box::new(detector))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The keys of a configuration; those inside a table with its name and a dot before them.
    fn keys(values: &Map<String, Value>) -> Vec<String> {
        let nested = |(key, value): (&String, &Value)| match value {
            // Which keys are in a table with a `kind` depends on it: the table is one setting.
            Value::Object(table) if !table.contains_key("kind") => keys(table)
                .iter()
                .map(|inner| format!("{key}.{inner}"))
                .collect(),
            _ => vec![key.clone()],
        };
        values.iter().flat_map(nested).collect()
    }

    #[test]
    fn every_setting_has_a_meaning_and_every_meaning_a_setting() {
        for method in methods() {
            let keys = keys(method.config().values());
            for key in &keys {
                assert_ne!(method.meaning(key), "", "{}.{key}", method.name);
            }
            for (key, _) in method.settings.iter().copied().flatten() {
                assert!(keys.iter().any(|k| k == key), "{}.{key}", method.name);
            }
        }
    }

    #[test]
    fn defaults_build_every_method() {
        for method in methods() {
            let detector = method.detector(&method.config(), &Runtime::cpu());
            assert!(detector.is_ok(), "{}", method.name);
        }
    }
}
