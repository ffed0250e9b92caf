//! On what the cells of a run were computed, and with which configurations.

use std::collections::{BTreeMap, BTreeSet};

use record::Cell;
use serde_json::Value;

use crate::cell::Cells;
use crate::footnotes::one_line;
use crate::words::count;

/// Names and values: the machine by `environment.json`, then what the cells themselves say.
pub(crate) fn facts(environment: &Value, cells: &Cells) -> Vec<(String, String)> {
    let mut facts: Vec<(String, String)> = Vec::new();
    if let Value::Object(environment) = environment {
        for (name, value) in environment {
            // Where libraries lie says nothing about the numbers.
            if !name.ends_with("_path") {
                facts.push((one_line(name), shown(value)));
            }
        }
    }
    let mut of_cells = |name: &str, of: fn(&Cell) -> Option<String>| {
        facts.push((format!("{name}, of the cells"), distinct(cells, of)));
    };
    of_cells("residuum", |c| c.versions.residuum.clone());
    of_cells("libtorch", |c| c.versions.libtorch.clone());
    of_cells("commit", |c| c.versions.git.clone());
    of_cells("device", |c| c.device.clone());
    of_cells("machine", |c| c.host.clone());
    of_cells("threads", |c| Some(c.threads?.to_string()));
    facts.retain(|(_, value)| !value.is_empty());
    facts
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text),
        Value::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(" "),
        other => one_line(&other.to_string()),
    }
}

/// The values of the cells, each with the number of cells where there are several.
pub(crate) fn distinct(cells: &Cells, of: fn(&Cell) -> Option<String>) -> String {
    let mut found: BTreeMap<String, usize> = BTreeMap::new();
    for value in cells.values().flatten().filter_map(of) {
        *found.entry(one_line(&value)).or_default() += 1;
    }
    let alone = found.len() == 1;
    let shown = found.into_iter().map(|(value, n)| match alone {
        true => value,
        false => format!("{value} ({})", count(n, "cell")),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// One configuration of a method.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Configuration {
    pub(crate) method: String,
    pub(crate) hash: String,
    /// `data/model`.
    pub(crate) seeds: Vec<String>,
    /// As JSON.
    pub(crate) settings: String,
}

/// The configurations of the cells, by method.
pub(crate) fn configurations(cells: &Cells) -> Vec<Configuration> {
    /// The hash, and the seeds.
    type Found<'a> = (&'a str, BTreeSet<(u64, u64)>);
    let mut found: BTreeMap<(&str, String), Found<'_>> = BTreeMap::new();
    for cell in cells.values().flatten() {
        let settings = Value::Object(cell.config.clone()).to_string();
        let hash = cell.config_hash.as_deref().unwrap_or_default();
        let place = (cell.method.as_str(), settings);
        let (_, seeds) = found.entry(place).or_insert((hash, BTreeSet::new()));
        seeds.insert((cell.seed.data, cell.seed.model));
    }
    (found.into_iter())
        .map(|((method, settings), (hash, seeds))| Configuration {
            method: one_line(method),
            hash: one_line(hash),
            seeds: (seeds.iter().map(|(data, model)| format!("{data}/{model}"))).collect(),
            settings: one_line(&settings),
        })
        .collect()
}
