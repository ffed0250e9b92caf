//! Parts of a configuration: the tables that belong to a network and to images, and the rest.

use residuum::{BuildError, Setting, defaults, settings, settings_in, table};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The defaults of `config` with those of `N` as the table `network`.
pub(super) fn with_network<N: Default + Serialize>(config: &impl Serialize) -> Map<String, Value> {
    let mut values = table(config);
    values.insert("network".to_owned(), Value::Object(defaults::<N>()));
    values
}

/// The settings of `C` with those of `N` as the table `network`.
pub(super) fn settings_with_network<C: JsonSchema, N: JsonSchema>() -> Vec<Setting> {
    [settings::<C>(), settings_in::<N>("network")].concat()
}

/// Takes the table `network` out of a configuration, with the text that tells networks of `kind` apart.
pub(super) fn network<N: DeserializeOwned>(
    values: &mut Map<String, Value>,
    kind: &str,
) -> Result<(N, String), BuildError> {
    let network = values.remove("network").unwrap_or_default();
    let description = format!("{kind} {network}");
    Ok((serde_json::from_value(network)?, description))
}

/// Takes the table `images` out of a configuration.
pub(super) fn images<I: DeserializeOwned>(
    values: &mut Map<String, Value>,
) -> Result<I, BuildError> {
    Ok(serde_json::from_value(
        values.remove("images").unwrap_or_default(),
    )?)
}

/// What is left of a configuration.
pub(super) fn rest<C: DeserializeOwned>(values: Map<String, Value>) -> Result<C, BuildError> {
    Ok(serde_json::from_value(Value::Object(values))?)
}
