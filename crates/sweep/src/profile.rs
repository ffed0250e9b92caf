//! Profiles: which tables to compute, read from `configs/reproduce/<name>.toml`.

use std::path::{Path, PathBuf};

use record::{FamilyPlan, Metric, Seeds};
use serde::Deserialize;

use crate::failure::{Failure, code};

/// A profile as written in its file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The file's stem, or its path where it lies elsewhere.
    #[serde(skip)]
    pub name: String,
    /// Wall time after which one cell is stopped and counts as failed.
    #[serde(default = "two_hours")]
    pub timeout_minutes: f64,
    /// The tables, in the order they are printed.
    #[serde(rename = "table")]
    pub(crate) tables: Vec<Table>,
}

/// One table: data sets down, methods across.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) protocol: String,
    /// What of a cell is shown: a table for each.
    #[serde(default = "auroc")]
    pub(crate) metrics: Vec<Metric>,
    /// Stem of the file in `data/published` whose values stand beside ours.
    pub(crate) published: Option<String>,
    /// Catalogue names or globs over them, in the order of the rows.
    pub(crate) datasets: Vec<String>,
    /// Larger tables and sets of embeddings are drawn down to this many rows; images and what is made of
    /// them stay whole.
    pub(crate) max_rows: Option<u64>,
    pub(crate) seeds: Vec<Seeds>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    #[serde(rename = "column")]
    pub(crate) columns: Vec<Column>,
    /// Stem of the file in `data/published` with means of families.
    pub(crate) published_families: Option<String>,
    /// Families whose means stand below the table.
    #[serde(default)]
    pub(crate) families: Vec<FamilyPlan>,
    /// Whether rows below the table say what the scores cost.
    #[serde(default)]
    pub(crate) costs: bool,
}

/// One column: a method with overrides, a published column, or both.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Column {
    pub(crate) label: String,
    pub(crate) method: Option<String>,
    pub(crate) published: Option<String>,
    /// The method's name in the table's file of families.
    pub(crate) family: Option<String>,
    /// Sets with more columns are left out.
    pub(crate) max_columns: Option<u64>,
    /// Whether the split alone decides about the scores, so that a published mean should come out.
    #[serde(default)]
    pub(crate) deterministic: bool,
    #[serde(default)]
    pub(crate) set: toml::Table,
    pub(crate) seeds: Option<Vec<Seeds>>,
    pub(crate) protocol: Option<String>,
    pub(crate) note: Option<String>,
    /// What is done to the rows before the method sees them; `residuum` knows its settings.
    pub(crate) perturb: Option<toml::Table>,
    /// How the test rows are moved before they are scored.
    pub(crate) attack: Option<toml::Table>,
}

