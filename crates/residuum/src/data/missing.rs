use std::fmt;

use serde::{Deserialize, Serialize};

/// What is done where a value is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// It is an error.
    #[default]
    Error,
    /// A number becomes the mean of the training rows, a category is one of its own. Where some training
    /// rows lack the value, a column says which ones do.
    Mean,
    /// The row is left out: it is neither trained on nor scored.
    Drop,
}

impl Missing {
    /// The name used in options and in stored models.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Mean => "mean",
            Self::Drop => "drop",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
