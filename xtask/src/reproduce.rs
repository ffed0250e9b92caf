//! `cargo xtask reproduce`: from nothing to the table.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Context;
use serde_json::json;
use sweep::batch::{self, Cut, Pace, Slurm};
use sweep::{Dataset, Interrupt, Ledger, Local, Plan, Profile, Sets, Status, human};

use crate::failure::code;
use crate::program::{Program, ended};
use crate::workspace::{Workspace, first_line, write_atomic};
use crate::{machine, setup};

/// Compute the tables of a profile and print them beside the published values.
///
/// Sets libtorch up and builds the program where needed, plans one cell per data set, method and
/// seed, runs them in child processes, and reports. Interrupted at any moment, the same command
/// goes on where it was; failed cells are run again, finished ones never. Data sets that are not
/// there are named with the command that gets them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask reproduce                               the paper's columns on data in the repository
  cargo xtask reproduce --profile smoke               under two minutes, no data needed
  cargo xtask reproduce --only 'MVTec*' --only ddpm   some rows, one column
  cargo xtask reproduce --table clean                 one of its tables
  cargo xtask reproduce --profile paper --jobs 8      five seeds
  cargo xtask reproduce --executor slurm --slurm partition=main    on a cluster: docs/cluster.md

Exit codes: 0 done, 2 usage, 4 something is missing, 5 some cells failed, 75 the run folder is
in use, 130 and 143 interrupted.")]
pub(crate) struct Arguments {
    /// A file of configs/reproduce (smoke, quick, paper, full, macrodata), or the path of one that ends in .toml.
    #[arg(long, default_value = "quick")]
    profile: String,
    /// Only the tables whose ids match; repeat for several.
    #[arg(long, value_name = "GLOB")]
    table: Vec<String>,
    /// Only rows (data sets) or columns (label or method) that match; repeat for several.
    #[arg(long, value_name = "GLOB")]
    only: Vec<String>,
    /// Without the rows or columns that match; repeat for several.
    #[arg(long, value_name = "GLOB")]
    except: Vec<String>,
    /// Draw at most N rows of every table and set of embeddings.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    max_rows: Option<u64>,
    /// Replace the profile's seeds; each is the seed of the data and of the model.
    #[arg(long, value_delimiter = ',', value_name = "S,..")]
    seeds: Vec<u64>,
    /// Processes at a time [default: the number of cores]; they share the cores evenly. On Slurm tasks
    /// of each job that run at a time.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Download the profile's data sets that are absent.
    #[arg(long)]
    fetch: bool,
    /// Where cells run.
    #[arg(long, value_enum, default_value = "local")]
    executor: Executor,
    /// Options for sbatch: KEY=VALUE or KEY, several with commas between them.
    #[arg(long, value_name = "OPTIONS")]
    slurm: Vec<String>,
    /// GPUs of a task with networks, on Slurm.
    #[arg(long, value_name = "N", default_value_t = 0)]
    gpus: usize,
    /// Seconds between two looks at Slurm.
    #[arg(long, value_name = "S", default_value = "15", value_parser = seconds, hide_short_help = true)]
    poll: Duration,
    /// The run folder [default: runs/PROFILE].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Run finished cells again.
    #[arg(long)]
    force: bool,
    /// Plan, say how much there is to do, and end.
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Executor {
    /// On this machine.
    Local,
    /// In jobs of a cluster whose nodes see this checkout.
    Slurm,
}

/// Work that short cells are packed to.
const TASK: Duration = Duration::from_secs(240);
/// The least limit of time that is asked for.
const LEAST_MINUTES: u64 = 10;

fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.1..=3600.0).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("expected 0.1 to 3600".to_owned()),
    }
}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<u8> {
    let start = Instant::now();
    let mut profile = {
        let dir = workspace.root.join("configs/reproduce");
        Profile::read(&dir, &arguments.profile)?
    };
    if !arguments.seeds.is_empty() {
        profile.override_seeds(&arguments.seeds);
    }
    if let Some(rows) = arguments.max_rows {
        profile.cap_rows(rows);
    }
    if !setup::not_needed() {
        setup::ensure(workspace)?;
    }
    let program = Program::build(workspace)?;
    let ready = start.elapsed();
    let plan = make_plan(&program, &profile, arguments)?;

    let out = arguments
        .out
        .clone()
        .unwrap_or_else(|| workspace.root.join("runs").join(&profile.name));
    if arguments.dry_run {
        let seconds: f64 = plan.jobs.iter().map(|job| job.seconds).sum();
        eprintln!(
            "{} cells, about {} of one core; {} data sets are missing",
            plan.jobs.len(),
            sweep::human(Duration::from_secs_f64(seconds)),
            absent(&plan).len()
        );
        return Ok(0);
    }
    let dir = Ledger::open(&out)?;
    dir.write_plan(&plan)?;
    if arguments.force {
        for job in &plan.jobs {
            dir.forget(&job.planned.id)?;
        }
        dir.remove_models()?;
    }
    announce(&plan, &dir);
    let outcome = compute(workspace, &program, &dir, &plan, &profile, arguments)?;
    if let Some(code) = outcome.interrupted {
        let done = count_done(&dir, &plan);
        eprintln!(
            "interrupted: {done} of {} cells are kept in {}",
            plan.jobs.len(),
            dir.path().display()
        );
        eprintln!("hint: the same command goes on from there");
        return Ok(code);
    }
    report(&program, &dir)?;
    conclude(&plan, &dir, &outcome, ready, start.elapsed() - ready);
    Ok(if outcome.failed.is_empty() && outcome.cancelled == 0 {
        dir.remove_models()?;
        0
    } else {
        code::SOME_FAILED
    })
}

