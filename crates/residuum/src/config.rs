use serde_json::{Map, Value};

use crate::RegistryError;

/// A method's configuration: flat keys with JSON values, `rows` among them.
///
/// Starts as the method's defaults; every change is checked against the keys the method knows, so
/// a typo stops the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    method: &'static str,
    values: Map<String, Value>,
}

impl Config {
    pub(crate) fn new(method: &'static str, values: Map<String, Value>) -> Self {
        Self { method, values }
    }

    /// The name of the method this configures.
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// Every key with its value, sorted by key.
    pub fn values(&self) -> &Map<String, Value> {
        &self.values
    }

    /// Overrides one value.
    ///
    /// # Errors
    /// [`RegistryError::UnknownKey`] where the method has no such key.
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), RegistryError> {
        let Some(slot) = self.values.get_mut(key) else {
            return Err(RegistryError::UnknownKey {
                method: self.method,
                key: key.to_owned(),
                known: self.values.keys().cloned().collect(),
            });
        };
        // TOML and JSON tell 1 from 1.0; a float setting written without a dot stays a float.
        *slot = match (&*slot, value) {
            (Value::Number(old), Value::Number(new)) if old.is_f64() && !new.is_f64() => {
                new.as_f64().map_or(Value::Number(new), Value::from)
            }
            // A table that names its `kind` is another variant: the old one's keys do not fit it.
            (Value::Object(old), Value::Object(new)) if !new.contains_key("kind") => {
                let mut merged = old.clone();
                merged.extend(new);
                Value::Object(merged)
            }
            (_, new) => new,
        };
        Ok(())
    }

    /// Overrides every value of a TOML text such as a file given with `--config`.
    ///
    /// # Errors
    /// [`RegistryError::Toml`] with the place, [`RegistryError::UnknownKey`].
    pub fn set_toml(&mut self, text: &str) -> Result<(), RegistryError> {
        let table: Map<String, Value> =
            toml::from_str(text).map_err(|error| RegistryError::Toml(error.to_string()))?;
        self.set_all(&table)
    }

    /// Overrides every value of `overrides`.
    ///
    /// # Errors
    /// [`RegistryError::UnknownKey`].
    pub fn set_all(&mut self, overrides: &Map<String, Value>) -> Result<(), RegistryError> {
        overrides
            .iter()
            .try_for_each(|(key, value)| self.set(key, value.clone()))
    }

    /// Overrides one value written as `key=value`; the value is read as TOML, or else as a string,
    /// so that `trees=200`, `gamma="scale"` and `rng=sklearn` all work.
    ///
    /// # Errors
    /// [`RegistryError::NotKeyValue`], [`RegistryError::UnknownKey`].
    pub fn set_text(&mut self, text: &str) -> Result<(), RegistryError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| RegistryError::NotKeyValue(text.to_owned()))?;
        let (key, value) = (key.trim(), value.trim());
        let parsed = toml::from_str::<Map<String, Value>>(&format!("v = {value}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::String(value.to_owned()));
        self.set(key, parsed)
    }
}
