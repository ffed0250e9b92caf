//! A method's default configuration with the overrides of a column.

use serde_json::{Map, Value};

use super::known::Method;
use crate::failure::{Failure, code};

/// Lays `set` over the method's defaults. An integer for a key whose default is a float becomes
/// a float, so that `1` and `1.0` are one cell.
pub(super) fn merge(
    method: &Method,
    set: &toml::Table,
    label: &str,
) -> Result<Map<String, Value>, Failure> {
    let set = serde_json::to_value(set)
        .map_err(|e| Failure::new(code::USAGE, format!("in `set` of column {label:?}: {e}")))?;
    let mut config = method.default.clone();
    // A setting of every training that is left out where it is 1, so that older cells keep their ids.
    if let Some(Value::Object(train)) = config.get_mut("train") {
        train.entry("replicas").or_insert(1.into());
    }
    lay_over(&mut config, &set, "").map_err(|(key, known)| {
        let message = format!(
            "method {:?} has no key {key:?} (column {label:?})",
            method.name
        );
        Failure::new(code::USAGE, message).hint(format!("its keys: {}", known.join(", ")))
    })?;
    if let Some(Value::Object(train)) = config.get_mut("train") {
        train.retain(|key, value| key != "replicas" || *value != 1);
    }
    Ok(config)
}

/// Merges in place; an unknown key comes back with its path and the keys known there.
fn lay_over(
    base: &mut Map<String, Value>,
    over: &Value,
    path: &str,
) -> Result<(), (String, Vec<String>)> {
    for (key, value) in over.as_object().into_iter().flatten() {
        let here = format!("{path}{key}");
        match base.get_mut(key) {
            // A table that names its `kind` is another variant: the old one's keys do not fit it.
            Some(Value::Object(inner)) if value.is_object() && value.get("kind").is_none() => {
                lay_over(inner, value, &format!("{here}."))?;
            }
            Some(old) => {
                *old = match value.as_i64() {
                    Some(integer) if old.is_f64() => Value::from(integer as f64),
                    _ => value.clone(),
                };
            }
            None => {
                let mut known: Vec<String> = base.keys().cloned().collect();
                known.sort(); // a map's own order depends on a feature of serde_json
                return Err((here, known));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn replicas_are_a_setting_of_every_training_left_out_where_they_are_1() {
        let default = json!({"train": {"epochs": 10}});
        let method = Method {
            name: "m".into(),
            default: default.as_object().unwrap().clone(),
            seconds: None,
            needs_libtorch: true,
        };
        let merged = |set: &str| json!(merge(&method, &toml::from_str(set).unwrap(), "c").unwrap());
        let eight = json!({"train": {"epochs": 10, "replicas": 8}});
        assert_eq!(merged("train.replicas = 8"), eight);
        assert_eq!(merged("train.replicas = 1"), default);
        assert_eq!(merged(""), default);
    }

    #[test]
    fn merges_deep_and_keeps_floats_floats() {
        let default = json!({"lr": 0.5, "steps": 10, "net": {"width": 128, "depth": 3}});
        let method = Method {
            name: "m".into(),
            default: default.as_object().unwrap().clone(),
            seconds: None,
            needs_libtorch: false,
        };
        let set = toml::from_str("lr = 1\nsteps = 20\nnet = { depth = 4 }").unwrap();
        let expected = json!({"lr": 1.0, "steps": 20, "net": {"width": 128, "depth": 4}});
        assert_eq!(json!(merge(&method, &set, "c").unwrap()), expected);
        let set = toml::from_str("net = { dept = 4 }").unwrap();
        let error = merge(&method, &set, "c").unwrap_err();
        assert!(error.message.contains("\"net.dept\""));
        assert_eq!(error.hint.as_deref(), Some("its keys: depth, width"));
    }
}
