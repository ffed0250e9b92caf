//! Sweeps on a scheduler that only pretends.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use record::{Cell, Cost, Entry, Planned, Seeds, Why};
use sweep::batch::{self, Class, Cut, End, Pace, Refusal, Scheduler, State, Submission};
use sweep::{Asked, Failure, Job, Ledger, Outcome, Program, Status, code};

const CUT: Cut = Cut {
    cores: 1,
    gpus: 0,
    task_time: Duration::from_secs(240),
    least_minutes: 10,
    timeout: Duration::from_secs(7200),
};
const PACE: Pace = Pace {
    poll: Duration::ZERO,
    settle: Duration::ZERO,
};

/// What becomes of a cell in an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Finishes,
    /// It fails with this exit code in its file.
    Fails(u8),
    /// Its process ends with this code, as its shell says.
    Exits(i32),
    /// The scheduler ends the task, and the shell says nothing.
    Ends(End),
    /// The program ends with this code before it begins the cell.
    NeverBegins(i32),
}

/// Runs a task when it is first asked about it.
struct Mock {
    run: PathBuf,
    planned: HashMap<String, Planned>,
    /// By cell, for each attempt; afterwards it finishes.
    fates: HashMap<String, Vec<Fate>>,
    attempts: HashMap<String, usize>,
    jobs: Vec<Submission>,
    ended: HashMap<(usize, usize), End>,
    /// Tasks that the scheduler holds back.
    stuck: HashSet<(usize, usize)>,
    /// Tasks do not run yet.
    held: bool,
    /// So many submissions are refused.
    full: usize,
    /// Jobs that nobody finds by name.
    lost_names: bool,
    cancelled: Vec<String>,
}

impl Mock {
    fn new(run: &Run, fates: &[(usize, &[Fate])]) -> Self {
        let fate = |(index, fates): &(usize, &[Fate])| {
            let id = run.jobs[*index].planned.id.clone();
            (id, fates.to_vec())
        };
        let planned = |job: &Job| (job.planned.id.clone(), job.planned.clone());
        Self {
            run: run.ledger.path().to_owned(),
            planned: run.jobs.iter().map(planned).collect(),
            fates: fates.iter().map(fate).collect(),
            attempts: HashMap::new(),
            jobs: Vec::new(),
            ended: HashMap::new(),
            stuck: HashSet::new(),
            held: false,
            full: 0,
            lost_names: false,
            cancelled: Vec::new(),
        }
    }

    fn work(&mut self, job: usize, task: usize) -> End {
        let submission = self.jobs[job].clone();
        let folder = submission.folder();
        fs::write(folder.join(format!("starts/{task}")), "n1\n").unwrap();
        let mut events = String::new();
        let (mut exit, mut end) = (Some(0), End::Unknown);
        for id in &submission.tasks[task] {
            let attempt = self.attempts.entry(id.clone()).or_default();
            let fate = self.fates.get(id).and_then(|fates| fates.get(*attempt));
            let fate = fate.copied().unwrap_or(Fate::Finishes);
            *attempt += 1;
            if let Fate::NeverBegins(code) = fate {
                exit = Some(code);
                break;
            }
            events.push_str(&format!("{{\"event\":\"start\",\"id\":\"{id}\"}}\n"));
            match fate {
                Fate::Finishes => self.put(id, finished()),
                Fate::Fails(code) => {
                    let failure = record::Failure {
                        code: Some(code),
                        message: "a reason".to_owned(),
                        hint: None,
                    };
                    self.put(id, self.planned[id].failed(failure));
                }
                Fate::Exits(code) => {
                    exit = Some(code);
                    break;
                }
                Fate::Ends(how) => {
                    (exit, end) = (None, how);
                    break;
                }
                Fate::NeverBegins(_) => {}
            }
            events.push_str(&format!("{{\"event\":\"done\",\"id\":\"{id}\"}}\n"));
        }
        fs::write(submission.events(task), events).unwrap();
        if let Some(exit) = exit {
            fs::write(folder.join(format!("ends/{task}")), format!("{exit}\n")).unwrap();
        }
        end
    }

