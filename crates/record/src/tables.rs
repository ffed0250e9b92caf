use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Seeds;

/// `tables.json`: the tables to show and the cells that fill them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tables {
    /// The profile the run was planned from.
    pub profile: String,
    /// In the order they are shown.
    pub tables: Vec<TablePlan>,
}

/// One table: data sets down, columns across.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TablePlan {
    /// The stem of its files.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// Of the columns that have none of their own.
    pub protocol: String,
    /// What of its cells it shows.
    #[serde(default)]
    pub metric: Metric,
    /// Stem of the CSV with the published numbers.
    pub published: Option<String>,
    /// Below the table.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The data sets.
    pub rows: Vec<RowPlan>,
    /// The methods.
    pub columns: Vec<ColumnPlan>,
    /// Stem of the CSV with published means of families.
    pub published_families: Option<String>,
    /// Families of data sets to take means over.
    #[serde(default)]
    pub families: Vec<FamilyPlan>,
    /// Whether rows below say what the scores cost.
    #[serde(default)]
    pub costs: bool,
}

/// A number of a cell that a table shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Of the scores.
    #[default]
    Auroc,
    /// Of the pixels of the maps.
    PixelAuroc,
    /// Average precision of the pixels.
    PixelAp,
    /// Per-region overlap.
    Aupro,
}

/// The data sets named `<name>_…`, of which there are `members` in all.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyPlan {
    /// The start of their names.
    pub name: String,
    /// How many there are, present or not.
    pub members: usize,
}

/// A row of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RowPlan {
    /// The name of the data set.
    pub dataset: String,
    /// Whether the data were there when the run was planned.
    pub present: bool,
    /// The command that gets them.
    pub get: Option<String>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnPlan {
    /// Its heading.
    pub label: String,
    /// Absent in a column that only shows published numbers.
    pub method: Option<String>,
    /// Absent where it is the table's.
    pub protocol: Option<String>,
    /// Column of the published CSV.
    pub published: Option<String>,
    /// The method's name in the CSV of families.
    pub family: Option<String>,
    /// Whether the split alone decides about the scores.
    #[serde(default)]
    pub deterministic: bool,
    /// Below the table.
    pub note: Option<String>,
    /// One cell a row for each.
    #[serde(default)]
    pub seeds: Vec<Seeds>,
    /// Per data set the id of one cell for each seed.
    #[serde(default)]
    pub cells: BTreeMap<String, Vec<String>>,
}

impl Metric {
    /// In a sentence.
    pub fn name(self) -> &'static str {
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
    pub fn protocol_of<'a>(&'a self, column: &'a ColumnPlan) -> &'a str {
        column.protocol.as_deref().unwrap_or(&self.protocol)
    }

    /// The seeds the table's heading names: those of its first column that runs something.
    pub fn seeds(&self) -> &[Seeds] {
        (self.columns.iter())
            .find(|column| column.method.is_some())
            .map_or(&[], |column| &column.seeds)
    }
}
