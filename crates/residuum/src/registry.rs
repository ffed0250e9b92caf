mod classical;

use std::sync::LazyLock;

use crate::error::RegistryError;
use crate::method::Method;

/// Every method, in the order of the tables. Those that need libtorch are described and cannot be built:
/// `networks::methods` has them whole.
pub fn methods() -> &'static [Method] {
    static METHODS: LazyLock<Vec<Method>> = LazyLock::new(|| with_networks(described()));
    &METHODS
}

/// The method called `name`, as [`methods`] has it.
///
/// # Errors
/// [`RegistryError::UnknownMethod`].
pub fn find(name: &str) -> Result<&'static Method, RegistryError> {
    find_among(methods(), name)
}

/// The method called `name` among `methods`.
///
/// # Errors
/// [`RegistryError::UnknownMethod`].
pub fn find_among<'a>(methods: &'a [Method], name: &str) -> Result<&'a Method, RegistryError> {
    methods
        .iter()
        .find(|method| method.name == name)
        .ok_or_else(|| RegistryError::UnknownMethod {
            name: name.to_owned(),
            known: methods.iter().map(|method| method.name).collect(),
        })
}

/// The methods of this crate and `networks`, in the order of the tables.
pub fn with_networks(networks: Vec<Method>) -> Vec<Method> {
    let mut methods = classical::methods();
    methods.extend(networks);
    let place = |method: &Method| ORDER.iter().position(|name| *name == method.name);
    methods.sort_by_key(|method| place(method).unwrap_or(ORDER.len()));
    methods
}

/// The methods that need libtorch, as the crate `networks` describes them: its test holds the file to them,
/// its example `describe` writes it.
fn described() -> Vec<Method> {
    // The file is part of the program, and a test reads it.
    serde_json::from_str(include_str!("registry/networks.json")).unwrap_or_default()
}

/// The order of the tables; a method that is not named here comes last.
const ORDER: [&str; 30] = [
    "iforest",
    "ocsvm",
    "copod",
    "ecod",
    "hbos",
    "knn",
    "lof",
    "feature-bagging",
    "pca",
    "mcd",
    "linear-denoiser",
    "wiener",
    "masked-wiener",
    "views-and-pairs",
    "ddpm",
    "dit",
    "dte-c",
    "dte-ig",
    "dte-np",
    "tccm",
    "ddpm-unet",
    "dit-pixels",
    "dte-c-conv",
    "padim",
    "patch-knn",
    "patch-wiener",
    "patch-ddpm",
    "patch-dit",
    "dit-features",
    "norm",
];

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;
    use crate::runtime::Runtime;

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
    fn methods_stand_in_the_order_of_the_tables_and_others_behind_them() {
        let names: Vec<&str> = methods().iter().map(|method| method.name).collect();
        assert_eq!(names[..ORDER.len()], ORDER);
    }

    #[test]
    fn every_setting_has_a_meaning_and_every_meaning_a_setting() {
        for method in methods() {
            let keys = keys(&method.config().all_values());
            for key in &keys {
                let meaning = method.meaning(key);
                assert_ne!(meaning, "", "{}.{key}", method.name);
                // Links lead nowhere in a terminal.
                let link = meaning.contains("](") || meaning.contains("::");
                assert!(!link, "{}.{key}: {meaning}", method.name);
            }
            for (key, _) in &method.settings {
                assert!(keys.iter().any(|k| k == key), "{}.{key}", method.name);
            }
        }
    }

    #[test]
    fn defaults_build_every_method_that_needs_no_libtorch() {
        for method in methods() {
            let detector = method.detector(&method.config(), &Runtime::cpu());
            match method.needs_libtorch {
                false => assert!(detector.is_ok(), "{}", method.name),
                true => assert_eq!(
                    detector.err().map(|error| error.to_string()),
                    Some(format!("method `{}` needs libtorch", method.name))
                ),
            }
        }
    }
}
