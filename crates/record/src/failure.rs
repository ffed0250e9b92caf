use serde::{Deserialize, Serialize};

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// The exit code that stands for this kind of failure.
    pub code: Option<u8>,
    /// What went wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
}
