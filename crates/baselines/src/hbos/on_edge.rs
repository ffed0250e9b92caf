use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The bin whose density a value on an edge between two bins has. When densities are counted it belongs to
/// the bin above, as in NumPy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OnEdge {
    /// The bin it is counted in, the one above the edge.
    SameBin,
    /// The bin below, as in PyOD.
    ///
    /// Its published numbers need it. A training value on an edge then scores as its lower neighbours
    /// do: a constant column is such an edge where bins are even in number, and scores as if no
    /// training row were there.
    Published,
}
