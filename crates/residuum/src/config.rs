use files::{MOST_NESTED, is_too_deep};
use serde_json::{Map, Value};

use crate::error::RegistryError;

/// How many networks are trained as one: a setting of every table `train`, in a configuration only where it is not 1.
const REPLICAS: &str = "replicas";
const TRAIN: &str = "train";
const ONE: u64 = 1;

/// A method's configuration: keys with JSON values, some of them tables; `rows` is among them.
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

    /// [`values`](Self::values) with those that are left out at their defaults, so that configurations of older versions
    /// stay as they were stored: `train.replicas`, where it is 1.
    pub fn all_values(&self) -> Map<String, Value> {
        let mut all = self.values.clone();
        if let Some(Value::Object(train)) = all.get_mut(TRAIN) {
            train.entry(REPLICAS).or_insert(ONE.into());
        }
        all
    }

    /// Overrides one value, or those of a table that `value` names. `key` is a setting or, with dots,
    /// one inside a table: `train.epochs`.
    ///
    /// # Errors
    /// [`RegistryError::UnknownKey`] where the method has no such key, [`RegistryError::TooDeep`].
    pub fn set(&mut self, key: &str, value: Value) -> Result<(), RegistryError> {
        if key.matches('.').count() > MOST_NESTED {
            return Err(RegistryError::TooDeep);
        }
        let nested = key.rsplit('.').fold(value, |value, part| {
            Value::Object(Map::from_iter([(part.to_owned(), value)]))
        });
        let mut all = self.all_values();
        lay_over(&mut all, nested, "").map_err(|(key, known)| RegistryError::UnknownKey {
            method: self.method,
            key,
            known,
        })?;
        if let Some(Value::Object(train)) = all.get_mut(TRAIN)
            && train.get(REPLICAS) == Some(&ONE.into())
        {
            train.remove(REPLICAS);
        }
        self.values = all;
        Ok(())
    }

    /// Overrides every value of a TOML text such as a file given with `--config`.
    ///
    /// # Errors
    /// [`RegistryError::Toml`] with the place, [`RegistryError::UnknownKey`], [`RegistryError::TooDeep`].
    pub fn set_toml(&mut self, text: &str) -> Result<(), RegistryError> {
        if is_too_deep(text) {
            return Err(RegistryError::TooDeep);
        }
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
    /// [`RegistryError::NotKeyValue`], [`RegistryError::UnknownKey`], [`RegistryError::TooDeep`].
    pub fn set_text(&mut self, text: &str) -> Result<(), RegistryError> {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| RegistryError::NotKeyValue(text.to_owned()))?;
        let (key, value) = (key.trim(), value.trim());
        if is_too_deep(value) {
            return Err(RegistryError::TooDeep);
        }
        let parsed = toml::from_str::<Map<String, Value>>(&format!("v = {value}"))
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::String(value.to_owned()));
        self.set(key, parsed)
    }
}

/// Merges `over` into `base`; an unknown key comes back with its path and the keys known there.
fn lay_over(
    base: &mut Map<String, Value>,
    over: Value,
    path: &str,
) -> Result<(), (String, Vec<String>)> {
    let Value::Object(over) = over else {
        return Ok(());
    };
    for (key, value) in over {
        let here = format!("{path}{key}");
        let Some(old) = base.get_mut(&key) else {
            return Err((here, base.keys().cloned().collect()));
        };
        match (&mut *old, value) {
            // A table that names its `kind` is another variant: the old one's keys do not fit it.
            (Value::Object(inner), value @ Value::Object(_)) if value.get("kind").is_none() => {
                lay_over(inner, value, &format!("{here}."))?;
            }
            // TOML and JSON tell 1 from 1.0; a float setting written without a dot stays a float.
            (Value::Number(number), Value::Number(new)) if number.is_f64() && !new.is_f64() => {
                *old = new.as_f64().map_or(Value::Number(new), Value::from);
            }
            (_, value) => *old = value,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::WayOut;

    fn config() -> Config {
        let values = json!({
            "steps": 10,
            "train": {"epochs": 400, "learning-rate": 0.5},
            "schedule": {"kind": "linear", "first": 0.1},
        });
        Config::new("m", values.as_object().unwrap().clone())
    }

    #[test]
    fn tables_are_merged_and_reached_by_dots() {
        let mut config = config();
        config
            .set_toml("steps = 20\n[train]\nlearning-rate = 1")
            .unwrap();
        config.set_text("train.epochs=3").unwrap();
        let train = json!({"epochs": 3, "learning-rate": 1.0});
        assert_eq!(config.values()["train"], train);
        assert_eq!(config.values()["steps"], 20);
    }

    #[test]
    fn replicas_are_left_out_where_they_are_1() {
        let mut config = config();
        let before = config.clone();
        config.set_text("train.replicas=4").unwrap();
        assert_eq!(config.values()["train"]["replicas"], 4);
        assert_eq!(config.all_values(), *config.values());
        config.set_text("train.replicas=1").unwrap();
        assert_eq!(config, before);
        assert_eq!(config.all_values()["train"]["replicas"], 1);
    }

    #[test]
    fn another_kind_replaces_the_table() {
        let mut config = config();
        config.set_toml("schedule = { kind = 'cosine' }").unwrap();
        assert_eq!(config.values()["schedule"], json!({"kind": "cosine"}));
    }

    #[test]
    fn settings_nested_without_end_are_refused() {
        let deep = format!("a{} = 1", ".a".repeat(52_000));
        let too_deep = |error| matches!(error, Err(RegistryError::TooDeep));
        assert!(too_deep(config().set_toml(&deep)));
        assert!(too_deep(config().set_text(&deep)));
        let value = format!("steps={{ {deep} }}");
        assert!(too_deep(config().set_text(&value)));
    }

    #[test]
    fn unknown_keys_are_named_with_their_table() {
        let error = config().set_text("train.epoch=3").unwrap_err();
        assert_eq!(error.to_string(), "method `m` has no setting `train.epoch`");
        let known = ["epochs", "learning-rate", "replicas"].map(str::to_owned);
        assert_eq!(error.way_out(), Some(WayOut::Settings(known.into())));
    }
}
