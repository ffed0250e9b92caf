//! The options of a sweep, and its result.

use std::time::Duration;

/// How a sweep is run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Slots of the executor.
    pub jobs: usize,
    /// Threads each worker may use.
    pub threads: usize,
    /// Wall time after which a cell is stopped.
    pub timeout: Duration,
}

/// What a sweep did.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Cells computed now.
    pub finished: usize,
    /// Cells that failed now, with the reason.
    pub failed: Vec<(String, String)>,
    /// Times that a cell was given to a scheduler again.
    pub repeated: usize,
    /// Cells whose jobs somebody cancelled.
    pub cancelled: usize,
    /// The exit code of an interrupt, where one came.
    pub interrupted: Option<u8>,
}