    fn put(&self, id: &str, cell: Cell) {
        let id = Some(id.to_owned());
        let path = self
            .run
            .join(format!("cells/{}.json", id.as_deref().unwrap()));
        // Not synced, as a cell would be: ten thousand of them would take minutes.
        fs::write(&path, Cell { id, ..cell }.to_json().unwrap()).unwrap();
    }

    /// What was asked for, submission by submission.
    fn classes(&self) -> Vec<(u64, u64)> {
        let of = |class: Class| (class.minutes, class.memory_mib);
        self.jobs.iter().map(|job| of(job.class)).collect()
    }
}

impl Scheduler for Mock {
    fn name(&self) -> &'static str {
        "mock"
    }

    fn most_tasks(&mut self) -> Result<usize, Failure> {
        Ok(1001)
    }

    fn submit(&mut self, submission: &Submission) -> Result<String, Refusal> {
        if self.full > 0 {
            self.full -= 1;
            return Err(Refusal::Full("no more".to_owned()));
        }
        self.jobs.push(submission.clone());
        Ok((self.jobs.len() - 1).to_string())
    }

    fn find(&mut self, name: &str) -> Result<Option<String>, Failure> {
        let place = self.jobs.iter().position(|job| job.name == name);
        Ok(place
            .filter(|_| !self.lost_names)
            .map(|job| job.to_string()))
    }

    fn tasks(&mut self, jobs: &[&str]) -> Result<Vec<(String, usize, State)>, Failure> {
        let mut found = Vec::new();
        for &name in jobs {
            let job: usize = name.parse().unwrap();
            for task in 0..self.jobs[job].tasks.len() {
                if self.stuck.contains(&(job, task)) {
                    found.push((name.to_owned(), task, State::Held));
                    continue;
                }
                if self.held {
                    found.push((name.to_owned(), task, State::Runs));
                    continue;
                }
                let end = match self.ended.get(&(job, task)) {
                    Some(end) => *end,
                    None => self.work(job, task),
                };
                self.ended.insert((job, task), end);
                found.push((name.to_owned(), task, State::Ended(end)));
            }
        }
        Ok(found)
    }

    fn cancel_task(&mut self, job: &str, task: usize) -> Result<(), Failure> {
        self.cancelled.push(format!("{job}_{task}"));
        let job = job.parse().unwrap();
        self.ended.insert((job, task), End::Cancelled);
        self.stuck.remove(&(job, task));
        Ok(())
    }

    fn cancel(&mut self, jobs: &[&str]) -> Result<(), Failure> {
        self.cancelled
            .extend(jobs.iter().map(|&job| job.to_owned()));
        Ok(())
    }
}

fn finished() -> Cell {
    let bytes = include_bytes!("../../record/tests/cells/classical.json");
    Cell {
        peak_rss_bytes: None,
        ..Cell::parse(bytes, "classical0000001").unwrap()
    }
}

struct Run {
    _dir: tempfile::TempDir,
    jobs: Vec<Job>,
    ledger: Ledger,
}

impl Run {
    /// Cells of so many seconds.
    fn new(n: usize, seconds: f64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(dir.path()).unwrap();
        let job = |index: usize| {
            let planned = Planned {
                index,
                id: String::new(),
                dataset: format!("set{index}"),
                data_sha256: "ab".to_owned(),
                method: format!("m{index}"),
                protocol: "semi".to_owned(),
                seed: Seeds { data: 0, model: 0 },
                config: serde_json::Map::new(),
                cost: Some(Cost {
                    seconds,
                    memory_mib: 500,
                    network: false,
                }),
                perturb: None,
                attack: None,
            };
            Job::of(planned.with_id())
        };
        Self {
            _dir: dir,
            jobs: (0..n).map(job).collect(),
            ledger,
        }
    }

    fn sweep(&self, mock: &mut Mock) -> Result<Outcome, Failure> {
        self.sweep_until(mock, &mut || None)
    }

    fn sweep_until(
        &self,
        mock: &mut Mock,
        asked: &mut dyn FnMut() -> Option<Asked>,
    ) -> Result<Outcome, Failure> {
        let program = Program::here("/bin/false".into());
        batch::run(mock, &self.ledger, &self.jobs, &program, CUT, PACE, asked)
    }

