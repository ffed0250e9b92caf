#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod column;
mod table;
mod values;

pub use column::Column;
pub use table::Columns;
pub use values::{Kind, Values};

/// Columns that do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ColumnsError {
    /// Columns, or a column and its marks of missing values, of different lengths.
    #[error("column `{name}` has {found} values, expected {expected}")]
    Length {
        /// The column.
        name: String,
        /// Its values.
        found: usize,
        /// Those of the first column, or of the column itself.
        expected: usize,
    },
    /// Two columns of one name.
    #[error("two columns are called `{name}`")]
    Twice {
        /// The name.
        name: String,
    },
    /// Rows of other columns.
    #[error("rows of other columns")]
    Other,
}
