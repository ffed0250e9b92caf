//! Planning: a profile, its data sets and the registry become cells and tables.

mod cell;
mod config;
mod narrow;
mod sets;

pub(crate) use cell::{Cell, Disturbance, SCHEMA, hash};
pub(crate) use narrow::{except, narrow, tables};
pub(crate) use sets::Sets;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::failure::{Failure, code};
use crate::profile::{Family, Metric, Profile, Seed};
use crate::program::{Dataset, Method};

/// Everything a run folder starts from.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// One per computation, longest first; cells that two tables share appear once.
    pub(crate) cells: Vec<Cell>,
    pub(crate) tables: PlannedTables,
}

/// `tables.json`: how the cells are laid out for the reader.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlannedTables {
    pub(crate) profile: String,
    pub(crate) tables: Vec<PlannedTable>,
}

/// One table with its globs resolved.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlannedTable {
    pub(crate) id: String,
    title: String,
    protocol: String,
    metric: Metric,
    published: Option<String>,
    notes: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) columns: Vec<PlannedColumn>,
    published_families: Option<String>,
    families: Vec<Family>,
    costs: bool,
}

/// A row: present, or absent with the command that gets it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Row {
    pub(crate) dataset: String,
    pub(crate) present: bool,
    pub(crate) get: String,
    /// The name under which its files are fetched.
    #[serde(skip)]
    pub(crate) of: String,
    /// The name without the number of rows that are drawn.
    #[serde(skip)]
    whole: String,
}

/// A column, and for each present data set the ids of its cells in the order of the seeds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct PlannedColumn {
    pub(crate) label: String,
    method: Option<String>,
    protocol: String,
    published: Option<String>,
    family: Option<String>,
    deterministic: bool,
    note: Option<String>,
    seeds: Vec<Seed>,
    pub(crate) cells: BTreeMap<String, Vec<String>>,
}

/// Plans a profile.
///
/// # Errors
/// Usage: a data set, glob, method or config key that nothing answers to, with what there is.
pub(crate) fn plan(profile: &Profile, sets: &Sets, registry: &[Method]) -> Result<Plan, Failure> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut seen = HashMap::new();
    let mut tables = Vec::new();
    for table in &profile.tables {
        let rows = sets.rows(table)?;
        let mut columns = Vec::new();
        for column in &table.columns {
            let protocol = column.protocol.as_ref().unwrap_or(&table.protocol);
            let seeds = column.seeds.as_ref().unwrap_or(&table.seeds);
            let mut ids = BTreeMap::new();
            if let Some(name) = &column.method {
                let method = find_method(registry, name, &column.label)?;
                let config = config::merge(method, &column.set, &column.label)?;
                let disturbance = Disturbance::of(column)?;
                // A width that the catalogue does not know leaves nothing out.
                let fits = |d: &&Dataset| column.max_columns.is_none_or(|max| d.d <= Some(max));
                for dataset in rows.iter().filter(|d| d.present).filter(fits) {
                    let of_row: &mut Vec<String> = ids.entry(dataset.name.clone()).or_default();
                    for &seed in seeds {
                        let config = config.clone();
                        let cell = Cell::new(dataset, name, protocol, seed, config, &disturbance)?;
                        of_row.push(cell.id.clone());
                        if seen.insert(cell.id.clone(), ()).is_none() {
                            cells.push(cell);
                        }
                    }
                }
            }
            columns.push(PlannedColumn {
                label: column.label.clone(),
                method: column.method.clone(),
                protocol: protocol.clone(),
                published: column.published.clone(),
                family: column.family.clone(),
                deterministic: column.deterministic,
                note: column.full_note(),
                seeds: seeds.clone(),
                cells: ids,
            });
        }
        let rows = rows.iter().map(|d| Row {
            dataset: d.name.clone(),
            present: d.present,
            get: d.get.clone(),
            of: d.of.clone(),
            whole: d.whole.clone(),
        });
        let rows: Vec<Row> = rows.collect();
        for &metric in &table.metrics {
            let [id, title] = metric.suffixes();
            tables.push(PlannedTable {
                id: format!("{}{id}", table.id),
                title: format!("{}{title}", table.title),
                protocol: table.protocol.clone(),
                metric,
                published: table.published.clone(),
                notes: table.notes.clone(),
                rows: rows.clone(),
                columns: columns.clone(),
                published_families: table.published_families.clone(),
                families: table.families.clone(),
                costs: table.costs,
            });
        }
    }
    cell::order(&mut cells);
    let profile = profile.name.clone();
    Ok(Plan {
        cells,
        tables: PlannedTables { profile, tables },
    })
}

