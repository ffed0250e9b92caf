//! Running a plan on this machine: child processes, a thread budget each, progress, resume.

mod failed;
mod interrupt;
mod progress;
mod queue;
mod run_dir;
mod worker;

pub(crate) use progress::human;
pub(crate) use run_dir::{RunDir, Status};

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use crate::failure::{Failure, code};
use crate::plan::Cell;
use crate::program::Program;
use interrupt::Interrupt;
use progress::Progress;
use queue::Queue;
use worker::{Event, Message, Worker};

/// Time between TERM and KILL for a child that is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How a sweep is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Children at a time.
    pub(crate) jobs: usize,
    /// Threads each child may use.
    pub(crate) threads: usize,
    /// Wall time after which a cell is stopped.
    pub(crate) timeout: Duration,
}

/// What a sweep did.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Cells computed now.
    pub(crate) finished: usize,
    /// Cells that failed now, with the reason.
    pub(crate) failed: Vec<(String, String)>,
    /// The exit code of an interrupt, where one came.
    pub(crate) interrupted: Option<u8>,
}

/// Runs every cell of the plan that has no result yet.
///
/// # Errors
/// Where the program stops before its first cell, or the run folder cannot be written. A cell that
/// fails, crashes or runs out of time is no error: it is recorded, and the others go on.
pub(crate) fn run(
    program: &Program,
    dir: &RunDir,
    cells: &[Cell],
    options: Options,
) -> anyhow::Result<Outcome> {
    let pending: Vec<usize> = cells
        .iter()
        .filter(|cell| dir.status(&cell.id) != Some(Status::Ok))
        .map(|cell| cell.index)
        .collect();
    let (sender, receiver) = std::sync::mpsc::channel();
    let mut sweep = Sweep {
        program,
        dir,
        cells,
        options,
        queue: Queue::new(cells, &pending),
        progress: Progress::new(cells.len() - pending.len(), cells.len(), options.jobs),
        outcome: Outcome::default(),
        workers: (0..options.jobs).map(|_| None).collect(),
        interrupt: Interrupt::install()?,
        stopping: None,
        sender,
    };
    let result = sweep.work(&receiver);
    // Also on an error: no child is left behind.
    for worker in sweep.workers.iter_mut().flatten() {
        worker.kill();
    }
    sweep.progress.finish();
    result.map(|()| sweep.outcome)
}

struct Sweep<'a> {
    program: &'a Program,
    dir: &'a RunDir,
    cells: &'a [Cell],
    options: Options,
    queue: Queue,
    progress: Progress,
    outcome: Outcome,
    workers: Vec<Option<Worker>>,
    interrupt: Interrupt,
    /// When the children were asked to stop.
    stopping: Option<Instant>,
    sender: Sender<(usize, Message)>,
}

