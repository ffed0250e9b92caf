//! What an earlier process left: submissions with jobs at work, and cells.

use std::collections::{HashMap, HashSet};

use record::Entry;

use super::state::{Open, Place, Sweep, count, first_line};
use super::submission::{Submission, folder_of, numbers};
use crate::failure::Failure;
use crate::progress::Progress;

impl Sweep<'_> {
    pub(super) fn take_up_submissions(&mut self) -> Result<(), Failure> {
        let run = self.ledger.path();
        for number in numbers(run)? {
            if self.journal.settled.contains(&number) {
                continue;
            }
            let Some(submission) = Submission::read(run, number)? else {
                let folder = folder_of(run, number);
                std::fs::remove_dir_all(&folder)
                    .map_err(|e| Failure::refused(format!("cannot remove {folder:?}"), &e))?;
                continue;
            };
            let job = match self.journal.open.get(&number) {
                Some(job) => job.clone(),
                // Who wrote it was killed: it has a job, or is never to have one.
                None => match self.scheduler.find(&submission.name)? {
                    Some(job) => {
                        self.journal.add(vec![self.submitted(number, &job)])?;
                        job
                    }
                    None => {
                        submission.void()?;
                        self.journal
                            .add(vec![Entry::Closed { submission: number }])?;
                        continue;
                    }
                },
            };
            let mut judged = vec![false; submission.tasks.len()];
            for (task, cells) in submission.tasks.iter().enumerate() {
                judged[task] = self.journal.judged.contains(&(number, task));
                if judged[task] {
                    continue;
                }
                for id in cells {
                    if let Some(&index) = self.index.get(id.as_str()) {
                        self.places[index] = Place::Out;
                    }
                }
            }
            self.open.push(Open {
                submission,
                job,
                judged,
                ended: HashMap::new(),
                held: HashSet::new(),
            });
        }
        if !self.open.is_empty() {
            let jobs: Vec<&str> = self.open.iter().map(|open| open.job.as_str()).collect();
            let say = format!(
                "taking up {} of {}",
                count(jobs.len(), "job"),
                self.scheduler.name()
            );
            self.progress.say(&format!("{say}: {}", jobs.join(", ")));
        }
        Ok(())
    }

    pub(super) fn submitted(&self, submission: u64, job: &str) -> Entry {
        Entry::Submitted {
            submission,
            executor: self.scheduler.name().to_owned(),
            job: job.to_owned(),
        }
    }

    /// Cells that have a result. What failed in a sweep that was concluded is tried anew; in one that goes on it
    /// stays.
    pub(super) fn take_up_cells(&mut self) -> Result<(), Failure> {
        let goes_on = self.journal.under_way;
        for (index, job) in self.jobs.iter().enumerate() {
            let id = &job.planned.id;
            let Some(cell) = self.ledger.cell(id) else {
                continue;
            };
            match cell.failure() {
                None => self.costs.learn(index, &cell),
                Some(_) if self.places[index] == Place::Out => continue,
                Some(failure) if goes_on && !self.may_try_again(id, failure) => {
                    self.outcome
                        .failed
                        .push((job.title(), first_line(&failure.message)));
                }
                Some(_) => {
                    self.ledger.forget(id)?;
                    continue;
                }
            }
            self.places[index] = Place::Settled;
            self.seen.insert(id.clone());
        }
        let settled = self.places.iter().filter(|&&place| place == Place::Settled);
        self.progress = Progress::new(settled.count(), self.jobs.len(), 1);
        Ok(())
    }
}
