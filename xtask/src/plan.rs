//! Planning: a profile, the catalogue and the registry become cells and tables.

mod cell;
mod config;
mod narrow;

pub(crate) use cell::{Cell, Disturbance, SCHEMA, hash};
pub(crate) use narrow::{except, narrow, tables};

use std::collections::{BTreeMap, HashMap};

use files::hex;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::failure::{Failure, code};
use crate::glob;
use crate::profile::{Family, Metric, Profile, Seed, Table};
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
pub(crate) fn plan(
    profile: &Profile,
    catalogue: &[Dataset],
    registry: &[Method],
) -> Result<Plan, Failure> {
    let mut cells: Vec<Cell> = Vec::new();
    let mut seen = HashMap::new();
    let mut tables = Vec::new();
    for table in &profile.tables {
        let rows = resolve(table, catalogue)?;
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

/// The rows of a table: names as they stand, globs in the order of the catalogue, each once. The
/// catalogue lists images as `@pixels`; `@pixels64` are the same at another size, `@lite0` the vectors that
/// the program makes of them, and `@12000` draws that many rows of a larger set.
fn resolve(table: &Table, catalogue: &[Dataset]) -> Result<Vec<Dataset>, Failure> {
    let mut rows: Vec<Dataset> = Vec::new();
    for pattern in &table.datasets {
        let (listed, form) = Form::of(pattern, table.max_rows);
        let mut hits = 0;
        for dataset in catalogue.iter().filter(|d| glob::matches(&listed, &d.name)) {
            hits += 1;
            let row = form.row(dataset);
            if !rows.iter().any(|known| known.name == row.name) {
                rows.push(row);
            }
        }
        if hits == 0 {
            let what = if glob::is_pattern(pattern) {
                "matches no data set"
            } else {
                "is no data set"
            };
            let message = format!(
                "{pattern:?} in table {:?} {what} of the catalogue",
                table.id
            );
            return Err(Failure::new(code::USAGE, message).hint("residuum datasets list"));
        }
    }
    Ok(rows)
}

const PIXELS: &str = "@pixels";
const LITE0: &str = "@lite0";
/// Numbers in a vector of EfficientNet-Lite0.
const LITE0_COLUMNS: u64 = 1280;

/// What becomes of a set of the catalogue.
#[derive(Debug, Clone, Copy)]
enum Form<'a> {
    /// Rows beyond so many are drawn from.
    Listed { max_rows: Option<u64> },
    /// Images of another size.
    Resized { side: &'a str },
    /// Vectors of images.
    Lite0,
}

impl<'a> Form<'a> {
    /// How the catalogue lists what `pattern` asks for, and what becomes of it.
    fn of(pattern: &'a str, max_rows: Option<u64>) -> (String, Self) {
        if let Some(base) = pattern.strip_suffix(LITE0) {
            return (format!("{base}{PIXELS}"), Self::Lite0);
        }
        let listed = pattern.trim_end_matches(|c: char| c.is_ascii_digit());
        let side = &pattern[listed.len()..];
        if listed.ends_with(PIXELS) && !side.is_empty() {
            return (listed.to_owned(), Self::Resized { side });
        }
        (pattern.to_owned(), Self::Listed { max_rows })
    }

    fn row(self, dataset: &Dataset) -> Dataset {
        let mut row = dataset.clone();
        match self {
            Self::Listed { max_rows } => {
                let is_rows = !dataset.name.contains(PIXELS);
                let larger = |max: &u64| is_rows && dataset.n.is_some_and(|n| n > *max);
                if let Some(max) = max_rows.filter(larger) {
                    row.name = format!("{}@{max}", dataset.name);
                    row.n = Some(max);
                }
            }
            Self::Resized { side } => {
                row.name = format!("{}{side}", dataset.name);
                // Three channels: this only orders the plan.
                let size: Option<u64> = side.parse().ok();
                row.d = size.map_or(dataset.d, |side| Some(3 * side * side));
            }
            Self::Lite0 => {
                let base = dataset.name.strip_suffix(PIXELS).unwrap_or(&dataset.name);
                row.name = format!("{base}{LITE0}");
                row.d = Some(LITE0_COLUMNS);
                // As the program names what it makes of these files.
                let hash = |files: &String| Sha256::digest(format!("{files} {}", row.name));
                row.sha256 = dataset.sha256.as_ref().map(|files| hex(&hash(files)));
            }
        }
        row
    }
}

/// The name by which a row's files are fetched: `FashionMNIST_3@pixels` for `FashionMNIST_3@lite0`.
pub(crate) fn fetched(name: &str) -> String {
    match name.strip_suffix(LITE0) {
        Some(base) => format!("{base}{PIXELS}"),
        None => undrawn(name).to_owned(),
    }
}

/// The name in the catalogue of a set that is drawn from: `10_cover` of `10_cover@12000`.
fn undrawn(name: &str) -> &str {
    match name.rsplit_once('@') {
        Some((base, rows)) if rows.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    }
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
        plan(
            &Profile::parse(PROFILE, "p").unwrap(),
            &catalogue(),
            &registry(),
        )
        .unwrap()
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
        let profile = Profile::parse(&text, "p").unwrap();
        let plan = plan(&profile, &catalogue(), &registry()).unwrap();
        let rows: Vec<&str> = (plan.tables.tables[0].rows.iter())
            .map(|row| row.dataset.as_str())
            .collect();
        assert_eq!(rows, ["B", "A_1@1000", "A_2"]);
        let columns = &plan.tables.tables[0].columns;
        assert!(columns[0].cells.is_empty(), "512 columns are too many");
        assert_eq!(columns[1].cells["A_1@1000"].len(), 1);
        let drawn = plan.cells.iter().find(|c| c.dataset == "A_1@1000").unwrap();
        assert_eq!(drawn.size, 1000 * 512);
        assert_eq!(undrawn("A_1@1000"), "A_1");
        assert_eq!(undrawn("A_1@pixels64"), "A_1@pixels64");
    }

    #[test]
    fn images_are_resized_or_become_vectors() {
        let mut images = catalogue();
        for (dataset, n) in images.iter_mut().zip([1000, 1001, 1002]) {
            dataset.name += "@pixels";
            dataset.sha256 = dataset.present.then(|| format!("{n:064}"));
        }
        let text = PROFILE.replace(
            "[\"B\", \"A_*\"]",
            "[\"A_1@lite0\", \"*@lite0\", \"A_1@pixels64\", \"A_2@pixels\"]\n        max_rows = 200",
        );
        let plan_of = |text: &str| {
            let profile = Profile::parse(text, "p").unwrap();
            plan(&profile, &images, &registry())
        };
        let plan = plan_of(&text).unwrap();
        let rows: Vec<(&str, bool)> = (plan.tables.tables[0].rows.iter())
            .map(|row| (row.dataset.as_str(), row.present))
            .collect();
        let expected = [
            ("A_1@lite0", true),
            ("A_2@lite0", true),
            ("B@lite0", false),
            ("A_1@pixels64", true),
            ("A_2@pixels", true),
        ];
        assert_eq!(rows, expected);
        let cell = |name: &str| plan.cells.iter().find(|c| c.dataset == name).unwrap();
        // hashlib.sha256(b"0" * 60 + b"1000 A_1@lite0").hexdigest(); the program computes it in the same way.
        let expected = "2dcaf841eb7237201cb0467fdeda8f80c78e516205464c4f5b16b5242bbb38b8";
        assert_eq!(cell("A_1@lite0").data_sha256, expected);
        assert_eq!(cell("A_1@lite0").size, 5263 * 1280);
        assert_eq!(cell("A_1@pixels64").data_sha256, format!("{:064}", 1000));
        assert_eq!(cell("A_1@pixels64").size, 5263 * 3 * 64 * 64);
        let names = ["B@lite0", "B@pixels", "10_cover@12000"].map(fetched);
        assert_eq!(names, ["B@pixels", "B@pixels", "10_cover"]);

        let error = plan_of(&text.replace("A_1@lite0", "A_7@lite0")).unwrap_err();
        assert!(error.message.contains("\"A_7@lite0\""), "{}", error.message);
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
            let error = plan(
                &Profile::parse(&text, "p").unwrap(),
                &catalogue(),
                &registry(),
            )
            .unwrap_err();
            assert_eq!(error.code, code::USAGE);
            assert!(error.message.contains(message), "{}", error.message);
            assert!(error.hint.as_ref().unwrap().contains(hint), "{error:?}");
        }
    }
}