/// The plan for the data that are there, after fetching what is absent where asked to.
fn make_plan(program: &Program, profile: &Profile, arguments: &Arguments) -> anyhow::Result<Plan> {
    let registry = program.methods()?;
    let planned = || -> anyhow::Result<Plan> {
        let sets = Sets::ask(profile, |names| program.datasets(names))?;
        let plan = sweep::plan(profile, &sets, &registry)
            .and_then(|plan| sweep::tables(plan, &arguments.table))
            .and_then(|plan| sweep::except(plan, &arguments.except))
            .and_then(|plan| sweep::narrow(plan, &arguments.only))?;
        Ok(plan)
    };
    let plan = planned()?;
    let absent = absent(&plan);
    if !arguments.fetch || absent.is_empty() {
        return Ok(plan);
    }
    let mut names: Vec<&String> = absent.iter().map(|row| &row.of).collect();
    names.sort();
    names.dedup();
    eprintln!("fetching {} data sets", names.len());
    let status = program
        .command(&["datasets", "fetch"])
        .args(&names)
        .status()?;
    if !status.success() {
        return Err(ended(&program.path, "datasets fetch", status).into());
    }
    planned()
}

/// The data sets of a plan that were not found.
fn absent(plan: &Plan) -> Vec<&Dataset> {
    let rows = plan.tables.tables.iter().flat_map(|table| &table.rows);
    let names: BTreeSet<&String> = rows
        .filter(|row| !row.present)
        .map(|row| &row.dataset)
        .collect();
    names
        .into_iter()
        .filter_map(|name| plan.sets.get(name))
        .collect()
}

fn announce(plan: &Plan, dir: &Ledger) {
    match absent(plan).len() {
        0 => {}
        n => {
            eprintln!("{n} data sets are missing; the tables name them (--fetch gets them all)")
        }
    }
    let (total, done) = (plan.jobs.len(), count_done(dir, plan));
    match total - done {
        _ if total == 0 => eprintln!("nothing to compute"),
        0 => {
            eprintln!("all {total} cells are finished: nothing to do (--force computes them again)")
        }
        left if done > 0 => eprintln!("{left} of {total} cells to compute; {done} are finished"),
        left => eprintln!("{left} cells to compute"),
    }
}

fn count_done(dir: &Ledger, plan: &Plan) -> usize {
    plan.jobs
        .iter()
        .filter(|job| dir.status(&job.planned.id) == Some(Status::Ok))
        .count()
}

