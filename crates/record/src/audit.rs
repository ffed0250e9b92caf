use serde::{Deserialize, Serialize};

/// What was found in the rows of a split that makes its numbers misleading.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The training rows.
    pub fitted: Part,
    /// The test rows.
    pub test: Option<Part>,
    /// Test rows that repeat training rows.
    pub across: Option<Across>,
    /// Normal test rows.
    #[serde(default)]
    pub normals: u64,
    /// Anomalies among the test rows.
    #[serde(default)]
    pub anomalies: u64,
    /// Anomalies that are exact copies of a normal row.
    pub anomalies_tied_with_normals: u64,
}

/// A block of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Rows.
    #[serde(default)]
    pub n: u64,
    /// Columns, or the values of an image.
    pub d: u64,
    /// Columns with one value only.
    pub constant_columns: u64,
    /// Columns with one value in more than half of the rows.
    pub tied_columns: u64,
    /// Columns that 32-bit floats would lose.
    #[serde(default)]
    pub fine_columns: u64,
    /// Values that are NaN or infinite.
    #[serde(default)]
    pub not_finite: u64,
    /// Rows that are exact copies of an earlier one.
    pub duplicates: u64,
}

/// Copies across the border of a split.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Across {
    /// Normal test rows that are exact copies of a training row.
    pub normals_in_train: u64,
    /// The same as a share of the normal test rows.
    pub share_of_normals: f64,
    /// Anomalous test rows that are exact copies of a training row.
    pub anomalies_in_train: u64,
}
