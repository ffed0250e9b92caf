//! Sweeps over an executor that only pretends.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use record::{Cell, Planned, Seeds};
use sweep::{Asked, Ending, Event, Executor, Exit, Failure, Job, Ledger, Options, Outcome, code};

const OPTIONS: Options = Options {
    jobs: 1,
    threads: 1,
    timeout: Duration::from_millis(50),
};

/// What becomes of a cell.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Finishes,
    /// It says nothing, but its file is there.
    FinishesSilently,
    Fails,
    /// Its process dies in it.
    Dies(Exit),
    /// Its process dies before it is begun.
    NeverBegins(Exit),
    /// It is announced as done, and no file is there.
    Pretends,
    Hangs,
}

/// Runs chunks at once; what happened waits to be polled.
struct Mock<'a> {
    jobs: &'a [Job],
    cells: std::path::PathBuf,
    fates: HashMap<usize, Fate>,
    events: VecDeque<(usize, Event)>,
    hanging: Option<usize>,
    started: Vec<Range<usize>>,
    stopped: Vec<bool>,
}

impl<'a> Mock<'a> {
    fn new(jobs: &'a [Job], ledger: &Ledger, fates: &[(usize, Fate)]) -> Self {
        Self {
            jobs,
            cells: ledger.path().join("cells"),
            fates: fates.iter().copied().collect(),
            events: VecDeque::new(),
            hanging: None,
            started: Vec::new(),
            stopped: Vec::new(),
        }
    }

    fn put(&self, index: usize, cell: Cell) {
        put(&self.cells, &self.jobs[index].planned.id, cell);
    }

    fn end(&mut self, slot: usize, exit: Exit) {
        let log_tail = "the last words".to_owned();
        let ending = Ending {
            exit,
            log_tail,
            log: "worker.log".into(),
        };
        self.events.push_back((slot, Event::Ended(ending)));
    }
}

impl Executor for Mock<'_> {
    fn start(&mut self, slot: usize, chunk: Range<usize>) -> Result<(), Failure> {
        self.started.push(chunk.clone());
        for index in chunk {
            let line = &self.jobs[index].planned;
            let fate = self.fates.get(&index).copied().unwrap_or(Fate::Finishes);
            if let Fate::NeverBegins(exit) = fate {
                self.end(slot, exit);
                return Ok(());
            }
            let id = line.id.clone();
            let start = Event::Start {
                index,
                id: id.clone(),
            };
            if fate != Fate::FinishesSilently {
                self.events.push_back((slot, start));
            }
            match fate {
                Fate::Finishes | Fate::FinishesSilently => self.put(index, finished()),
                Fate::Fails => self.put(index, line.failed(failure("a NaN in row 7"))),
                Fate::Dies(exit) => {
                    self.end(slot, exit);
                    return Ok(());
                }
                Fate::Hangs => {
                    self.hanging = Some(slot);
                    return Ok(());
                }
                Fate::Pretends | Fate::NeverBegins(_) => {}
            }
            let done = Event::Done {
                id,
                seconds: Some(0.5),
            };
            if fate != Fate::FinishesSilently {
                self.events.push_back((slot, done));
            }
        }
        self.end(slot, Exit::Code(0));
        Ok(())
    }

    fn poll(&mut self, _: Duration) -> Result<Vec<(usize, Event)>, Failure> {
        if self.hanging.is_some() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(self.events.drain(..).collect())
    }

    fn stop(&mut self, slot: usize, now: bool) {
        if self.hanging.take() == Some(slot) {
            self.stopped.push(now);
            self.end(slot, Exit::Signal(if now { 9 } else { 15 }));
        }
    }
}

fn finished() -> Cell {
    let bytes = include_bytes!("../../record/tests/cells/classical.json");
    Cell::parse(bytes, "classical0000001").unwrap()
}

fn failure(message: &str) -> record::Failure {
    record::Failure {
        code: Some(3),
        message: message.to_owned(),
        hint: None,
    }
}

fn put(cells: &Path, id: &str, cell: Cell) {
    let id = id.to_owned();
    let path = cells.join(format!("{id}.json"));
    let id = Some(id);
    Cell { id, ..cell }.write(&path).unwrap();
}

/// Jobs short enough to share a worker.
fn jobs(n: usize) -> Vec<Job> {
    let job = |index: usize| Job {
        planned: Planned {
            index,
            id: String::new(),
            dataset: format!("set{index}"),
            data_sha256: "ab".to_owned(),
            method: "norm".to_owned(),
            protocol: "semi".to_owned(),
            seed: Seeds { data: 0, model: 0 },
            config: serde_json::Map::new(),
            cost: None,
            perturb: None,
            attack: None,
        }
        .with_id(),
        seconds: 1.0,
        training: Some("all share one".to_owned()),
    };
    (0..n).map(job).collect()
}

/// Runs `n` jobs with their fates, and what `before` prepares.
struct Run {
    _dir: tempfile::TempDir,
    jobs: Vec<Job>,
    ledger: Ledger,
}

impl Run {
    fn new(n: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        Self {
            _dir: dir,
            jobs: jobs(n),
            ledger,
        }
    }

    fn put(&self, index: usize, cell: Cell) {
        let id = &self.jobs[index].planned.id;
        put(&self.ledger.path().join("cells"), id, cell);
    }

    /// The outcome, and the chunks that were started.
    fn run(&self, fates: &[(usize, Fate)]) -> (Result<Outcome, Failure>, Vec<Range<usize>>) {
        let mut mock = Mock::new(&self.jobs, &self.ledger, fates);
        let mut never = || None;
        let outcome = sweep::run(&mut mock, &self.ledger, &self.jobs, OPTIONS, &mut never);
        (outcome, mock.started)
    }

