//! What stands in a table: rows, their entries, and how many cells are there.

use crate::estimate::Estimate;
use record::RowPlan;

#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) plan: &'a RowPlan,
    pub(crate) marks: Vec<usize>,
    /// Neither data nor a result.
    pub(crate) no_data: bool,
    /// One for each column.
    pub(crate) entries: Vec<Entry>,
}

impl Row<'_> {
    /// Whether a cell of the row is there, finished or not.
    pub(crate) fn ran(&self) -> bool {
        self.entries.iter().any(|entry| entry.ours.ran())
    }

    /// Whether there is nothing to show but that the data are absent.
    pub(crate) fn is_absent(&self) -> bool {
        self.no_data && !self.ran()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) ours: Ours,
    /// Ours of each seed in percent; empty where one is missing.
    pub(crate) of_seeds: Vec<f64>,
    /// Percent.
    pub(crate) paper: Option<f64>,
    /// Of the published number over seeds, where it is a mean over seeds.
    pub(crate) paper_sd: Option<f64>,
    pub(crate) marks: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Ours {
    /// The column runs nothing.
    NoMethod,
    NoData,
    Pending,
    Failed,
    Unreadable,
    /// Percent.
    Value(Estimate),
}

impl Ours {
    /// Whether a cell is there, finished or not.
    pub(crate) fn ran(&self) -> bool {
        matches!(self, Self::Failed | Self::Unreadable | Self::Value(_))
    }

    /// Percent.
    pub(crate) fn mean(&self) -> Option<f64> {
        match self {
            Self::Value(estimate) => Some(estimate.mean),
            _ => None,
        }
    }
}

/// How many of the table's cells are there.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    pub(crate) unreadable: usize,
    pub(crate) pending: usize,
}

impl Progress {
    pub(crate) fn all(&self) -> usize {
        self.done + self.failed + self.unreadable + self.pending
    }
}
