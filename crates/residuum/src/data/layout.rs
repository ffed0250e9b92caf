use columns::{Columns, Kind};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::DataError;
use super::missing::Missing;
use super::table::named;

/// What a model was fitted to and how it becomes numbers: enough to treat other data alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "family", rename_all = "lowercase", deny_unknown_fields)]
pub enum Layout {
    /// A table.
    Table(TableLayout),
    /// Rows of numbers without names.
    Array {
        /// Columns.
        columns: usize,
        /// The number type of the training rows.
        numbers: NumberType,
    },
    /// Images of one shape.
    Images {
        /// Channels.
        channels: usize,
        /// Pixels down.
        height: usize,
        /// Pixels across.
        width: usize,
    },
}

/// The number type of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NumberType {
    /// 32-bit floats.
    Float32,
    /// 64-bit floats.
    Float64,
}

/// Columns of a table, in the order of the training table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableLayout {
    /// The columns that are learned from.
    pub columns: Vec<ColumnLayout>,
    /// What is done where a value is missing.
    pub missing: Missing,
    /// The number type that they become: 32-bit floats where all of them are.
    pub numbers: NumberType,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnLayout {
    /// Its name.
    pub name: String,
    /// The type of its values.
    #[serde(serialize_with = "kind_name", deserialize_with = "kind_named")]
    pub kind: Kind,
    /// How they become numbers.
    pub encoding: Encoding,
    /// Whether a column of its own says where the value is missing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indicator: bool,
}

/// How values become numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Encoding {
    /// One column: the number, minus `offset` for whole numbers and moments (in seconds), so that
    /// no digit is lost.
    Number {
        /// What is taken off, in the column's own unit.
        #[serde(default)]
        offset: i64,
        /// What stands for a missing value: the mean of the training rows, after the offset.
        fill: f64,
    },
    /// A column of 0 and 1 for each of `levels`, then one for all other values.
    Categories {
        /// The values that three training rows or more have, sorted.
        levels: Vec<String>,
    },
}

impl TableLayout {
    /// How many numbers a row becomes.
    pub fn width(&self) -> usize {
        self.columns.iter().map(ColumnLayout::width).sum()
    }

    /// For each number of an encoded row the place of its column in [`columns`](Self::columns).
    pub fn sources(&self) -> Vec<usize> {
        let places = self.columns.iter().enumerate();
        places
            .flat_map(|(i, column)| std::iter::repeat_n(i, column.width()))
            .collect()
    }

    /// The first columns of `table` that are missing or of another type, as an error.
    pub(super) fn check(&self, table: &Columns) -> Result<(), DataError> {
        for column in &self.columns {
            let found = named(table, &column.name)?.values.kind();
            if !column.takes(found) {
                return Err(DataError::Kind {
                    name: column.name.clone(),
                    found,
                    expected: column.kind,
                });
            }
        }
        Ok(())
    }
}

impl ColumnLayout {
    /// How many numbers a value becomes.
    pub fn width(&self) -> usize {
        let width = match &self.encoding {
            Encoding::Number { .. } => 1,
            Encoding::Categories { levels } => levels.len() + 1,
        };
        width + usize::from(self.indicator)
    }

    /// Whether values of this type can be encoded: a number may come as any type of number.
    fn takes(&self, kind: Kind) -> bool {
        let is_number = |kind| matches!(kind, Kind::Float32 | Kind::Float64 | Kind::Integer);
        kind == self.kind || is_number(kind) && is_number(self.kind)
    }
}

fn kind_name<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

fn kind_named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
    let name = String::deserialize(deserializer)?;
    Kind::named(&name)
        .ok_or_else(|| serde::de::Error::custom(format!("`{name}` is not a type of a column")))
}
