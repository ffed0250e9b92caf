use detector::DetectorError;

/// A method or a configuration that does not exist or cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// No method of that name.
    #[error("unknown method `{name}`")]
    UnknownMethod {
        /// What was given.
        name: String,
        /// What exists.
        known: Vec<&'static str>,
    },
    /// The method has no such setting.
    #[error("method `{method}` has no setting `{key}`")]
    UnknownKey {
        /// The method.
        method: &'static str,
        /// What was given.
        key: String,
        /// What exists.
        known: Vec<String>,
    },
    /// Not of the form `key=value`.
    #[error("`{0}` is not of the form key=value")]
    NotKeyValue(String),
    /// A configuration file that is not TOML.
    #[error("not valid TOML: {0}")]
    Toml(String),
    /// Settings inside of settings, too many to be meant.
    #[error("the settings nest deeper than {} tables", files::MOST_NESTED)]
    TooDeep,
    /// A value of the wrong type or out of range.
    #[error("configuration of `{method}`: {message}")]
    Value {
        /// The method.
        method: &'static str,
        /// What is wrong with which value.
        message: String,
    },
    /// The detector refused its configuration.
    #[error("configuration of `{method}`")]
    Detector {
        /// The method.
        method: &'static str,
        /// Why.
        source: DetectorError,
    },
    /// A method of the crate `networks` was to be built without it.
    #[error("method `{method}` needs libtorch")]
    NeedsLibtorch {
        /// The method.
        method: &'static str,
    },
    /// A device that is not there or not known.
    #[error("device `{device}`: {reason}")]
    Device {
        /// As it was asked for.
        device: String,
        /// Why it cannot be used.
        reason: &'static str,
    },
}

/// What helps against a [`RegistryError`]; whoever shows it finds the words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WayOut {
    /// One of these methods.
    Methods(Vec<&'static str>),
    /// One of these settings.
    Settings(Vec<String>),
    /// A setting of the form `key=value`.
    KeyValue,
    /// The defaults of this method and what they mean.
    Defaults(&'static str),
    /// A device of a known form.
    Devices,
    /// The crate `networks`.
    Networks,
}

impl RegistryError {
    /// The way out, where there is one.
    pub fn way_out(&self) -> Option<WayOut> {
        match self {
            Self::UnknownMethod { known, .. } => Some(WayOut::Methods(known.clone())),
            Self::UnknownKey { known, .. } => Some(WayOut::Settings(known.clone())),
            Self::NotKeyValue(_) => Some(WayOut::KeyValue),
            Self::Value { method, .. } | Self::Detector { method, .. } => {
                Some(WayOut::Defaults(method))
            }
            Self::Device { .. } => Some(WayOut::Devices),
            Self::NeedsLibtorch { .. } => Some(WayOut::Networks),
            Self::Toml(_) | Self::TooDeep => None,
        }
    }
}
