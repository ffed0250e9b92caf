//! What the program knows: data sets and methods.

use serde::Deserialize;
use serde_json::{Map, Value};

/// What the program knows of a data set.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Dataset {
    /// The name or the pattern that it answers to.
    pub asked: String,
    /// Its name.
    pub name: String,
    /// The name without the number of rows that are drawn.
    pub whole: String,
    /// The name under which its files are fetched.
    pub of: String,
    /// What its rows are: images, vectors, a table.
    pub representation: String,
    /// Rows.
    pub n: Option<u64>,
    /// Columns, or values of an image.
    pub d: Option<u64>,
    /// Whether its files are there.
    pub present: bool,
    /// Of its files, where they are there.
    pub sha256: Option<String>,
    /// The command that gets them.
    pub get: String,
}

/// What the program knows of a method.
#[derive(Debug, Clone, Deserialize)]
pub struct Method {
    /// Its name.
    pub name: String,
    /// Every setting.
    pub default: Map<String, Value>,
    /// Seconds that one core needs with these settings for 5263 rows of 512 columns, roughly.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// Whether it is a network.
    #[serde(default)]
    pub needs_libtorch: bool,
}
