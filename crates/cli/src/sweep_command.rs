//! `residuum sweep`: what a plan lacks is computed, here or on a cluster.

mod plan;

use std::path::Path;
use std::time::Duration;

use datasets::Roots;
use serde_json::json;
use sweep::batch::{self, Cut, Format, Kubernetes, Pace, Scheduler, Slurm};
use sweep::{Asked, Job, Ledger, Local, Outcome, Program, human};

use crate::args;
use crate::args::Global;
use crate::failure::{Failure, exit};
use crate::interrupt;
use crate::output::{print, print_data};
use crate::place::write_atomically;
use crate::report_command;
use crate::sweep_args::{self, Executor, Export, Start, Sweep, SweepCommand};

/// Runs the command.
pub(crate) fn run(args: &Sweep, global: &Global, roots: &Roots) -> Result<(), Failure> {
    match &args.command {
        Some(SweepCommand::Plan(args)) => plan::run(args, roots),
        Some(SweepCommand::Status { run, json }) => status(run, *json),
        Some(SweepCommand::Cancel { run }) => cancel(run),
        Some(SweepCommand::Logs { run, cell }) => logs(run, cell.as_deref()),
        Some(SweepCommand::Export(args)) => export(args, global),
        None => start(&args.start, global, roots),
    }
}

fn start(args: &Start, global: &Global, roots: &Roots) -> Result<(), Failure> {
    let ledger = Ledger::open(args.run.as_deref().unwrap_or(Path::new("")))?;
    let jobs = ledger.jobs()?;
    let begun = std::time::Instant::now();
    let program = program(global)?;
    let mut asked = asked;
    let outcome = match args.executor {
        Executor::Local => {
            let cores = std::thread::available_parallelism().map_or(1, usize::from);
            let n = args.jobs.map_or(cores, usize::from);
            let threads = args.cut.threads.map_or((cores / n).max(1), usize::from);
            let options = sweep::Options {
                jobs: n,
                threads,
                timeout: ledger.timeout(),
            };
            write_environment(&ledger, args, threads)?;
            let mut local = Local::new(&program, &ledger, &options);
            sweep::run(&mut local, &ledger, &jobs, options, &mut asked)?
        }
        Executor::Slurm => {
            let mut slurm = Slurm::new(&args.slurm, args.jobs.map(usize::from))?;
            let cut = cut(&args.cut, &ledger)?;
            let pace = pace(args.poll)?;
            write_environment(&ledger, args, cut.cores)?;
            batch::run(&mut slurm, &ledger, &jobs, &program, cut, pace, &mut asked)?
        }
    };
    conclude(&ledger, &jobs, &outcome, begun.elapsed(), roots)
}

/// The tables, and what was done; an interrupted sweep has none yet.
fn conclude(
    ledger: &Ledger,
    jobs: &[Job],
    outcome: &Outcome,
    time: Duration,
    roots: &Roots,
) -> Result<(), Failure> {
    let run = ledger.path().display();
    if let Some(code) = outcome.interrupted {
        let done = count_done(ledger, jobs);
        let message = format!(
            "interrupted: {done} of {} cells are kept in {run}",
            jobs.len()
        );
        return Err(Failure::new(code, message).hint("the same command goes on from there"));
    }
    let report = args::Report {
        run: ledger.path().to_owned(),
        other: None,
        out: None,
        averages: None,
        open: false,
    };
    if ledger.path().join("tables.json").exists() {
        report_command::run(&report, roots)?;
    }
    let (finished, failed) = (outcome.finished, outcome.failed.len());
    let repeated = match outcome.repeated {
        0 => String::new(),
        n => format!(", {n} repeated"),
    };
    print(&format!(
        "{finished} cells computed{repeated}, {failed} failed, in {}",
        human(time)
    ));
    if outcome.cancelled > 0 {
        let message = format!("the jobs of {} cells were cancelled", outcome.cancelled);
        return Err(
            Failure::new(exit::SOME_CELLS_FAILED, message).hint("the same command computes them")
        );
    }
    if let Some((title, why)) = outcome.failed.first() {
        let message = format!("{failed} cells failed; the first: {title}: {why}");
        return Err(Failure::new(exit::SOME_CELLS_FAILED, message).hint(format!(
            "the same command runs them again; residuum sweep logs {run}"
        )));
    }
    Ok(ledger.remove_models()?)
}

fn count_done(ledger: &Ledger, jobs: &[Job]) -> usize {
    let done = |job: &&Job| ledger.status(&job.planned.id) == Some(sweep::Status::Ok);
    jobs.iter().filter(done).count()
}

/// This program, as a worker is to be started.
fn program(global: &Global) -> Result<Program, Failure> {
    let this = std::env::current_exe().map_err(|error| {
        let message = format!("cannot see where this program is: {error}");
        Failure::new(exit::MISSING, message)
    })?;
    let mut program = Program::here(this);
    if let Some(data) = &global.data {
        program.arguments = vec!["--data".to_owned(), data.display().to_string()];
    }
    Ok(program)
}

