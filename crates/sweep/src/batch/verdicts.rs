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
                let state = states.get(&(open.job.clone(), task));
                let end = match state {
                    None => End::Unknown,
                    Some(State::Ended(end)) => *end,
                    Some(_) => {
                        open.ended.remove(&task);
                        continue;
                    }
                };
                let since = *open.ended.entry(task).or_insert_with(Instant::now);
                let complete = self.is_settled(&open.submission.tasks[task]);
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

    pub(super) fn is_settled(&self, cells: &[String]) -> bool {
        let known = cells.iter().filter_map(|id| self.index.get(id.as_str()));
        let mut places = known.map(|&index| self.places[index]);
        places.all(|place| place == Place::Settled)
    }

    /// What becomes of the cells of an ended task that have no result.
    pub(super) fn judge(
        &mut self,
        submission: &Submission,
        task: usize,
        end: End,
    ) -> Result<(), Failure> {
        let cells = &submission.tasks[task];
        // Cells of an earlier plan are nobody's concern.
        let ours: Vec<usize> = (cells.iter())
            .filter_map(|id| self.index.get(id.as_str()).copied())
            .filter(|&index| self.places[index] == Place::Out)
            .collect();
        if ours.is_empty() {
            return Ok(());
        }
        let host = submission.hosts(task).pop();
        let mut entries = Vec::new();
        let mut lose = |cell: &str, why| {
            entries.push(Entry::Lost {
                submission: submission.number,
                task,
                cell: cell.to_owned(),
                why,
                host: host.clone(),
            });
        };
        let mut missing = Vec::new();
        for index in ours {
            let id = &self.jobs[index].planned.id;
            match self
                .ledger
                .cell(id)
                .and_then(|cell| cell.failure().cloned())
            {
                None => missing.push(index),
                Some(failure) if is_worth_a_retry(&failure) => {
                    lose(id, Why::Memory);
                    let losses = self.journal.losses(id).len() + 1;
                    match losses < MOST_LOSSES {
                        true => self.places[index] = Place::Waits,
                        false => self.fail(index, first_line(&failure.message)),
                    }
                }
                Some(failure) => self.fail(index, first_line(&failure.message)),
            }
        }
        let ids: Vec<&str> = missing
            .iter()
            .map(|&i| self.jobs[i].planned.id.as_str())
            .collect();
        let mut result = Ok(());
        if !ids.is_empty() {
            let (begun, began) = begun(&submission.events(task));
            let exit = submission.exit_code(task);
            let remains = Remains {
                end,
                exit,
                begun,
                began,
                got_somewhere: ids.len() < cells.len(),
                missing: &ids,
            };
            let verdict = judge(&remains);
            let log = submission.log(task);
            let ending = |exit| Ending {
                exit,
                log_tail: last_lines(&log),
                log: log.clone(),
            };
            for &index in &missing {
                self.places[index] = Place::Waits;
            }
            match verdict {
                Verdict::Lost(lost, why) => {
                    for id in lost {
                        lose(&id, why);
                        let index = self.index[id.as_str()];
                        let before = self.journal.losses(&id).to_vec();
                        if before.len() + 1 < MOST_LOSSES {
                            continue;
                        }
                        let planned = &self.jobs[index].planned;
                        let reasons: Vec<Why> = before.into_iter().chain([why]).collect();
                        let (cell, why) =
                            failed::lost(planned, &reasons, &ending(Exit::Code(0)), self.cores);
                        let cell = Cell {
                            host: host.clone(),
                            ..cell
                        };
                        self.ledger.write(&id, &cell)?;
                        self.fail(index, why);
                    }
                }
                Verdict::Fault(id, exit) => {
                    if let Some(&index) = self.index.get(id.as_str()) {
                        let planned = &self.jobs[index].planned;
                        let (cell, why) = failed::ended(planned, &ending(exit), self.cores);
                        let cell = Cell {
                            host: host.clone(),
                            ..cell
                        };
                        self.ledger.write(&id, &cell)?;
                        self.fail(index, why);
                    }
                }
                Verdict::Cancelled => {
                    for index in missing {
                        self.places[index] = Place::Cancelled;
                        self.outcome.cancelled += 1;
                    }
                }
                Verdict::NeverBegan(number) => {
                    result = Err(never_began(number, &ending(Exit::Code(number))));
                }
            }
        }
        entries.push(Entry::Judged {
            submission: submission.number,
            task,
        });
        self.journal.add(entries)?;
        result
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
