use serde_json::{Map, Value, json};

/// SHA-256, in hex, of a value's canonical JSON: keys sorted, no spaces.
pub fn hash(value: &Value) -> String {
    files::sha256(canonical(value).as_bytes())
}

/// The first 16 digits of the [`hash`] of a configuration.
pub fn config_hash(config: &Map<String, Value>) -> String {
    let mut hash = hash(&Value::Object(config.clone()));
    hash.truncate(16);
    hash
}

/// serde_json's own order of keys is not enough: a crate elsewhere in the build may switch its feature
/// `preserve_order` on.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            let fields = keys
                .iter()
                .map(|k| format!("{}:{}", json!(k), canonical(&map[*k])));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", items.join(","))
        }
        scalar => scalar.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_json_sorts_at_every_level() {
        let value = json!({"b": [1, {"z": null, "a": 0.5}], "a": "ü\n"});
        assert_eq!(
            canonical(&value),
            r#"{"a":"ü\n","b":[1,{"a":0.5,"z":null}]}"#
        );
    }

    #[test]
    fn hashes_do_not_change_from_release_to_release() {
        // Finished cells are found by this. The value was computed by Python's
        // hashlib.sha256(json.dumps(x, sort_keys=True, separators=(",", ":")).encode()).
        let identity = json!({
            "schema": 1, "dataset": "MVTec-AD_bottle", "data_sha256": "ab", "method": "iforest",
            "protocol": "paper", "seed": {"data": 44, "model": 44},
            "config": {"rows": "standard", "trees": 100, "learning-rate": 0.0001, "rng": "sklearn"},
        });
        assert_eq!(hash(&identity)[..16], *"aef14633926b1d28");
    }
}
