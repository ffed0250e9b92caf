use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::class::Class;
use super::costs::Cut;
use record::Entry;

use super::scheduler::{Refusal, Scheduler};
use super::state::{Open, Pace, Place, Sweep, count};
use super::submission::Submission;
use crate::failure::{Failure, code};
use crate::interrupt::Asked;
use crate::ledger::Ledger;
use crate::options::Outcome;
use crate::plan::Job;
use crate::program::Program;

/// A scheduler that takes nothing while nothing runs is given up after this.
const GIVE_UP: Duration = Duration::from_secs(600);
/// Between two looks at interrupts.
const TICK: Duration = Duration::from_millis(100);

/// Runs every job of the plan in `ledger` that has no result yet.
///
/// What an earlier process submitted is taken up. On an interrupt the jobs go on.
///
/// # Errors
/// Where nothing can be submitted, the program does not start on the machines, or the run folder cannot be
/// written. A cell that fails is not an error, nor is one that is lost too often: it is recorded.
pub fn run(
    scheduler: &mut dyn Scheduler,
    ledger: &Ledger,
    jobs: &[Job],
    program: &Program,
    cut: Cut,
    pace: Pace,
    asked: &mut dyn FnMut() -> Option<Asked>,
) -> Result<Outcome, Failure> {
    let mut sweep = Sweep::new(scheduler, ledger, jobs, program, cut, pace)?;
    sweep.take_up_submissions()?;
    sweep.take_up_cells()?;
    let result = sweep.work(asked);
    sweep.progress.finish();
    result.map(|()| sweep.outcome)
}

impl Sweep<'_> {
    fn work(&mut self, asked: &mut dyn FnMut() -> Option<Asked>) -> Result<(), Failure> {
        loop {
            self.collect()?;
            self.look()?;
            self.submit()?;
            self.ledger.still_held()?;
            let waits = self.places.contains(&Place::Waits);
            if self.open.is_empty() && !waits {
                return self.conclude();
            }
            self.show();
            let start = Instant::now();
            while start.elapsed() < self.pace.poll {
                if let Some(asked) = asked() {
                    self.outcome.interrupted = Some(asked.code);
                    self.say_goodbye();
                    return Ok(());
                }
                std::thread::sleep(TICK.min(self.pace.poll));
            }
        }
    }

    /// Submits what waits, as far as the scheduler takes it.
    fn submit(&mut self) -> Result<(), Failure> {
        let waiting: Vec<usize> = (0..self.jobs.len())
            .filter(|&index| self.places[index] == Place::Waits)
            .collect();
        let full = self
            .full
            .as_ref()
            .is_some_and(|(since, _)| since.elapsed() < 4 * self.pace.poll);
        if waiting.is_empty() || self.silent.is_some() || full {
            return Ok(());
        }
        let most = match self.scheduler.most_tasks() {
            Err(failure) if failure.code == code::RETRY => return self.try_later(failure.message),
            other => other?,
        };
        for (class, tasks) in self.costs.tasks(&waiting, &self.journal) {
            for tasks in tasks.chunks(most) {
                if !self.submit_tasks(class, tasks)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Whether they were taken.
    fn submit_tasks(&mut self, class: Class, tasks: &[Vec<usize>]) -> Result<bool, Failure> {
        let run = self.ledger.path();
        let submission = Submission::create(run, class, tasks, self.jobs, self.program)?;
        let number = submission.number;
        let job = match self.scheduler.submit(&submission) {
            Ok(job) => job,
            Err(refusal) => {
                // Its answer may have been lost on the way.
                let found = self.scheduler.find(&submission.name).ok().flatten();
                match (found, refusal) {
                    (Some(job), _) => job,
                    (None, Refusal::Never(failure)) => {
                        self.give_up(&submission)?;
                        return Err(failure);
                    }
                    (None, Refusal::Full(why)) => {
                        self.give_up(&submission)?;
                        return self.try_later(why).map(|()| false);
                    }
                }
            }
        };
        self.journal.add(vec![self.submitted(number, &job)])?;
        (self.stuck, self.full) = (None, None);
        let cells: usize = tasks.iter().map(Vec::len).sum();
        let say = format!(
            "job {job}: {} in {}, up to {} min and {} MiB each",
            count(cells, "cell"),
            count(tasks.len(), "task"),
            class.minutes,
            class.memory_mib
        );
        self.progress.say(&say);
        for &index in tasks.iter().flatten() {
            let id = &self.jobs[index].planned.id;
            self.outcome.repeated += usize::from(!self.journal.losses(id).is_empty());
            self.places[index] = Place::Out;
            self.seen.remove(&self.jobs[index].planned.id);
        }
        self.open.push(Open {
            judged: vec![false; tasks.len()],
            submission,
            job,
            ended: HashMap::new(),
            held: HashSet::new(),
        });
        Ok(true)
    }

    /// Nothing can be submitted now; where nothing runs either, that is waited for no longer than `GIVE_UP`.
    fn try_later(&mut self, why: String) -> Result<(), Failure> {
        let since = *self.stuck.get_or_insert_with(Instant::now);
        if self.open.is_empty() && since.elapsed() > GIVE_UP {
            let message = format!("{} takes no jobs: {why}", self.scheduler.name());
            return Err(
                Failure::new(code::RETRY, message).hint("the same command goes on from here")
            );
        }
        let before = self.full.replace((Instant::now(), why.clone()));
        if before.is_none_or(|(_, before)| before != why) {
            self.progress.say(&format!("not submitted yet: {why}"));
        }
        Ok(())
    }

    /// A submission that was not taken: its tasks do nothing should they begin after all.
    fn give_up(&mut self, submission: &Submission) -> Result<(), Failure> {
        submission.void()?;
        let submission = submission.number;
        self.journal.add(vec![Entry::Closed { submission }])
    }

    fn conclude(&mut self) -> Result<(), Failure> {
        match self.journal.under_way {
            true => self.journal.add(vec![Entry::Concluded]),
            false => Ok(()),
        }
    }

    fn show(&mut self) {
        let (run, wait) = self.tasks;
        let left = (0..self.jobs.len()).filter(|&i| self.places[i] != Place::Settled);
        let left: f64 = left.map(|index| self.costs.estimates.seconds(index)).sum();
        let doing = format!("{run} tasks run, {wait} wait");
        self.progress.worker(0, self.scheduler.name(), &doing);
        self.progress.tick(left / run.max(1) as f64);
    }

    fn say_goodbye(&self) {
        let run = self.ledger.path().display();
        let jobs: Vec<&str> = self.open.iter().map(|open| open.job.as_str()).collect();
        if jobs.is_empty() {
            return;
        }
        let name = self.scheduler.name();
        self.progress.say(&format!(
            "the jobs go on: {}\nwatch them:  residuum sweep status {run}\ncancel them: residuum sweep cancel {run}\n\
             what is lost meanwhile is repeated by `residuum sweep {run} --executor {name}`, which also makes the tables",
            jobs.join(", ")
        ));
    }
}
