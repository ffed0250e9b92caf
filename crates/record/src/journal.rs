use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde::{Deserialize, Serialize};

/// A line of `journal.jsonl`: what a sweep on a scheduler did. Lines are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Entry {
    /// A submission has a job.
    Submitted {
        /// Its number, which names its folder.
        submission: u64,
        /// Where: `slurm`.
        executor: String,
        /// The job's name there.
        job: String,
    },
    /// A submission was written for others to run.
    Exported {
        /// Its number.
        submission: u64,
        /// As what.
        format: String,
    },
    /// A cell did not come out of a task; it is computed again unless it was lost too often.
    Lost {
        /// The submission.
        submission: u64,
        /// The task of it.
        task: usize,
        /// The cell's id.
        cell: String,
        /// Why.
        why: Why,
        /// The machine, where the task came so far.
        host: Option<String>,
    },
    /// What became of the cells of a task stands above.
    Judged {
        /// The submission.
        submission: u64,
        /// The task of it.
        task: usize,
    },
    /// Every task of a submission has ended.
    Closed {
        /// The submission.
        submission: u64,
    },
    /// The sweep had nothing left to do.
    Concluded,
}

/// Why a cell was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Why {
    /// Its time was up.
    Time,
    /// It took too much memory, or was killed, most often for that.
    Memory,
    /// Its machine was lost, or nobody knows.
    Node,
}

impl Why {
    /// In a sentence: lost …
    pub fn words(self) -> &'static str {
        match self {
            Self::Time => "by its limit of time",
            Self::Memory => "for want of memory",
            Self::Node => "with its machine",
        }
    }
}

impl Entry {
    /// The lines of the journal of the run folder `run`, of which there may be none.
    ///
    /// A line that a power cut left half written is passed over: what it said is found out again.
    ///
    /// # Errors
    /// Where the file is there and cannot be read.
    pub fn read_all(run: &Path) -> io::Result<Vec<Self>> {
        let text = match fs::read_to_string(run.join(JOURNAL)) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            other => other?,
        };
        let lines = text.lines();
        Ok(lines
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }
}

/// The journal's file in a run folder.
pub const JOURNAL: &str = "journal.jsonl";
