use datasets::RowScaling;
use detector::{Detector, DetectorError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Config, Device, Pipeline, RegistryError};

/// A method by name.
pub struct Method {
    /// The name used on the command line, in cells and in configurations.
    pub name: &'static str,
    /// What it is called in prose.
    pub title: &'static str,
    /// Where it was published and which numbers its defaults follow.
    pub source: &'static str,
    defaults: fn() -> Map<String, Value>,
    /// What each setting means, by key.
    settings: &'static [(&'static str, &'static str)],
    build: Build,
}

type Build = fn(Value, Device) -> Result<Box<dyn Detector>, BuildError>;

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
    Method {
        name: "iforest",
        title: "Isolation Forest",
        source: "Liu, Ting, Zhou 2008; defaults of PyOD and of the original paper: 100 trees of 256 rows",
        defaults: defaults::<baselines::IsolationForestConfig>,
        settings: &[
            ("trees", "number of trees"),
            ("sample-size", "rows drawn for each tree, at most all"),
            ("rng", "fast, or sklearn: the very trees of scikit-learn"),
        ],
        build: |config, _| make(config, baselines::IsolationForest::new),
    },
    Method {
        name: "ocsvm",
        title: "One-Class SVM",
        source: "Schölkopf et al. 2001; defaults of PyOD: RBF, nu = 0.5, gamma = 1/d",
        defaults: defaults::<baselines::OneClassSvmConfig>,
        settings: &[
            (
                "nu",
                "in (0, 1]: at most this share of the training rows lies outside",
            ),
            (
                "gamma",
                "width of the RBF kernel: auto (1/d), scale (1/(d·Var x)) or a number",
            ),
            (
                "tolerance",
                "largest violation of the optimality conditions when training stops",
            ),
            ("cache-mib", "memory for kernel rows, in MiB"),
            ("shrinking", "leave out of the search what stays at a bound"),
        ],
        build: |config, _| make(config, baselines::OneClassSvm::new),
    },
    Method {
        name: "copod",
        title: "COPOD",
        source: "Li et al. 2020; inductive by default, PyOD's transductive score on request",
        defaults: defaults::<baselines::CopodConfig>,
        settings: &[
            (
                "ecdf",
                "train: distribution functions of the training rows; train-and-test: as PyOD, where a score depends on the rows scored with it",
            ),
            (
                "constant-columns",
                "zero-skewness, or nan-to-zero: the published artefact that makes every score 0",
            ),
        ],
        build: |config, _| make(config, |config| Ok(baselines::Copod::new(config))),
    },
    #[cfg(feature = "torch")]
    Method {
        name: "ddpm",
        title: "DDPM (residual MLP)",
        source: "Livernoche et al. 2023 (arXiv 2305.18593), the authors' network and settings; scored by the mean-only walk behind the DDPM column of arXiv 2412.07539",
        defaults: defaults::<training::DdpmConfig>,
        settings: &[
            ("steps", "diffusion steps T"),
            (
                "start-step",
                "step from which the reverse walk starts when scoring; each costs one pass",
            ),
            (
                "walk",
                "mean-only, or ancestral: with noise injected at every step",
            ),
            ("epochs", "passes over the training rows, at most"),
            ("batch-size", "rows per optimiser step"),
            ("learning-rate", "of Adam"),
            ("weight-decay", "L2 penalty, added to the gradient"),
            (
                "drop-last",
                "leave out the rows of an epoch that do not fill a batch",
            ),
            (
                "early-stop-after",
                "last epoch, from 0, that is safe from the early stop",
            ),
            (
                "early-stop-lag",
                "stop when an epoch's mean loss exceeds that of this many epochs earlier",
            ),
            (
                "schedule",
                "β of each step: kind = linear with first and last, cosine, …",
            ),
        ],
        build: |config, device| {
            make(config, |config| {
                let device = match device {
                    Device::Cpu => tch::Device::Cpu,
                    Device::Cuda(index) => tch::Device::Cuda(index),
                };
                training::DiffusionDetector::new(config, device, |vs, d| {
                    let network = mlp::ResidualMlp::new(vs, d, &mlp::ResidualMlpConfig::default())?;
                    Ok(Box::new(network))
                })
                .map_err(DetectorError::from)
            })
        },
    },
    Method {
        name: "norm",
        title: "squared norm",
        source: "the floor every table shows: ‖x‖² of the scaled row, nothing is learned",
        defaults: defaults::<NoSettings>,
        settings: &[],
        build: |config, _| make(config, |NoSettings {}| Ok(baselines::Norm)),
    },
];

/// A method without settings of its own.
#[derive(Default, Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct NoSettings {}

impl Method {
    /// The default configuration.
    pub fn config(&self) -> Config {
        let mut values = (self.defaults)();
        values.insert(ROWS.to_owned(), Value::from("standard"));
        Config::new(self.name, values)
    }

    /// What the setting `key` means; empty for a key the method does not have.
    pub fn meaning(&self, key: &str) -> &'static str {
        let own = self.settings.iter();
        own.chain(&[(ROWS, ROWS_MEANING)])
            .find(|(name, _)| *name == key)
            .map_or("", |(_, meaning)| meaning)
    }

    /// The detector for `config`, its preprocessing in front.
    ///
    /// # Errors
    /// [`RegistryError::Value`] for a value of the wrong type, [`RegistryError::Detector`] for one
    /// that the method refuses.
    pub fn detector(&self, config: &Config, device: Device) -> Result<Pipeline, RegistryError> {
        let method = self.name;
        let value_error = |error: serde_json::Error| RegistryError::Value {
            method,
            message: error.to_string(),
        };
        let mut values = config.values().clone();
        let rows = values.remove(ROWS).unwrap_or_else(|| "standard".into());
        let rows: RowScaling = serde_json::from_value(rows).map_err(value_error)?;
        let detector =
            (self.build)(Value::Object(values), device).map_err(|error| match error {
                BuildError::Value(error) => value_error(error),
                BuildError::Detector(source) => RegistryError::Detector { method, source },
            })?;
        Ok(Pipeline::new(rows, detector))
    }
}

const ROWS: &str = "rows";
const ROWS_MEANING: &str = "scaling of the rows: standard (columns to mean 0, variance 1), l2 (rows over their norm), minmax (columns to [0, 1]), raw";

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

    #[test]
    fn every_setting_has_a_meaning_and_every_meaning_a_setting() {
        for method in methods() {
            let config = method.config();
            for key in config.values().keys() {
                assert_ne!(method.meaning(key), "", "{}.{key}", method.name);
            }
            for (key, _) in method.settings {
                assert!(config.values().contains_key(*key), "{}.{key}", method.name);
            }
        }
    }

    #[test]
    fn defaults_build_every_method() {
        for method in methods() {
            assert!(
                method.detector(&method.config(), Device::Cpu).is_ok(),
                "{}",
                method.name
            );
        }
    }
}
