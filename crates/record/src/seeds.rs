use std::fmt;

use serde::{Deserialize, Serialize};

/// The seed of the data (which rows are drawn) and of the model (how it starts).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeds {
    /// Of the split.
    pub data: u64,
    /// Of the model.
    pub model: u64,
}

/// `data/model`.
impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.data, self.model)
    }
}