impl Column {
    /// The note, and what was done to the rows: no number of disturbed rows stands unlabelled.
    pub(crate) fn full_note(&self) -> Option<String> {
        let said = |what: &str, table: &Option<toml::Table>| {
            let table = toml::Value::Table(table.clone()?);
            Some(format!("{what} {table}."))
        };
        let parts = [
            self.note.clone(),
            said("Disturbed rows:", &self.perturb),
            said("Attacked test rows:", &self.attack),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

/// What is added to the id and to the title of a table that shows a metric.
pub(crate) fn suffixes(metric: Metric) -> [&'static str; 2] {
    match metric {
        Metric::Auroc => ["", ""],
        Metric::PixelAuroc => ["-pixel-auroc", " (pixel AUROC)"],
        Metric::PixelAp => ["-pixel-ap", " (pixel average precision)"],
        Metric::Aupro => ["-aupro", " (AUPRO)"],
    }
}

fn auroc() -> Vec<Metric> {
    vec![Metric::Auroc]
}

fn two_hours() -> f64 {
    120.0
}

impl Profile {
    /// Reads `<name>.toml` of the folder `dir`; a name that ends in `.toml` is a path.
    ///
    /// # Errors
    /// Usage, naming the profiles there are or the place in the file that is wrong.
    pub fn read(dir: &Path, name: &str) -> Result<Self, Failure> {
        let path = match name.strip_suffix(".toml") {
            Some(_) => PathBuf::from(name),
            None => dir.join(format!("{name}.toml")),
        };
        let text = std::fs::read_to_string(&path).map_err(|e| {
            Failure::new(code::USAGE, format!("cannot read profile {path:?}: {e}"))
                .hint(format!("profiles here: {}", names(dir).join(", ")))
        })?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Self::parse(&text, &stem).map_err(|why| {
            Failure::new(
                code::USAGE,
                format!("in profile {path:?}: {}", why.trim_end()),
            )
        })
    }

    /// Parses a profile and checks what its types cannot say.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, String> {
        if files::is_too_deep(text) {
            return Err(format!("tables nest deeper than {}", files::MOST_NESTED));
        }
        let mut profile: Self = toml::from_str(text).map_err(|e| e.to_string())?;
        profile.name = name.to_owned();
        if !(profile.timeout_minutes > 0.0 && profile.timeout_minutes <= 100_000.0) {
            return Err(format!(
                "timeout_minutes is {}, expected more than 0",
                profile.timeout_minutes
            ));
        }
        for (i, table) in profile.tables.iter().enumerate() {
            let id = &table.id;
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if id.is_empty() || !id.chars().all(plain) {
                return Err(format!(
                    "table id {id:?} becomes a file name: letters, digits, - and _ only"
                ));
            }
            if profile.tables[..i].iter().any(|other| other.id == *id) {
                return Err(format!("two tables have the id {id:?}"));
            }
            if table.published_families.is_some() && table.metrics != [Metric::Auroc] {
                return Err(format!(
                    "table {id:?} stands beside published AUROCs: expected metrics = [\"auroc\"]"
                ));
            }
            for (j, column) in table.columns.iter().enumerate() {
                let label = &column.label;
                if table.columns[..j].iter().any(|other| other.label == *label) {
                    return Err(format!("table {id:?} has two columns labelled {label:?}"));
                }
                if column.method.is_none() && column.published.is_none() {
                    return Err(format!(
                        "column {label:?} of table {id:?} has neither method nor published"
                    ));
                }
                if column.published.is_some() && table.published.is_none() {
                    return Err(format!(
                        "column {label:?} is published, but table {id:?} names no published file"
                    ));
                }
                if column.family.is_some() && table.published_families.is_none() {
                    return Err(format!(
                        "column {label:?} has a family, but table {id:?} names no published_families"
                    ));
                }
                if column.seeds.as_ref().unwrap_or(&table.seeds).is_empty() {
                    return Err(format!("column {label:?} of table {id:?} has no seeds"));
                }
            }
        }
        Ok(profile)
    }

    /// Draws at most `rows` rows of every set, as if each table said so.
    pub fn cap_rows(&mut self, rows: u64) {
        for table in &mut self.tables {
            table.max_rows = Some(table.max_rows.map_or(rows, |own| own.min(rows)));
        }
    }

    /// Replaces every list of seeds, data and model seed varying together.
    pub fn override_seeds(&mut self, seeds: &[u64]) {
        let seeds: Vec<Seeds> = seeds.iter().map(|&s| Seeds { data: s, model: s }).collect();
        for table in &mut self.tables {
            table.seeds.clone_from(&seeds);
            for column in &mut table.columns {
                column.seeds = None;
            }
        }
    }
}

/// The profiles in a folder, by name.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some(
                entry
                    .file_name()
                    .to_str()?
                    .strip_suffix(".toml")?
                    .to_owned(),
            )
        })
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
        [[table]]
        id = "t"
        title = "T"
        protocol = "semi"
        datasets = ["A", "B_*"]
        seeds = [{ data = 1, model = 2 }]
        [[table.column]]
        label = "C"
    "#;

    #[test]
    fn reads_a_profile_and_its_defaults() {
        let profile =
            Profile::parse(&format!("{TABLE}\nmethod = \"m\"\nset = {{ k = 1 }}"), "p").unwrap();
        assert_eq!(profile.timeout_minutes, 120.0);
        assert_eq!(profile.tables[0].seeds, [Seeds { data: 1, model: 2 }]);
        assert_eq!(profile.tables[0].columns[0].set["k"].as_integer(), Some(1));
    }

    #[test]
    fn says_what_is_wrong() {
        for (tail, expected) in [
            ("", "neither method nor published"),
            ("published = \"m\"", "names no published file"),
            (
                "method = \"m\"\nfamily = \"m\"",
                "names no published_families",
            ),
            ("method = \"m\"\nseeds = []", "has no seeds"),
            ("method = \"m\"\ntypo = 1", "unknown field `typo`"),
            (
                "method = \"m\"\n[[table.column]]\nlabel = \"C\"\nmethod = \"m\"",
                "two columns labelled",
            ),
        ] {
            let error = Profile::parse(&format!("{TABLE}\n{tail}"), "p").unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
        let error = Profile::parse(&TABLE.replace("\"t\"", "\"../t\""), "p").unwrap_err();
        assert!(error.contains("becomes a file name"), "{error}");
        let error = Profile::parse(&format!("timeout_minutes = 0\n{TABLE}"), "p").unwrap_err();
        assert!(error.contains("timeout_minutes"), "{error}");
    }

    #[test]
    fn a_column_of_disturbed_rows_says_so() {
        let column = |tail: &str| {
            let text = format!("{TABLE}\nmethod = \"m\"\n{tail}");
            let profile = Profile::parse(&text, "p").unwrap();
            profile.tables[0].columns[0].full_note()
        };
        assert_eq!(column(""), None);
        assert_eq!(column("note = 'N.'").unwrap(), "N.");
        assert_eq!(
            column("note = 'N.'\nperturb = { kind = 'k', sd = 0.5 }\nattack = { steps = 1 }")
                .unwrap(),
            "N. Disturbed rows: { kind = \"k\", sd = 0.5 }. Attacked test rows: { steps = 1 }."
        );
    }

    #[test]
    fn seeds_on_the_command_line_replace_all_others() {
        let text = format!("{TABLE}\nmethod = \"m\"\nseeds = [{{ data = 44, model = 3 }}]");
        let mut profile = Profile::parse(&text, "p").unwrap();
        profile.override_seeds(&[0, 7]);
        assert_eq!(profile.tables[0].seeds[1], Seeds { data: 7, model: 7 });
        assert_eq!(profile.tables[0].columns[0].seeds, None);
    }

    #[test]
    fn a_cap_on_the_command_line_never_widens_one() {
        let mut profile = Profile::parse(&format!("{TABLE}\nmethod = \"m\""), "p").unwrap();
        profile.cap_rows(500);
        assert_eq!(profile.tables[0].max_rows, Some(500));
        profile.cap_rows(900);
        assert_eq!(profile.tables[0].max_rows, Some(500));
    }

    #[test]
    fn shipped_profiles_are_valid() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let dir = root.join("configs/reproduce");
        for name in ["smoke", "quick", "paper", "full", "macrodata"] {
            let profile = Profile::read(&dir, name).unwrap();
            assert!(!profile.tables.is_empty());
        }
        let quick = Profile::read(&dir, "quick").unwrap();
        let table1 = quick
            .tables
            .iter()
            .find(|table| table.id == "table1")
            .unwrap();
        let published =
            std::fs::read_to_string(root.join("data/published/paper_table1.csv")).unwrap();
        let rows: Vec<&str> = published
            .lines()
            .skip(1)
            .filter_map(|l| l.split(',').next())
            .collect();
        assert_eq!(rows.len(), 28);
        assert_eq!(
            table1.datasets, rows,
            "the rows of Table 1, in the paper's order"
        );
    }
}
