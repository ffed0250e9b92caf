use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::ReportError;

/// What `tables.json` says: the tables to show and the cells that fill them.
#[derive(Debug, Deserialize)]
pub(crate) struct Plan {
    pub(crate) profile: String,
    pub(crate) tables: Vec<TablePlan>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TablePlan {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) protocol: String,
    #[serde(default)]
    pub(crate) metric: Metric,
    /// Stem of the CSV with the published numbers.
    pub(crate) published: Option<String>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<RowPlan>,
    pub(crate) columns: Vec<ColumnPlan>,
    /// Stem of the CSV with published means of families.
    pub(crate) published_families: Option<String>,
    /// Families of data sets to take means over.
    #[serde(default)]
    pub(crate) families: Vec<FamilyPlan>,
    /// Whether rows below say what the scores cost.
    #[serde(default)]
    pub(crate) costs: bool,
}

/// What of its cells a table shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Metric {
    #[default]
    Auroc,
    PixelAuroc,
    PixelAp,
    Aupro,
}

/// Data sets named `<name>_…`.
#[derive(Debug, Deserialize)]
pub(crate) struct FamilyPlan {
    pub(crate) name: String,
    /// How many there are, at hand or not.
    pub(crate) members: usize,
}

#[derive(Debug, Deserialize)]
pub(crate) struct RowPlan {
    pub(crate) dataset: String,
    /// Whether the data were at hand when the run was planned.
    pub(crate) present: bool,
    /// The command that gets them.
    pub(crate) get: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ColumnPlan {
    pub(crate) label: String,
    /// Absent in a column that only shows published numbers.
    pub(crate) method: Option<String>,
    /// Absent where it is the table's.
    pub(crate) protocol: Option<String>,
    /// Column of the published CSV.
    pub(crate) published: Option<String>,
    /// The method's name in the CSV of families.
    pub(crate) family: Option<String>,
    /// Whether the split alone decides about the scores.
    #[serde(default)]
    pub(crate) deterministic: bool,
    pub(crate) note: Option<String>,
    #[serde(default)]
    pub(crate) seeds: Vec<Seed>,
    /// Per data set the id of one cell for each seed.
    #[serde(default)]
    pub(crate) cells: BTreeMap<String, Vec<String>>,
}

/// The seeds of the data and of the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(crate) struct Seed {
    pub(crate) data: u64,
    pub(crate) model: u64,
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.data, self.model)
    }
}

impl Plan {
    pub(crate) fn load(path: &Path) -> Result<Self, ReportError> {
        let text = std::fs::read_to_string(path).map_err(|source| ReportError::Read {
            path: path.to_owned(),
            source,
        })?;
        let plan: Self = serde_json::from_str(&text).map_err(|source| ReportError::Tables {
            path: path.to_owned(),
            source,
        })?;
        plan.check_ids(path)?;
        Ok(plan)
    }

    /// Ids name files: one each, inside the report's folder.
    fn check_ids(&self, path: &Path) -> Result<(), ReportError> {
        let mut seen = BTreeSet::new();
        for TablePlan { id, .. } in &self.tables {
            let reason = if !is_file_stem(id) {
                "expected letters, digits, `-` and `_`"
            } else if id == "index" {
                "the whole report is named so"
            } else if !seen.insert(id) {
                "two tables have it"
            } else {
                continue;
            };
            return Err(ReportError::TableId {
                id: id.clone(),
                path: path.to_owned(),
                reason,
            });
        }
        Ok(())
    }
}

impl Metric {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Auroc => "AUROC",
            Self::PixelAuroc => "AUROC of the pixels",
            Self::PixelAp => "average precision of the pixels",
            Self::Aupro => "AUPRO",
        }
    }
}

impl TablePlan {
    /// The protocol of a column: its own, else the table's.
    pub(crate) fn protocol_of<'a>(&'a self, column: &'a ColumnPlan) -> &'a str {
        column.protocol.as_deref().unwrap_or(&self.protocol)
    }

    /// The seeds the table's heading names: those of its first column that runs something.
    pub(crate) fn seeds(&self) -> &[Seed] {
        (self.columns.iter())
            .find(|column| column.method.is_some())
            .map_or(&[], |column| &column.seeds)
    }
}

/// Whether `name` can be part of a file name without leading anywhere else.
pub(crate) fn is_file_stem(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(plain)
}