    /// Submits, and is interrupted while the tasks are at work.
    fn interrupted(&self, mock: &mut Mock) {
        mock.held = true;
        let mut asked = || {
            Some(Asked {
                code: 130,
                again: false,
            })
        };
        let program = Program::here("/bin/false".into());
        let pace = Pace {
            poll: Duration::from_secs(1),
            ..PACE
        };
        let outcome = batch::run(
            mock,
            &self.ledger,
            &self.jobs,
            &program,
            CUT,
            pace,
            &mut asked,
        );
        assert_eq!(outcome.unwrap().interrupted, Some(130));
        assert!(mock.cancelled.is_empty(), "the jobs go on");
        mock.held = false;
    }

    fn id(&self, index: usize) -> &str {
        &self.jobs[index].planned.id
    }

    fn message(&self, index: usize) -> String {
        let id = self.id(index);
        let path = self.ledger.path().join(format!("cells/{id}.json"));
        let cell = Cell::read(&path, id).unwrap();
        cell.failure().unwrap().message.clone()
    }

    fn reasons(&self, index: usize) -> Vec<Why> {
        let entries = Entry::read_all(self.ledger.path()).unwrap();
        let reasons = entries.into_iter().filter_map(|entry| match entry {
            Entry::Lost { cell, why, .. } if cell == self.id(index) => Some(why),
            _ => None,
        });
        reasons.collect()
    }
}

#[test]
fn every_cell_is_given_out_once_and_nothing_twice() {
    let run = Run::new(200, 20.0);
    let mut mock = Mock::new(&run, &[]);
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!((outcome.finished, outcome.repeated), (200, 0));
    assert!(mock.attempts.len() == 200 && mock.attempts.values().all(|&n| n == 1));
    let tasks: Vec<&Vec<String>> = mock.jobs.iter().flat_map(|job| &job.tasks).collect();
    assert!(tasks.len() >= 60, "shared out: {}", tasks.len());
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!((outcome.finished, mock.jobs.len()), (0, 1));
}

#[test]
fn what_is_lost_is_repeated_with_more_of_what_it_lacked() {
    let run = Run::new(4, 30.0);
    let mut mock = Mock::new(
        &run,
        &[
            (0, &[Fate::Exits(137)]),
            (1, &[Fate::Ends(End::Time), Fate::Ends(End::Time)]),
            (2, &[Fate::Ends(End::Node)]),
            (3, &[Fate::Fails(code::RETRY)]),
        ],
    );
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!(
        (outcome.finished, outcome.failed.len(), outcome.repeated),
        (4, 0, 5)
    );
    assert_eq!(run.reasons(0), [Why::Memory]);
    assert_eq!(run.reasons(1), [Why::Time, Why::Time]);
    assert_eq!(run.reasons(2), [Why::Node]);
    assert_eq!(run.reasons(3), [Why::Memory]);
    let mut classes = mock.classes();
    classes.sort_unstable();
    classes.dedup();
    assert_eq!(
        classes,
        [(10, 1024), (40, 1024), (160, 1024)],
        "memory 2 × 500 MiB is one step still"
    );
}

#[test]
fn memory_grows_until_it_does_and_after_three_times_a_cell_is_given_up() {
    let run = Run::new(2, 1.0);
    let killed = [Fate::Exits(137); 3];
    let mut mock = Mock::new(&run, &[(1, &killed)]);
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!((outcome.finished, outcome.failed.len()), (1, 1));
    let memory: Vec<u64> = mock.classes().iter().map(|class| class.1).collect();
    assert_eq!(memory, [1024, 1024, 2048]);
    assert!(
        run.message(1)
            .starts_with("lost 3 times: for want of memory, for want"),
        "{}",
        run.message(1)
    );
    // Anew with the next sweep, which starts from the beginning.
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!((outcome.finished, outcome.repeated), (1, 0));
}

#[test]
fn what_a_task_did_not_reach_is_given_out_again_and_counts_as_no_loss() {
    let run = Run::new(6, 1.0);
    let mut mock = Mock::new(&run, &[(2, &[Fate::Exits(139)])]);
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!(
        (outcome.finished, outcome.failed.len(), outcome.repeated),
        (5, 1, 0)
    );
    assert!(run.message(2).starts_with("the process died of signal 11"));
    let attempts: Vec<usize> = (0..6).map(|index| mock.attempts[run.id(index)]).collect();
    assert_eq!(attempts, [1; 6]);
}