fn compute(
    workspace: &Workspace,
    program: &Program,
    dir: &Ledger,
    plan: &Plan,
    profile: &Profile,
    arguments: &Arguments,
) -> anyhow::Result<sweep::Outcome> {
    if count_done(dir, plan) == plan.jobs.len() {
        return Ok(sweep::Outcome::default());
    }
    let timeout = Duration::from_secs_f64(profile.timeout_minutes * 60.0);
    let worker = program.worker();
    let mut interrupt = Interrupt::install()?;
    let mut asked = || interrupt.asked();
    if let Executor::Slurm = arguments.executor {
        let at_once = arguments.jobs.map(usize::from);
        let mut slurm = Slurm::new(&arguments.slurm, at_once)?;
        let cut = Cut {
            cores: 1,
            gpus: arguments.gpus,
            task_time: TASK,
            least_minutes: LEAST_MINUTES,
            timeout,
        };
        let pace = Pace {
            poll: arguments.poll,
            settle: arguments.poll,
        };
        write_environment(workspace, dir, "slurm", at_once, cut.cores)?;
        let jobs = &plan.jobs;
        return Ok(batch::run(
            &mut slurm, dir, jobs, &worker, cut, pace, &mut asked,
        )?);
    }
    let cores = machine::cores();
    let jobs = arguments.jobs.map_or(cores, usize::from);
    let options = sweep::Options {
        jobs,
        threads: (cores / jobs).max(1),
        timeout,
    };
    write_environment(workspace, dir, "local", Some(jobs), options.threads)?;
    let mut executor = Local::new(&worker, dir, &options);
    Ok(sweep::run(
        &mut executor,
        dir,
        &plan.jobs,
        options,
        &mut asked,
    )?)
}

/// `environment.json`: on what the cells were computed.
fn write_environment(
    workspace: &Workspace,
    dir: &Ledger,
    executor: &str,
    jobs: Option<usize>,
    threads: usize,
) -> anyhow::Result<()> {
    let libtorch = setup::linked(workspace);
    let environment = json!({
        "cpu": machine::cpu_model(), "cores": machine::cores(), "memory_bytes": machine::memory_bytes(),
        "os": machine::os(), "rustc": first_line(std::process::Command::new("rustc").arg("--version")),
        "git": workspace.commit(),
        "libtorch": libtorch.as_ref().map(|l| &l.version), "libtorch_path": libtorch.as_ref().map(|l| &l.path),
        "date": machine::utc_now(), "executor": executor, "jobs": jobs, "threads": threads,
        "command": std::env::args().collect::<Vec<_>>(),
    });
    let text = serde_json::to_string_pretty(&environment)? + "\n";
    write_atomic(&dir.path().join("environment.json"), text.as_bytes())
}

/// Derives tables and result files from the cells; the terminal tables go to stdout.
fn report(program: &Program, dir: &Ledger) -> anyhow::Result<()> {
    let path = dir
        .path()
        .to_str()
        .context("the run folder's name is not UTF-8")?;
    let status = program.command(&["report", path]).status()?;
    if !status.success() {
        return Err(ended(&program.path, "report", status).into());
    }
    Ok(())
}

/// What came of it, after the time it took to be `ready` and that of the sweep.
fn conclude(plan: &Plan, dir: &Ledger, outcome: &sweep::Outcome, ready: Duration, time: Duration) {
    let tables = plan
        .tables
        .tables
        .iter()
        .map(|t| format!("report/{}.md", t.id));
    println!();
    for file in tables.chain(["results.csv".into(), "results.parquet".into()]) {
        let path = dir.path().join(file);
        if path.exists() {
            println!("{}", path.display());
        }
    }
    let (finished, failed) = (outcome.finished, outcome.failed.len());
    let repeated = match outcome.repeated {
        0 => String::new(),
        n => format!(", {n} repeated"),
    };
    let before = match ready.as_secs() {
        0..5 => String::new(),
        _ => format!(" (libtorch and the program before that: {})", human(ready)),
    };
    println!(
        "{finished} cells computed{repeated}, {failed} failed, in {}{before}",
        human(time)
    );
    if outcome.cancelled > 0 {
        eprintln!(
            "error: the jobs of {} cells were cancelled",
            outcome.cancelled
        );
        eprintln!("hint: the same command computes them");
    }
    if failed > 0 {
        eprintln!(
            "error: {failed} cells failed; the first: {}: {}",
            outcome.failed[0].0, outcome.failed[0].1
        );
        eprintln!(
            "hint: the same command runs them again; logs: {}",
            dir.path().join("logs").display()
        );
    }
    // Last, where it is seen: everything is on the page.
    let page = dir.path().join("report/index.html");
    if page.exists() {
        println!("{}", page.display());
    }
}
