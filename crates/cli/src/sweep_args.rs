use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

pub(crate) const SWEEP_EXAMPLES: &str = "\
Examples:
  residuum sweep plan runs/quick --profile configs/reproduce/quick.toml
  residuum sweep runs/quick
  residuum sweep runs/quick --executor slurm --slurm partition=main,account=physics
  residuum sweep status runs/quick

Interrupted at any moment, the same command goes on where it was. On Slurm the jobs go on
by themselves.

Exit codes: as of the program; 5 some cells failed, 75 another sweep is at work in the folder.";

/// `residuum sweep RUN_DIR`, or one of its commands.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct Sweep {
    #[command(subcommand)]
    pub(crate) command: Option<SweepCommand>,
    #[command(flatten)]
    pub(crate) start: Start,
}

/// Computes what a plan lacks.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Run folder with a plan; `sweep plan` makes one, and so does `cargo xtask reproduce`
    #[arg(required = true, value_name = "RUN")]
    pub(crate) run: Option<PathBuf>,
    /// Where cells run
    #[arg(long, value_enum, default_value = "local")]
    pub(crate) executor: Executor,
    /// Processes at a time [default: the number of cores]; on Slurm tasks of each job that run at a time
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Options for sbatch: KEY=VALUE or KEY, several with commas between them
    #[arg(long, value_name = "OPTIONS")]
    pub(crate) slurm: Vec<String>,
    #[command(flatten)]
    pub(crate) cut: Cut,
    /// Seconds between two queries of the scheduler
    #[arg(long, value_name = "S", default_value_t = 15.0, hide_short_help = true)]
    pub(crate) poll: f64,
}

/// How cells are packed into tasks.
#[derive(Debug, Args)]
pub(crate) struct Cut {
    /// Threads of each process [default: 1 in a task of a scheduler, else all cores shared evenly]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<std::num::NonZeroUsize>,
    /// GPUs of a task with networks
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) gpus: usize,
    /// Minutes of work that short cells are packed to
    #[arg(long, value_name = "M", default_value_t = 4.0)]
    pub(crate) task_minutes: f64,
    /// The least limit of time that is asked for, in minutes
    #[arg(long, value_name = "M", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) minutes: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Executor {
    /// On this machine.
    Local,
    /// In jobs of a cluster.
    Slurm,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SweepCommand {
    /// Plan a profile for the data that are here
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Plan),
    /// What is done, what runs, what is left
    #[command(after_help = "Example:\n  residuum sweep status runs/quick")]
    Status {
        /// Run folder
        run: PathBuf,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// End the jobs of a run; what is finished stays
    #[command(after_help = "Example:\n  residuum sweep cancel runs/quick")]
    Cancel {
        /// Run folder
        run: PathBuf,
    },
    /// The last lines of the logs
    #[command(
        after_help = "Examples:\n  residuum sweep logs runs/quick\n  residuum sweep logs runs/quick 3fa9   the tasks that had the cell with this id"
    )]
    Logs {
        /// Run folder
        run: PathBuf,
        /// Of the tasks that had the cell whose id begins so
        cell: Option<String>,
    },
    /// Print what runs the cells that are left: a command a line, scripts for sbatch, a Kubernetes manifest
    #[command(after_help = EXPORT_EXAMPLES)]
    Export(Export),
}

const PLAN_EXAMPLES: &str = "\
Examples:
  residuum sweep plan runs/quick --profile configs/reproduce/quick.toml
  residuum sweep plan runs/some --profile configs/reproduce/quick.toml --only 'FashionMNIST*'

Prints how many cells there are. The folder may hold an earlier plan: finished cells stay valid.";

#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Run folder, made where it is not there
    pub(crate) run: PathBuf,
    /// The profile: a TOML file, such as those of configs/reproduce
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) profile: PathBuf,
    /// Only the tables whose ids match; repeat for several
    #[arg(long, value_name = "GLOB")]
    pub(crate) table: Vec<String>,
    /// Only rows (data sets) or columns (label or method) that match; repeat for several
    #[arg(long, value_name = "GLOB")]
    pub(crate) only: Vec<String>,
    /// Without the rows or columns that match; repeat for several
    #[arg(long, value_name = "GLOB")]
    pub(crate) except: Vec<String>,
    /// Replace the profile's seeds; each is the seed of the data and of the model
    #[arg(long, value_delimiter = ',', value_name = "S,..")]
    pub(crate) seeds: Vec<u64>,
    /// Draw at most N rows of every table and set of embeddings
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) max_rows: Option<u64>,
}

const EXPORT_EXAMPLES: &str = "\
Examples:
  residuum sweep export runs/quick --format lines | parallel --jobs 2
  residuum sweep export runs/quick --format slurm --slurm partition=main | sh
  residuum sweep export runs/quick --format kubernetes --image debian:12 --claim data > job.json

A task needs the run folder, the program and the data at the paths they have here. HyperQueue takes
the lines by `hq submit --each-line FILE sh -c 'eval \"$HQ_ENTRY\"'`. The manifest was checked against
Kubernetes' schema and has not been run.";

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// Run folder with a plan
    pub(crate) run: PathBuf,
    /// For whom
    #[arg(long, value_enum)]
    pub(crate) format: Format,
    /// Tasks or pods of each job that run at a time
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Options for sbatch: KEY=VALUE or KEY, several with commas between them
    #[arg(long, value_name = "OPTIONS")]
    pub(crate) slurm: Vec<String>,
    /// Kubernetes: an image with a POSIX shell and the program's libraries
    #[arg(long, required_if_eq("format", "kubernetes"))]
    pub(crate) image: Option<String>,
    /// Kubernetes: the persistent volume claim with the run folder, the program and the data
    #[arg(long, value_name = "NAME", required_if_eq("format", "kubernetes"))]
    pub(crate) claim: Option<String>,
    /// Kubernetes: where the claim is mounted, so that paths are those of here
    #[arg(long, value_name = "PATH", default_value = "/data")]
    pub(crate) mount: String,
    #[command(flatten)]
    pub(crate) cut: Cut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A command a line: GNU parallel, HyperQueue, a shell.
    Lines,
    /// Scripts in the run folder, and the sbatch commands that take them.
    Slurm,
    /// Jobs with a completion index.
    Kubernetes,
}