fn cut(args: &sweep_args::Cut, ledger: &Ledger) -> Result<Cut, Failure> {
    let minutes = args.task_minutes;
    if !(minutes > 0.0 && minutes <= 100_000.0) {
        let message = format!("--task-minutes {minutes}, expected more than 0");
        return Err(Failure::new(exit::USAGE, message));
    }
    Ok(Cut {
        cores: args.threads.map_or(1, usize::from),
        gpus: args.gpus,
        task_time: Duration::from_secs_f64(60.0 * minutes),
        least_minutes: args.minutes,
        timeout: ledger.timeout(),
    })
}

fn pace(poll: f64) -> Result<Pace, Failure> {
    if !(0.1..=3600.0).contains(&poll) {
        let message = format!("--poll {poll}, expected 0.1 to 3600 seconds");
        return Err(Failure::new(exit::USAGE, message));
    }
    Ok(Pace {
        poll: Duration::from_secs_f64(poll),
        settle: Duration::from_secs_f64(poll),
    })
}

fn asked() -> Option<Asked> {
    interrupt::asked().then(|| Asked {
        code: interrupt::code(),
        again: false,
    })
}

/// `environment.json`: how the sweep was started. What each cell ran on stands in the cell.
fn write_environment(ledger: &Ledger, args: &Start, threads: usize) -> Result<(), Failure> {
    let executor = match args.executor {
        Executor::Local => "local",
        Executor::Slurm => "slurm",
    };
    let environment = json!({
        "executor": executor,
        "started_on": files::host_name(),
        "threads": threads,
        "git": std::env::var("RESIDUUM_GIT").ok(),
        "command": std::env::args().collect::<Vec<_>>(),
    });
    let path = ledger.path().join("environment.json");
    write_atomically(&path, format!("{environment:#}\n").as_bytes())
}

fn status(run: &Path, as_json: bool) -> Result<(), Failure> {
    let found = batch::condition(run, &mut watched()?)?;
    let left = found.total - found.finished - found.failed;
    if as_json {
        let (running, waiting) = found.tasks.unzip();
        print_data(
            &json!({
                "cells": found.total, "finished": found.finished, "failed": found.failed, "left": left,
                "lost": found.lost, "core_seconds_left": found.seconds_left, "jobs": found.jobs,
                "tasks_running": running, "tasks_waiting": waiting,
            })
            .to_string(),
        );
        return Ok(());
    }
    let mut text = format!(
        "cells    {} of {} finished, {} failed, {left} left (about {} of one core)\n",
        found.finished,
        found.total,
        found.failed,
        human(Duration::from_secs_f64(found.seconds_left.clamp(0.0, 1e12)))
    );
    if found.lost > 0 {
        text.push_str(&format!(
            "lost     {} times a cell did not come out of its task\n",
            found.lost
        ));
    }
    if !found.jobs.is_empty() {
        let state = match (found.tasks, &found.silent) {
            (Some((running, waiting)), _) => format!("{running} tasks run, {waiting} wait"),
            (None, why) => format!("no answer: {}", why.as_deref().unwrap_or_default()),
        };
        text.push_str(&format!("jobs     {}: {state}\n", found.jobs.join(", ")));
    }
    print(&text);
    Ok(())
}

fn cancel(run: &Path) -> Result<(), Failure> {
    let jobs = batch::cancel(run, &mut watched()?)?;
    print(&match jobs.as_slice() {
        [] => "no jobs of a scheduler are at work".to_owned(),
        jobs => format!("cancelled: {}", jobs.join(", ")),
    });
    Ok(())
}

fn logs(run: &Path, cell: Option<&str>) -> Result<(), Failure> {
    let logs = batch::logs(run, cell)?;
    if logs.is_empty() {
        print("the logs are empty");
    }
    for (path, text) in logs {
        print(&format!("{}:", path.display()));
        let lines = text.lines().map(|line| format!("  {line}\n"));
        print(&lines.collect::<String>());
    }
    Ok(())
}

/// What tells of jobs and ends them; options of submissions are no matter.
fn watched() -> Result<impl Scheduler, Failure> {
    Ok(Slurm::new(&[], None)?)
}

fn export(args: &Export, global: &Global) -> Result<(), Failure> {
    let at_once = args.jobs.map(usize::from);
    let format = match args.format {
        sweep_args::Format::Lines => Format::Lines,
        sweep_args::Format::Slurm => Format::Slurm(Slurm::new(&args.slurm, at_once)?),
        sweep_args::Format::Kubernetes => {
            let given = |value: &Option<String>| value.clone().unwrap_or_default();
            let kubernetes = Kubernetes {
                image: given(&args.image),
                claim: given(&args.claim),
                mount: args.mount.clone(),
                at_once,
            };
            Format::Kubernetes(kubernetes.check()?)
        }
    };
    let ledger = Ledger::open(&args.run)?;
    let jobs = ledger.jobs()?;
    let cut = cut(&args.cut, &ledger)?;
    let text = batch::export(&format, &ledger, &jobs, &program(global)?, cut)?;
    print_data(&text);
    Ok(())
}