    fn cell(&self, index: usize) -> Cell {
        let id = &self.jobs[index].planned.id;
        let path = self.ledger.path().join(format!("cells/{id}.json"));
        Cell::read(&path, id).unwrap()
    }

    fn message(&self, index: usize) -> String {
        self.cell(index).failure().unwrap().message.clone()
    }
}

#[test]
fn what_is_finished_is_never_started_again() {
    let run = Run::new(4);
    run.put(2, finished());
    let (outcome, started) = run.run(&[(1, Fate::FinishesSilently)]);
    assert_eq!(outcome.unwrap().finished, 3);
    assert_eq!(started, [0..2, 3..4]);
    let (outcome, started) = run.run(&[]);
    assert_eq!((outcome.unwrap().finished, started.len()), (0, 0));
}

#[test]
fn a_killed_worker_loses_one_cell_and_the_rest_goes_on() {
    let run = Run::new(4);
    let (outcome, started) = run.run(&[(1, Fate::Dies(Exit::Signal(9)))]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.finished, outcome.failed.len()), (3, 1));
    assert_eq!(started, [0..4, 2..4]);
    let found = run.cell(1);
    let error = found.failure().unwrap();
    assert_eq!(error.code, Some(code::RETRY));
    assert_eq!(
        error.message,
        "the process was killed by signal 9\nthe last words"
    );
    assert!(error.hint.as_ref().unwrap().ends_with("; log: worker.log"));
    // The same command runs only that one again.
    let (outcome, started) = run.run(&[]);
    let chunk = started.first().cloned();
    assert_eq!((outcome.unwrap().finished, chunk), (1, Some(1..2)));
}

#[test]
fn a_cell_that_fails_costs_only_itself() {
    let run = Run::new(3);
    let (outcome, started) = run.run(&[(1, Fate::Fails)]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.finished, started.len()), (2, 1));
    let (title, why) = &outcome.failed[0];
    assert_eq!(
        (title.as_str(), why.as_str()),
        ("set1 norm semi seed 0", "a NaN in row 7")
    );
}

#[test]
fn a_stale_file_is_no_result() {
    let run = Run::new(2);
    let before = run.jobs[0].planned.failed(failure("an earlier reason"));
    run.put(0, before);
    let (outcome, _) = run.run(&[(0, Fate::Pretends)]);
    assert_eq!(outcome.unwrap().failed.len(), 1);
    let message = run.message(0);
    assert!(
        message.starts_with("the process ended without a result"),
        "{message}"
    );
    // A process that dies is not taken for the one that failed before.
    let (outcome, _) = run.run(&[(0, Fate::Dies(Exit::Signal(11)))]);
    assert_eq!(
        outcome.unwrap().failed[0].1,
        "the process died of signal 11"
    );
}

#[test]
fn an_interrupt_stops_the_worker_keeps_what_is_finished_and_records_no_failure() {
    let run = Run::new(3);
    let mut mock = Mock::new(&run.jobs, &run.ledger, &[(1, Fate::Hangs)]);
    let mut looks = 0;
    let mut asked = || {
        looks += 1;
        let asked = Asked {
            code: 130,
            again: false,
        };
        (looks == 3).then_some(asked)
    };
    let options = Options {
        timeout: Duration::from_secs(60),
        ..OPTIONS
    };
    let outcome = sweep::run(&mut mock, &run.ledger, &run.jobs, options, &mut asked).unwrap();
    assert_eq!(outcome.interrupted, Some(130));
    assert_eq!((outcome.finished, outcome.failed.len()), (1, 0));
    assert_eq!(
        (mock.stopped, mock.started.len()),
        (vec![false], 1),
        "asked, not killed"
    );
    let (outcome, started) = run.run(&[]);
    let chunk = started.first().cloned();
    assert_eq!((outcome.unwrap().finished, chunk), (2, Some(1..3)));
}

#[test]
fn a_cell_that_hangs_is_ended_after_its_time() {
    let run = Run::new(2);
    let (outcome, started) = run.run(&[(0, Fate::Hangs)]);
    let outcome = outcome.unwrap();
    assert_eq!((outcome.finished, outcome.failed.len()), (1, 1));
    assert_eq!(started, [0..2, 1..2]);
    assert!(
        run.message(0).starts_with("stopped after 0.000"),
        "{}",
        run.message(0)
    );
}

#[test]
fn a_program_that_does_not_start_stops_the_sweep_unless_it_was_killed() {
    let run = Run::new(2);
    let (outcome, started) = run.run(&[(0, Fate::NeverBegins(Exit::Code(4)))]);
    let failure = outcome.unwrap_err();
    assert_eq!((failure.code, started.len()), (code::MISSING, 1));
    assert!(
        failure
            .message
            .ends_with("before its first cell\nthe last words")
    );
    let (outcome, _) = run.run(&[(0, Fate::NeverBegins(Exit::Signal(9)))]);
    assert_eq!(outcome.unwrap().failed.len(), 1);
}

#[test]
fn the_longest_come_first_and_short_ones_share_a_worker() {
    let mut run = Run::new(4);
    for (job, seconds) in run.jobs.iter_mut().zip([100.0, 50.0, 1.0, 1.0]) {
        (job.seconds, job.training) = (seconds, None);
    }
    let (_, started) = run.run(&[]);
    assert_eq!(started, [0..1, 1..2, 2..3, 3..4]);
    // Once the times of its method are known to be shorter, more of them share a worker.
    let mut run = Run::new(6);
    for job in &mut run.jobs {
        (job.seconds, job.training) = (40.0, None);
    }
    let (_, started) = run.run(&[]);
    assert_eq!(started[0], 0..1);
    assert!(started[1].len() > 1, "{started:?}");
}