#[test]
fn a_cell_that_fails_for_its_own_reason_is_not_repeated_before_the_sweep_is_over() {
    let run = Run::new(3, 200.0);
    let mut mock = Mock::new(
        &run,
        &[(0, &[Fate::Fails(3)]), (2, &[Fate::Ends(End::Node)])],
    );
    run.interrupted(&mut mock);
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!(
        (outcome.finished, outcome.failed.len(), outcome.repeated),
        (2, 1, 1)
    );
    assert_eq!(mock.attempts[run.id(0)], 1);
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!(
        (outcome.finished, mock.attempts[run.id(0)]),
        (1, 2),
        "the next sweep tries it"
    );
}

#[test]
fn a_second_start_takes_up_what_is_there_whatever_the_first_one_could_write() {
    let run = Run::new(8, 200.0);
    let mut mock = Mock::new(&run, &[]);
    run.interrupted(&mut mock);
    assert_eq!(mock.jobs.len(), 1);
    let local = sweep::Options {
        jobs: 1,
        threads: 1,
        timeout: CUT.timeout,
    };
    let program = Program::here("/bin/false".into());
    let mut executor = sweep::Local::new(&program, &run.ledger, &local);
    let refused = sweep::run(&mut executor, &run.ledger, &run.jobs, local, &mut || None);
    assert_eq!(refused.unwrap_err().code, code::RETRY, "jobs are at work");
    // Killed between the submission and its line in the journal: the job is found by its name.
    fs::write(run.ledger.path().join("journal.jsonl"), "").unwrap();
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!((outcome.finished, mock.jobs.len()), (8, 1));

    // Killed before the scheduler had it: its tasks are void, and the cells are given out again.
    let run = Run::new(8, 200.0);
    let mut mock = Mock::new(&run, &[]);
    run.interrupted(&mut mock);
    fs::write(run.ledger.path().join("journal.jsonl"), "").unwrap();
    mock.lost_names = true;
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!((outcome.finished, mock.jobs.len()), (8, 2));
    assert!(mock.jobs[0].folder().join("void").exists());
    // Killed while it wrote the folder.
    let torn = run.ledger.path().join("submissions/7");
    fs::create_dir(&torn).unwrap();
    run.sweep(&mut mock).unwrap();
    assert!(!torn.exists());
}

#[test]
fn a_program_that_does_not_start_stops_the_sweep() {
    let run = Run::new(3, 200.0);
    let mut mock = Mock::new(&run, &[(0, &[Fate::NeverBegins(4)])]);
    let failure = run.sweep(&mut mock).unwrap_err();
    assert_eq!(failure.code, code::MISSING);
    assert!(failure.message.contains("before its first cell"));
    // Once that is mended, the same command computes everything.
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!(outcome.finished + 2, 3);
    assert!((0..3).all(|index| run.ledger.status(run.id(index)) == Some(Status::Ok)));
}

#[test]
fn cancelled_jobs_are_not_submitted_again_by_themselves() {
    let run = Run::new(2, 200.0);
    let mut mock = Mock::new(&run, &[(1, &[Fate::Ends(End::Cancelled)])]);
    let outcome = run.sweep(&mut mock).unwrap();
    assert_eq!(
        (outcome.finished, outcome.cancelled, mock.jobs.len()),
        (1, 1, 1)
    );
    assert_eq!(run.sweep(&mut mock).unwrap().finished, 1);
}

#[test]
fn a_task_that_is_held_back_is_cancelled_and_its_cells_are_given_out_again() {
    let run = Run::new(2, 200.0);
    let mut mock = Mock::new(&run, &[]);
    mock.stuck.insert((0, 1));
    let program = Program::here("/bin/false".into());
    // Its cancellation is seen before its files have had their time.
    let pace = Pace {
        poll: Duration::from_millis(20),
        settle: Duration::from_millis(100),
    };
    let (ledger, jobs) = (&run.ledger, &run.jobs);
    let outcome = batch::run(&mut mock, ledger, jobs, &program, CUT, pace, &mut || None).unwrap();
    assert_eq!((outcome.finished, outcome.repeated), (2, 1));
    assert_eq!(
        (mock.cancelled, mock.jobs.len()),
        (vec!["0_1".to_owned()], 2)
    );
}