fn find_method<'a>(registry: &'a [Method], name: &str, label: &str) -> Result<&'a Method, Failure> {
    registry.iter().find(|m| m.name == name).ok_or_else(|| {
        let known: Vec<&str> = registry.iter().map(|m| m.name.as_str()).collect();
        Failure::new(
            code::USAGE,
            format!("column {label:?} names the method {name:?}, which does not exist"),
        )
        .hint(format!("methods: {}", known.join(", ")))
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::sets::tests::answers;
    use super::*;
    use serde_json::json;

    pub(crate) fn catalogue() -> Vec<Dataset> {
        let entry = |name: &str, n: u64, present: bool| Dataset {
            name: name.into(),
            n: Some(n),
            d: Some(512),
            present,
            sha256: present.then(|| format!("{n:064}")),
            get: format!("residuum datasets fetch {name}"),
            asked: String::new(),
            of: name.into(),
            whole: name.into(),
            representation: "resnet18".into(),
        };
        vec![
            entry("A_1", 5263, true),
            entry("A_2", 300, true),
            entry("B", 1000, false),
        ]
    }

    pub(crate) fn registry() -> Vec<Method> {
        let method = |name: &str, default: serde_json::Value| Method {
            name: name.into(),
            default: default.as_object().unwrap().clone(),
        };
        vec![
            method("copod", json!({"rows": "standard", "ecdf": "train"})),
            method(
                "ddpm",
                json!({"rows": "standard", "epochs": 400, "learning-rate": 1e-4}),
            ),
        ]
    }

    pub(crate) const PROFILE: &str = r#"
        [[table]]
        id = "one"
        title = "One"
        protocol = "paper"
        published = "p"
        datasets = ["B", "A_*"]
        seeds = [{ data = 44, model = 44 }]
        [[table.column]]
        label = "COPOD"
        method = "copod"
        published = "copod"
        [[table.column]]
        label = "COPOD again"
        method = "copod"
        [[table.column]]
        label = "DDPM"
        method = "ddpm"
        set = { epochs = 300, learning-rate = 1 }
        seeds = [{ data = 44, model = 0 }, { data = 44, model = 1 }]
        [[table.column]]
        label = "DiT"
        published = "dit"
    "#;

    pub(crate) fn planned() -> Plan {
        plan_of(PROFILE).unwrap()
    }

    fn plan_of(text: &str) -> Result<Plan, Failure> {
        let profile = Profile::parse(text, "p").unwrap();
        plan(&profile, &answers(&profile, &catalogue()), &registry())
    }

    #[test]
    fn plans_longest_first_and_equal_cells_once() {
        let plan = planned();
        let order: Vec<(&str, &str, u64)> = plan
            .cells
            .iter()
            .map(|c| (c.method.as_str(), c.dataset.as_str(), c.seed.model))
            .collect();
        let expected = [
            ("ddpm", "A_1", 0),
            ("ddpm", "A_1", 1),
            ("ddpm", "A_2", 0),
            ("ddpm", "A_2", 1),
            ("copod", "A_1", 44),
            ("copod", "A_2", 44),
        ];
        assert_eq!(order, expected);
        assert!(plan.cells.iter().enumerate().all(|(i, c)| c.index == i));
        let columns = &plan.tables.tables[0].columns;
        assert_eq!(columns[0].cells, columns[1].cells);
        assert_eq!(columns[2].cells["A_2"].len(), 2);
        assert!(columns[3].cells.is_empty());
    }

    #[test]
    fn absent_data_is_a_row_without_cells() {
        let plan = planned();
        let rows = &plan.tables.tables[0].rows;
        assert_eq!(rows[0].dataset, "B");
        assert!(!rows[0].present);
        assert_eq!(rows[0].get, "residuum datasets fetch B");
        assert!(plan.cells.iter().all(|c| c.dataset != "B"));
    }

    #[test]
    fn large_sets_are_drawn_and_wide_ones_left_out() {
        let text = PROFILE
            .replace("datasets", "max_rows = 1000\n        datasets")
            .replace("label = \"COPOD\"", "label = \"COPOD\"\nmax_columns = 511");
        let plan = plan_of(&text).unwrap();
        let rows: Vec<&str> = (plan.tables.tables[0].rows.iter())
            .map(|row| row.dataset.as_str())
            .collect();
        assert_eq!(rows, ["B", "A_1@1000", "A_2"]);
        let columns = &plan.tables.tables[0].columns;
        assert!(columns[0].cells.is_empty(), "512 columns are too many");
        assert_eq!(columns[1].cells["A_1@1000"].len(), 1);
        let drawn = plan.cells.iter().find(|c| c.dataset == "A_1@1000").unwrap();
        assert_eq!(drawn.size, 1000 * 512);
        assert_eq!(plan.tables.tables[0].rows[1].whole, "A_1");
    }

    #[test]
    fn unknown_names_list_the_known_ones() {
        for (from, to, message, hint) in [
            (
                "\"copod\"\n        published",
                "\"copd\"\n        published",
                "\"copd\"",
                "copod, ddpm",
            ),
            (
                "epochs",
                "epoch",
                "no key \"epoch\"",
                "epochs, learning-rate, rows",
            ),
            (
                "\"B\"",
                "\"C\"",
                "\"C\" in table \"one\" is no data set",
                "residuum datasets list",
            ),
            (
                "A_*",
                "Z_*",
                "matches no data set",
                "residuum datasets list",
            ),
        ] {
            let text = PROFILE.replace(from, to);
            assert_ne!(text, PROFILE);
            let error = plan_of(&text).unwrap_err();
            assert_eq!(error.code, code::USAGE);
            assert!(error.message.contains(message), "{}", error.message);
            assert!(error.hint.as_ref().unwrap().contains(hint), "{error:?}");
        }
    }
}
