//! What became of tasks.

use std::collections::HashMap;
use std::time::Instant;

use record::{Cell, Entry, Why};

use super::judge::{Remains, Verdict, begun, is_worth_a_retry, judge, last_lines};
use super::scheduler::{End, State};
use super::state::{MOST_LOSSES, Place, Sweep, first_line};
use super::submission::Submission;
use crate::executor::{Ending, Exit};
use crate::failed;
use crate::failure::{Failure, code};

impl Sweep<'_> {
    /// Asks what became of the tasks, and judges those that have ended.
    pub(super) fn look(&mut self) -> Result<(), Failure> {
        if self.open.is_empty() {
            self.tasks = (0, 0);
            return Ok(());
        }
        let jobs: Vec<&str> = self.open.iter().map(|open| open.job.as_str()).collect();
        let found = match self.scheduler.tasks(&jobs) {
            Ok(found) => found,
            Err(failure) => {
                // Nothing has ended that we know of.
                if self.silent.replace(failure.message.clone()) != Some(failure.message.clone()) {
                    self.progress.say(&failure.message);
                }
                return Ok(());
            }
        };
        self.silent = None;
        // What was written before a task ended is there by now, or within the time to settle.
        self.collect()?;
        let mut states: HashMap<(String, usize), State> = HashMap::new();
        for (job, task, state) in found {
            states.insert((job, task), state);
        }
        let count = |wanted| states.values().filter(|&&state| state == wanted).count();
        self.tasks = (count(State::Runs), count(State::Waits));
        for mut open in std::mem::take(&mut self.open) {
            for task in 0..open.judged.len() {
                if open.judged[task] {
                    continue;
                }
                let complete = self.is_settled(&open.submission.tasks[task]);
                let state = states.get(&(open.job.clone(), task));
                let end = match state {
                    // That it is cancelled by now is our doing.
                    _ if open.held.contains(&task) => End::Node,
                    None => End::Unknown,
                    Some(State::Ended(end)) => *end,
                    Some(State::Held) => End::Node,
                    // It would find nothing to do.
                    Some(State::Waits) if complete => End::Cancelled,
                    Some(_) => {
                        open.ended.remove(&task);
                        continue;
                    }
                };
                if matches!(state, Some(State::Held | State::Waits)) && open.held.insert(task) {
                    self.scheduler.cancel_task(&open.job, task)?;
                }
                let since = *open.ended.entry(task).or_insert_with(Instant::now);
                if complete || since.elapsed() >= self.pace.settle {
                    self.judge(&open.submission, task, end)?;
                    open.judged[task] = true;
                }
            }
            if open.judged.iter().all(|&judged| judged) {
                let submission = open.submission.number;
                self.journal.add(vec![Entry::Closed { submission }])?;
            } else {
                self.open.push(open);
            }
        }
        Ok(())
    }

    fn is_settled(&self, cells: &[String]) -> bool {
        let known = cells.iter().filter_map(|id| self.index.get(id.as_str()));
        let mut places = known.map(|&index| self.places[index]);
        places.all(|place| place == Place::Settled)
    }

    /// What becomes of the cells of an ended task that have no result.
    fn judge(&mut self, submission: &Submission, task: usize, end: End) -> Result<(), Failure> {
        let cells = &submission.tasks[task];
        // Cells of an earlier plan are nobody's concern.
        let ours: Vec<usize> = (cells.iter())
            .filter_map(|id| self.index.get(id.as_str()).copied())
            .filter(|&index| self.places[index] == Place::Out)
            .collect();
        if ours.is_empty() {
            return Ok(());
        }
        let mut lost = Vec::new();
        let mut missing = Vec::new();
        for index in ours {
            let id = &self.jobs[index].planned.id;
            let cell = self.ledger.cell(id);
            match cell.and_then(|cell| cell.failure().cloned()) {
                None => missing.push(index),
                Some(failure) if is_worth_a_retry(&failure) => {
                    lost.push((index, Why::Memory));
                    match self.journal.losses(id).len() + 1 < MOST_LOSSES {
                        true => self.places[index] = Place::Waits,
                        false => self.fail(index, first_line(&failure.message)),
                    }
                }
                Some(failure) => self.fail(index, first_line(&failure.message)),
            }
        }
        let never_began = match missing.is_empty() {
            true => None,
            false => self.judge_missing(submission, task, end, &missing, &mut lost)?,
        };
        let host = submission.hosts(task).pop();
        let number = submission.number;
        let entries = lost.into_iter().map(|(index, why)| Entry::Lost {
            submission: number,
            task,
            cell: self.jobs[index].planned.id.clone(),
            why,
            host: host.clone(),
        });
        let judged = Entry::Judged {
            submission: number,
            task,
        };
        self.journal.add(entries.chain([judged]).collect())?;
        never_began.map_or(Ok(()), Err)
    }

    /// Of the cells without a file: which are lost, recorded as failed, or just were not reached. The answer is the
    /// failure of a program that does not start.
    fn judge_missing(
        &mut self,
        submission: &Submission,
        task: usize,
        end: End,
        missing: &[usize],
        lost: &mut Vec<(usize, Why)>,
    ) -> Result<Option<Failure>, Failure> {
        let (begun, began) = begun(&submission.events(task));
        let id = |&index: &usize| self.jobs[index].planned.id.as_str();
        let ids: Vec<&str> = missing.iter().map(id).collect();
        let verdict = judge(&Remains {
            end,
            exit: submission.exit_code(task),
            begun,
            began,
            got_somewhere: ids.len() < submission.tasks[task].len(),
            missing: &ids,
        });
        for &index in missing {
            self.places[index] = Place::Waits;
        }
        let log = submission.log(task);
        let ending = |exit| Ending {
            exit,
            log_tail: last_lines(&log),
            log: log.clone(),
        };
        let host = submission.hosts(task).pop();
        match verdict {
            Verdict::Lost(ids, why) => {
                for id in ids {
                    let index = self.index[id.as_str()];
                    lost.push((index, why));
                    let before = self.journal.losses(&id);
                    if before.len() + 1 < MOST_LOSSES {
                        continue;
                    }
                    let reasons: Vec<Why> = before.iter().copied().chain([why]).collect();
                    let planned = &self.jobs[index].planned;
                    let nothing = ending(Exit::Code(0));
                    let (cell, why) = failed::lost(planned, &reasons, &nothing, self.cores);
                    self.record(
                        index,
                        Cell {
                            host: host.clone(),
                            ..cell
                        },
                        why,
                    )?;
                }
            }
            Verdict::Fault(id, exit) => {
                let index = self.index[id.as_str()];
                let planned = &self.jobs[index].planned;
                let (cell, why) = failed::ended(planned, &ending(exit), self.cores);
                self.record(index, Cell { host, ..cell }, why)?;
            }
            Verdict::Cancelled => {
                for &index in missing {
                    self.places[index] = Place::Cancelled;
                }
                self.outcome.cancelled += missing.len();
            }
            Verdict::NeverBegan(number) => {
                return Ok(Some(never_began(number, &ending(Exit::Code(number)))));
            }
        }
        Ok(None)
    }

    /// Writes the record of a cell whose process did not live to.
    fn record(&mut self, index: usize, cell: Cell, why: String) -> Result<(), Failure> {
        self.ledger.write(&self.jobs[index].planned.id, &cell)?;
        self.fail(index, why);
        Ok(())
    }
}

/// A program that does not start in one task would in none: better to stop.
fn never_began(number: i32, ending: &Ending) -> Failure {
    let known = [code::USAGE, code::BAD_DATA, code::MISSING, code::RETRY];
    let known = known.into_iter().find(|&c| number == i32::from(c));
    let tail = &ending.log_tail;
    let message =
        format!("the program ended with exit status {number} before its first cell\n{tail}");
    Failure::new(known.unwrap_or(code::INTERNAL), message).hint(format!(
        "the log is {:?}; jobs that wait are cancelled by `residuum sweep cancel`",
        ending.log
    ))
}
