use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::work;

/// Every method of the registry as JSON: its name, title and source, its settings with defaults and meanings, and
/// whether it needs libtorch, and so cannot be built here.
#[pyfunction]
pub(crate) fn methods() -> PyResult<String> {
    let methods: Vec<serde_json::Value> = (residuum::methods().iter())
        .map(|method| {
            let config = method.config();
            let settings = config.values().iter().map(|(key, value)| {
                let meaning = method.meaning(key);
                let setting = serde_json::json!({"default": value, "meaning": meaning});
                (key.clone(), setting)
            });
            serde_json::json!({
                "name": method.name,
                "title": method.title,
                "source": method.source,
                "needs_libtorch": method.needs_libtorch,
                "settings": settings.collect::<serde_json::Map<_, _>>(),
            })
        })
        .collect();
    serde_json::to_string(&methods).map_err(|error| PyRuntimeError::new_err(error.to_string()))
}

/// Gives all detectors of this process `n` threads from now on; scores do not depend on their number.
#[pyfunction]
pub(crate) fn set_threads(n: usize) -> PyResult<()> {
    match n {
        0 => Err(PyValueError::new_err("n = 0: expected at least 1")),
        n => work::set_threads(n),
    }
}
