//! Running a plan on a scheduler: cells are packed into tasks, submitted, waited for and, where they were lost,
//! submitted again. All that is known is in files, so any process may take over from one that is gone.

mod class;
mod costs;
mod export;
mod journal;
mod judge;
mod pack;
mod run;
mod scheduler;
mod slurm;
mod state;
mod submission;
mod take_up;
mod verdicts;
mod watch;

use std::path::Path;

pub use self::class::Class;
pub use self::costs::Cut;
pub use self::export::{Format, Kubernetes, export};
pub use self::run::run;
pub use self::scheduler::{End, Refusal, Scheduler, State};
pub use self::slurm::Slurm;
pub use self::state::Pace;
pub use self::submission::Submission;
pub use self::watch::{Condition, cancel, condition, logs};

use crate::failure::Failure;

/// Where jobs of a scheduler may be at work in a run folder.
pub(crate) fn refuse_open_jobs(run: &Path) -> Result<(), Failure> {
    journal::Journal::read(run)?.refuse_open()
}
