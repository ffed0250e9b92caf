//! The state of a sweep on a scheduler.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::costs::{Costs, Cut};
use super::journal::Journal;
use super::judge::is_worth_a_retry;
use super::scheduler::Scheduler;
use super::submission::Submission;
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::options::Outcome;
use crate::plan::Job;
use crate::program::Program;
use crate::progress::Progress;

/// How often a cell is lost before it is given up.
pub(super) const MOST_LOSSES: usize = 3;

/// How a scheduler is watched.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Between two looks at it.
    pub poll: Duration,
    /// From a task's end until its files have come: network file systems take a while to show them.
    pub settle: Duration,
}

/// What becomes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is in no task.
    Waits,
    /// A task has it.
    Out,
    /// It has a result, or failed for good.
    Settled,
    /// Its task was cancelled: not again in this sweep.
    Cancelled,
}

/// A sweep under way.
pub(super) struct Sweep<'a> {
    pub(super) scheduler: &'a mut dyn Scheduler,
    pub(super) ledger: &'a Ledger,
    pub(super) jobs: &'a [Job],
    pub(super) program: &'a Program,
    pub(super) cores: usize,
    pub(super) pace: Pace,
    pub(super) journal: Journal,
    pub(super) index: HashMap<&'a str, usize>,
    pub(super) places: Vec<Place>,
    pub(super) costs: Costs<'a>,
    pub(super) open: Vec<Open>,
    /// Ids whose file was read.
    pub(super) seen: HashSet<String>,
    pub(super) progress: Progress,
    pub(super) outcome: Outcome,
    /// Since when nothing can be submitted while nothing runs.
    pub(super) stuck: Option<Instant>,
    /// When the scheduler took nothing more, and what it said.
    pub(super) full: Option<(Instant, String)>,
    /// The last thing the scheduler answered instead of an answer.
    pub(super) silent: Option<String>,
    /// Tasks that run, and that wait.
    pub(super) tasks: (usize, usize),
}

/// A submission whose tasks have not all ended.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) submission: Submission,
    pub(super) job: String,
    /// By task: nothing is left to judge.
    pub(super) judged: Vec<bool>,
    /// By task: since when it has ended.
    pub(super) ended: HashMap<usize, Instant>,
    /// Tasks that were held back, and that we cancelled.
    pub(super) held: HashSet<usize>,
}

impl<'a> Sweep<'a> {
    /// Nothing of the run's files is known yet but its journal.
    pub(super) fn new(
        scheduler: &'a mut dyn Scheduler,
        ledger: &'a Ledger,
        jobs: &'a [Job],
        program: &'a Program,
        cut: Cut,
        pace: Pace,
    ) -> Result<Self, Failure> {
        let index = jobs.iter().enumerate();
        let index = index.map(|(i, job)| (job.planned.id.as_str(), i));
        Ok(Self {
            scheduler,
            ledger,
            jobs,
            program,
            cores: cut.cores,
            pace,
            journal: Journal::read(ledger.path())?,
            index: index.collect(),
            places: vec![Place::Waits; jobs.len()],
            costs: Costs::new(jobs, cut),
            open: Vec::new(),
            seen: HashSet::new(),
            progress: Progress::new(0, jobs.len(), 1),
            outcome: Outcome::default(),
            stuck: None,
            full: None,
            silent: None,
            tasks: (0, 0),
        })
    }

    pub(super) fn may_try_again(&self, id: &str, failure: &record::Failure) -> bool {
        let losses = self.journal.losses(id).len();
        is_worth_a_retry(failure) && losses < MOST_LOSSES
    }

    /// Counts the cells whose files have come.
    pub(super) fn collect(&mut self) -> Result<(), Failure> {
        for id in self.ledger.ids()? {
            if self.seen.contains(&id) {
                continue;
            }
            let Some(&index) = self.index.get(id.as_str()) else {
                self.seen.insert(id);
                continue;
            };
            // A failure is judged when its task has ended.
            if let Some(cell) = self.ledger.cell(&id).filter(|cell| cell.is_ok()) {
                self.costs.learn(index, &cell);
                self.places[index] = Place::Settled;
                self.outcome.finished += 1;
                self.progress.advance();
                self.seen.insert(id);
            }
        }
        Ok(())
    }

    pub(super) fn fail(&mut self, index: usize, why: String) {
        let job = &self.jobs[index];
        let title = job.title();
        self.progress.failed(&title, &why);
        self.outcome.failed.push((title, why));
        self.places[index] = Place::Settled;
        self.seen.insert(job.planned.id.clone());
    }
}

/// As a message has it.
pub(super) fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// `1 task`, `2 tasks`.
pub(super) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("1 {what}"),
        n => format!("{n} {what}s"),
    }
}