impl Sweep<'_> {
    fn work(&mut self, receiver: &Receiver<(usize, Message)>) -> anyhow::Result<()> {
        loop {
            self.heed_interrupt();
            self.start_workers()?;
            if self.workers.iter().all(Option::is_none) {
                return Ok(());
            }
            match receiver.recv_timeout(Duration::from_millis(100)) {
                Ok((slot, message)) => self.hear(slot, message),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
            }
            while let Ok((slot, message)) = receiver.try_recv() {
                self.hear(slot, message);
            }
            self.look_after_workers()?;
            let running = self
                .workers
                .iter()
                .flatten()
                .filter_map(|w| w.running_for());
            self.progress
                .tick(self.queue.seconds_left(running, self.options.jobs));
        }
    }

    fn heed_interrupt(&mut self) {
        let Some(code) = self.interrupt.code() else {
            return;
        };
        let first = self.outcome.interrupted.replace(code).is_none();
        if first {
            self.stopping = Some(Instant::now());
            self.progress.say("stopping: finished cells are kept");
            for worker in self.workers.iter_mut().flatten() {
                worker.terminate();
            }
        }
        // A second Ctrl-C does not wait.
        if self.interrupt.count() > 1 || self.stopping.is_some_and(|t| t.elapsed() > GRACE) {
            for worker in self.workers.iter_mut().flatten() {
                worker.kill();
            }
        }
    }

    fn start_workers(&mut self) -> anyhow::Result<()> {
        for slot in 0..self.workers.len() {
            if self.workers[slot].is_some() || self.stopping.is_some() {
                continue;
            }
            let Some(chunk) = self.queue.take(self.options.jobs) else {
                return Ok(());
            };
            let worker = Worker::start(
                self.program,
                self.dir,
                slot,
                chunk,
                self.options.threads,
                &self.sender,
            )?;
            self.workers[slot] = Some(worker);
        }
        Ok(())
    }

    /// One message of a child.
    fn hear(&mut self, slot: usize, message: Message) {
        let Some(worker) = &mut self.workers[slot] else {
            return;
        };
        match message {
            Message::Closed => worker.closed = true,
            Message::Said(Event::Start { index, id }) => {
                if let Some(cell) = self
                    .cells
                    .get(index)
                    .filter(|c| c.id == id && worker.has(index))
                {
                    worker.begin(index);
                    self.progress.worker(slot, &cell.title(), "");
                }
            }
            Message::Said(Event::Progress {
                stage,
                done,
                total,
                note,
            }) => {
                if let Some(index) = worker.current() {
                    let doing = format!("{stage} {done}/{total} {note}");
                    self.progress
                        .worker(slot, &self.cells[index].title(), doing.trim_end());
                }
            }
            Message::Said(Event::Done { id, seconds }) => {
                let Some(index) = worker.current().filter(|&i| self.cells[i].id == id) else {
                    return;
                };
                worker.end();
                // The file is the truth; an announcement without one is no result.
                self.settle(index, seconds);
            }
        }
    }

    /// Counts a cell as done where its file says so.
    fn settle(&mut self, index: usize, seconds: Option<f64>) -> bool {
        let cell = &self.cells[index];
        match self.dir.outcome(&cell.id) {
            Some(Ok(())) => {
                self.outcome.finished += 1;
                self.queue.done(cell, seconds);
                self.progress.advance();
            }
            Some(Err(why)) if self.queue.is_taken(index) => self.fail(index, why),
            _ => return false,
        }
        true
    }

    fn fail(&mut self, index: usize, why: String) {
        let cell = &self.cells[index];
        self.progress.failed(&cell.title(), &why);
        self.outcome.failed.push((cell.title(), why));
        self.queue.done(cell, None);
    }

    /// Time-outs and ended children.
    fn look_after_workers(&mut self) -> anyhow::Result<()> {
        for slot in 0..self.workers.len() {
            let Some(worker) = &mut self.workers[slot] else {
                continue;
            };
            if worker
                .running_for()
                .is_some_and(|(_, time)| time > self.options.timeout)
            {
                worker.time_out();
            }
            if let Some(status) = worker.ended()? {
                self.progress.idle(slot);
                if let Some(worker) = self.workers[slot].take() {
                    self.bury(worker, status)?;
                }
            }
        }
        Ok(())
    }

    /// A child has ended: the cell it was in is lost, what it did not reach goes back.
    fn bury(&mut self, worker: Worker, status: std::process::ExitStatus) -> anyhow::Result<()> {
        let ended_well = matches!(status.code(), Some(0 | 5));
        let broke_off = worker.current();
        let mut left: Vec<usize> = worker
            .chunk
            .clone()
            .filter(|&i| self.queue.is_taken(i))
            .collect();
        // Finished without our hearing of it: the file is there.
        left.retain(|&i| {
            !(self.dir.finished_since(&self.cells[i].id, &worker) && self.settle(i, None))
        });
        if self.stopping.is_some() {
            return Ok(());
        }
        let lost = match broke_off {
            Some(index) => left.contains(&index).then_some(index),
            None if !worker.began && !ended_well && status.code().is_some() && !left.is_empty() => {
                return Err(worker.never_began(status).into());
            }
            // Between two cells: the next one is to blame, so that each round gets somewhere.
            None => left.first().copied(),
        };
        if let Some(index) = lost {
            let cell = &self.cells[index];
            let record = failed::record(cell, &worker, status, self.options);
            self.dir.write_cell(&cell.id, &record.json)?;
            self.fail(index, record.message);
            left.retain(|&i| i != index);
        }
        self.queue.put_back(&left);
        Ok(())
    }
}

impl Worker {
    /// A child that ends with an error before any cell would do so for every cell: better to stop.
    fn never_began(&self, status: std::process::ExitStatus) -> Failure {
        let known = [code::USAGE, code::BAD_DATA, code::MISSING, code::RETRY];
        let known = known.into_iter().find(|&c| status.code() == Some(c.into()));
        let known = known.unwrap_or(code::INTERNAL);
        let tail = self.log_tail();
        let message = format!("the program ended with {status} before its first cell\n{tail}");
        Failure::new(known, message).hint(format!("the log is {:?}", self.log_path))
    }
}
