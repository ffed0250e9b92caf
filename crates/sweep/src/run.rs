//! Running a plan: a queue of chunks, slots of an executor, progress, resume.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::batch::refuse_open_jobs;
use crate::executor::{Ending, Event, Executor, Exit};
use crate::failed;
use crate::failure::{Failure, code};
use crate::interrupt::Asked;
use crate::ledger::{Ledger, Status};
use crate::options::{Options, Outcome};
use crate::plan::Job;
use crate::progress::Progress;
use crate::queue::Queue;

/// Between asking a worker to stop and ending it.
const GRACE: Duration = Duration::from_secs(10);
/// Replicas that lengthen a cell's time.
const MOST_REPLICAS: usize = 64;
/// Between two looks at interrupts and the time.
const TICK: Duration = Duration::from_millis(100);

/// Runs every job of the plan in `ledger` that has no result yet; `asked` says whether the user wants to stop.
///
/// # Errors
/// Where workers stop before their first cell, or the run folder cannot be written. A cell that fails,
/// crashes or runs out of time is not an error: it is recorded, and the others go on.
pub fn run(
    executor: &mut dyn Executor,
    ledger: &Ledger,
    jobs: &[Job],
    options: Options,
    asked: &mut dyn FnMut() -> Option<Asked>,
) -> Result<Outcome, Failure> {
    refuse_open_jobs(ledger.path())?;
    let pending: Vec<usize> = (jobs.iter().map(|job| &job.planned))
        .filter(|line| ledger.status(&line.id) != Some(Status::Ok))
        .map(|line| line.index)
        .collect();
    let mut sweep = Sweep {
        executor,
        ledger,
        jobs,
        options,
        queue: Queue::new(jobs, &pending),
        progress: Progress::new(jobs.len() - pending.len(), jobs.len(), options.jobs),
        outcome: Outcome::default(),
        slots: (0..options.jobs).map(|_| None).collect(),
        stopping: None,
    };
    let result = sweep.work(asked);
    // Also on an error: nothing goes on unwatched.
    for slot in 0..options.jobs {
        sweep.executor.stop(slot, true);
    }
    sweep.progress.finish();
    result.map(|()| sweep.outcome)
}

struct Sweep<'a> {
    executor: &'a mut dyn Executor,
    ledger: &'a Ledger,
    jobs: &'a [Job],
    options: Options,
    queue: Queue<'a>,
    progress: Progress,
    outcome: Outcome,
    slots: Vec<Option<Worker>>,
    /// When the workers were asked to stop.
    stopping: Option<Instant>,
}

/// What is known of the work on a chunk.
#[derive(Debug)]
struct Worker {
    chunk: Range<usize>,
    /// The cell in work, and since when.
    current: Option<(usize, Instant)>,
    /// It has announced a cell.
    began: bool,
    timed_out: bool,
}

