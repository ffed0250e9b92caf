use crate::Failure;
use crate::batch::submission::Submission;

/// What runs the tasks of submissions on other machines, some time or other.
pub trait Scheduler {
    /// Its name, as `--executor` has it.
    fn name(&self) -> &'static str;

    /// The most tasks that one submission may have.
    ///
    /// # Errors
    /// Where it does not answer.
    fn most_tasks(&mut self) -> Result<usize, Failure>;

    /// Submits every task; the answer names the job.
    ///
    /// # Errors
    /// [`Refusal`].
    fn submit(&mut self, submission: &Submission) -> Result<String, Refusal>;

    /// The job of the name that a submission gave it, where there is one.
    ///
    /// # Errors
    /// Where it does not answer.
    fn find(&mut self, name: &str) -> Result<Option<String>, Failure>;

    /// What is known of the tasks of jobs: job, task, state. A task that is not named has ended.
    ///
    /// # Errors
    /// Where it does not answer; then nothing has ended.
    fn tasks(&mut self, jobs: &[&str]) -> Result<Vec<(String, usize, State)>, Failure>;

    /// Ends jobs, and those of their tasks that wait.
    ///
    /// # Errors
    /// Where it does not answer.
    fn cancel(&mut self, jobs: &[&str]) -> Result<(), Failure>;

    /// Ends one task.
    ///
    /// # Errors
    /// Where it does not answer.
    fn cancel_task(&mut self, job: &str, task: usize) -> Result<(), Failure>;
}

/// Why nothing was submitted.
#[derive(Debug)]
pub enum Refusal {
    /// It takes no more for now.
    Full(String),
    /// It will not take it at all.
    Never(Failure),
}

/// The state of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is in the queue.
    Waits,
    /// It is in the queue, and would not run before somebody looks after it.
    Held,
    /// It runs, or is about to.
    Runs,
    /// It is over.
    Ended(End),
}

/// How a task ended, as far as the scheduler says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, or nobody knows.
    Unknown,
    /// Its time was up.
    Time,
    /// It took more memory than it may.
    Memory,
    /// Its machine failed or was taken away.
    Node,
    /// Somebody asked for it.
    Cancelled,
}
