use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use crate::Failure;

/// Where cells are computed. Each of its slots works on one chunk of the plan at a time.
pub trait Executor {
    /// Starts the cells `chunk` of the plan in a free slot.
    ///
    /// # Errors
    /// Where nothing can be started.
    fn start(&mut self, slot: usize, chunk: Range<usize>) -> Result<(), Failure>;

    /// What happened since the last call, by slot; waits up to `wait` for something. After
    /// [`Event::Ended`] the slot is free.
    ///
    /// # Errors
    /// Where nothing can be learned any more.
    fn poll(&mut self, wait: Duration) -> Result<Vec<(usize, Event)>, Failure>;

    /// Asks what runs in a slot to stop, or with `now` ends it. Its end is still an event.
    fn stop(&mut self, slot: usize, now: bool);
}

/// What happens to a chunk. Only its end is certain to come; what was computed is in the ledger.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A cell is begun.
    Start {
        /// Its place in the plan.
        index: usize,
        /// Its id.
        id: String,
    },
    /// How far the cell in work is.
    Progress {
        /// As the program says it: `epochs 3/100 loss 0.4`.
        doing: String,
    },
    /// A cell's file is written.
    Done {
        /// Its id.
        id: String,
        /// What it took, of a finished cell.
        seconds: Option<f64>,
    },
    /// Nothing runs in the slot any more.
    Ended(Ending),
}

/// How the work on a chunk ended.
#[derive(Debug, Clone, PartialEq)]
pub struct Ending {
    /// By its own exit or not.
    pub exit: Exit,
    /// The last lines of its log.
    pub log_tail: String,
    /// Where the log is.
    pub log: PathBuf,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}