impl Sweep<'_> {
    fn work(&mut self, asked: &mut dyn FnMut() -> Option<Asked>) -> Result<(), Failure> {
        loop {
            self.ledger.still_held()?;
            self.stop_if_interrupted(asked());
            self.start_workers()?;
            if self.slots.iter().all(Option::is_none) {
                return Ok(());
            }
            for (slot, event) in self.executor.poll(TICK)? {
                self.on_event(slot, event)?;
            }
            self.stop_overdue();
            let running = self.slots.iter().flatten().filter_map(|w| w.current);
            let running = running.map(|(index, since)| (index, since.elapsed()));
            let left = self.queue.seconds_left(running, self.options.jobs);
            self.progress.tick(left);
        }
    }

    fn stop_if_interrupted(&mut self, asked: Option<Asked>) {
        if let Some(asked) = asked {
            let first = self.outcome.interrupted.replace(asked.code).is_none();
            if first {
                self.stopping = Some(Instant::now());
                self.progress.say("stopping: finished cells are kept");
                self.stop_all(false);
            }
            if asked.again {
                self.stop_all(true);
            }
        }
        if self.stopping.is_some_and(|time| time.elapsed() > GRACE) {
            self.stop_all(true);
        }
    }

    fn stop_all(&mut self, now: bool) {
        for slot in 0..self.slots.len() {
            self.executor.stop(slot, now);
        }
    }

    fn start_workers(&mut self) -> Result<(), Failure> {
        for slot in 0..self.slots.len() {
            if self.slots[slot].is_some() || self.stopping.is_some() {
                continue;
            }
            let Some(chunk) = self.queue.take(self.options.jobs) else {
                return Ok(());
            };
            // What lies there failed or is not a cell. What lies there afterwards is new.
            for index in chunk.clone() {
                self.ledger.forget(&self.jobs[index].planned.id)?;
            }
            self.executor.start(slot, chunk.clone())?;
            self.slots[slot] = Some(Worker {
                chunk,
                current: None,
                began: false,
                timed_out: false,
            });
        }
        Ok(())
    }

    fn on_event(&mut self, slot: usize, event: Event) -> Result<(), Failure> {
        let Some(worker) = &mut self.slots[slot] else {
            return Ok(());
        };
        match event {
            Event::Start { index, id } => {
                let given = worker.chunk.contains(&index);
                if let Some(job) = self.jobs.get(index).filter(|_| given)
                    && job.planned.id == id
                {
                    worker.began = true;
                    worker.current = Some((index, Instant::now()));
                    self.progress.worker(slot, &job.title(), "");
                }
            }
            Event::Progress { doing } => {
                if let Some((index, _)) = worker.current {
                    self.progress
                        .worker(slot, &self.jobs[index].title(), &doing);
                }
            }
            Event::Done { id, seconds } => {
                let current = worker.current.map(|(index, _)| index);
                if let Some(index) = current.filter(|&index| self.jobs[index].planned.id == id) {
                    worker.current = None;
                    // The file is the truth; an announcement without one is not a result.
                    self.settle(index, seconds);
                }
            }
            Event::Ended(ending) => {
                self.progress.idle(slot);
                if let Some(worker) = self.slots[slot].take() {
                    self.after(worker, &ending)?;
                }
            }
        }
        Ok(())
    }

    /// Counts a cell as done where its file says so.
    fn settle(&mut self, index: usize, seconds: Option<f64>) -> bool {
        match self.ledger.outcome(&self.jobs[index].planned.id) {
            Some(Ok(())) => {
                self.outcome.finished += 1;
                self.queue.done(index, seconds);
                self.progress.advance();
            }
            Some(Err(why)) if self.queue.is_taken(index) => self.fail(index, why),
            _ => return false,
        }
        true
    }

    fn fail(&mut self, index: usize, why: String) {
        let title = self.jobs[index].title();
        self.progress.failed(&title, &why);
        self.outcome.failed.push((title, why));
        self.queue.done(index, None);
    }

    fn stop_overdue(&mut self) {
        for (slot, worker) in self.slots.iter_mut().enumerate() {
            let Some(worker) = worker else { continue };
            // The first cell of a group waits for the training of all of them.
            let overdue = |(index, since): (usize, Instant)| {
                let replicas = self.jobs[index].planned.replicas().min(MOST_REPLICAS);
                since.elapsed() > self.options.timeout * replicas as u32
            };
            if !worker.timed_out && worker.current.is_some_and(overdue) {
                worker.timed_out = true;
                self.executor.stop(slot, true);
            }
        }
    }

    /// A worker has ended: the cell it was in is lost, what it did not reach goes back.
    fn after(&mut self, worker: Worker, ending: &Ending) -> Result<(), Failure> {
        let chunk = worker.chunk.clone();
        let mut left: Vec<usize> = chunk.filter(|&i| self.queue.is_taken(i)).collect();
        // Finished, and the announcement was lost: the file is there.
        left.retain(|&index| !self.settle(index, None));
        if self.stopping.is_some() {
            return Ok(());
        }
        let of_its_own = !matches!(ending.exit, Exit::Code(0 | 5) | Exit::Signal(_));
        let lost = match worker.current {
            Some((index, _)) => left.contains(&index).then_some(index),
            None if !worker.began && of_its_own && !left.is_empty() => {
                return Err(never_began(ending));
            }
            // Between two cells: the next one is to blame, so that each round gets somewhere.
            None => left.first().copied(),
        };
        if let Some(index) = lost {
            self.record_failure(index, &worker, ending)?;
            left.retain(|&i| i != index);
        }
        self.queue.put_back(&left);
        Ok(())
    }

    fn record_failure(
        &mut self,
        index: usize,
        worker: &Worker,
        ending: &Ending,
    ) -> Result<(), Failure> {
        let line = &self.jobs[index].planned;
        let (cell, why) = failed::record(line, ending, worker.timed_out, self.options);
        self.ledger.write(&line.id, &cell)?;
        self.fail(index, why);
        Ok(())
    }
}

/// A worker that ends with an error before any cell would do so for every cell: better to stop.
fn never_began(ending: &Ending) -> Failure {
    let (number, status) = match ending.exit {
        Exit::Code(number) => (number, format!("exit status: {number}")),
        Exit::Signal(signal) => (-1, format!("signal: {signal}")),
    };
    let known = [code::USAGE, code::BAD_DATA, code::MISSING, code::RETRY];
    let known = known.into_iter().find(|&c| number == i32::from(c));
    let tail = &ending.log_tail;
    let message = format!("the program ended with {status} before its first cell\n{tail}");
    Failure::new(known.unwrap_or(code::INTERNAL), message)
        .hint(format!("the log is {:?}", ending.log))
}