#[test]
fn a_scheduler_that_is_full_is_asked_again() {
    let run = Run::new(2, 200.0);
    let mut mock = Mock::new(&run, &[]);
    mock.full = 3;
    assert_eq!(run.sweep(&mut mock).unwrap().finished, 2);
    assert_eq!(mock.jobs[0].number, 4, "what was refused is void");
}

#[test]
fn a_line_of_an_export_is_a_task_and_what_is_done_is_in_none() {
    let run = Run::new(70, 10.0);
    let mut mock = Mock::new(&run, &[]);
    mock.put(run.id(0), finished());
    let program = Program::here("/bin/false".into());
    let export = |format| batch::export(&format, &run.ledger, &run.jobs, &program, CUT).unwrap();
    let lines = export(batch::Format::Lines);
    let script = run
        .ledger
        .path()
        .join("submissions/1/task.sh")
        .display()
        .to_string();
    assert!(
        lines.starts_with(&format!("sh {script} 0\nsh {script} 1\n")),
        "{lines}"
    );
    let plan = fs::read_to_string(run.ledger.path().join("submissions/1/plan.jsonl")).unwrap();
    assert!(plan.lines().count() == 69 && !plan.contains(run.id(0)));
    assert!(!plan.contains("journal"));
    // The sweep does not wait for what was exported, nor is it void.
    assert_eq!(run.sweep(&mut mock).unwrap().finished, 69);
    assert!(!run.ledger.path().join("submissions/1/void").exists());
}

/// The types are made from Kubernetes' own schema: what they do not know would not come back.
#[test]
fn the_manifest_is_one_by_the_schema_of_kubernetes() {
    let run = Run::new(70, 10.0);
    let program = Program::here("/bin/false".into());
    let kubernetes = batch::Kubernetes {
        image: "debian:12".to_owned(),
        claim: "data".to_owned(),
        mount: "/data".to_owned(),
        at_once: Some(20),
    };
    let format = batch::Format::Kubernetes(kubernetes.clone().check().unwrap());
    let cut = Cut { gpus: 1, ..CUT };
    let mut jobs = run.jobs.clone();
    for job in &mut jobs[..10] {
        job.planned.cost = job.planned.cost.map(|cost| Cost {
            network: true,
            ..cost
        });
    }
    let text = batch::export(&format, &run.ledger, &jobs, &program, cut).unwrap();
    let list: serde_json::Value = serde_json::from_str(&text).unwrap();
    let items = list["items"].as_array().unwrap();
    assert_eq!(items.len(), 2, "with and without a GPU");
    let mut completions = 0;
    for item in items {
        let job: k8s_openapi::api::batch::v1::Job = serde_json::from_value(item.clone()).unwrap();
        assert_eq!(serde_json::to_value(&job).unwrap(), *item);
        let spec = job.spec.unwrap();
        completions += spec.completions.unwrap();
        assert_eq!(spec.completion_mode.as_deref(), Some("Indexed"));
        assert!(spec.parallelism.unwrap() <= 20);
    }
    let tasks = |number: usize| {
        let path = run
            .ledger
            .path()
            .join(format!("submissions/{number}/tasks"));
        fs::read_to_string(path).unwrap().lines().count()
    };
    assert_eq!(completions as usize, tasks(1) + tasks(2));
    let wrong = batch::Kubernetes {
        claim: "Data claim".to_owned(),
        ..kubernetes
    };
    assert_eq!(wrong.check().unwrap_err().code, code::USAGE);
}

#[test]
fn ten_thousand_cells_cost_the_driver_seconds() {
    let run = Run::new(10_000, 0.0);
    let mut mock = Mock::new(&run, &[]);
    let start = Instant::now();
    assert_eq!(run.sweep(&mut mock).unwrap().finished, 10_000);
    // Nearly all of it is the mock's, which writes the cells; issue: under 3 minutes.
    assert!(
        start.elapsed() < Duration::from_secs(180),
        "{:?}",
        start.elapsed()
    );
}
