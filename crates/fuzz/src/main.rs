#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// A command: it prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod target;
mod targets;

mod formats;
mod mutate;
mod random;

mod examine;
mod memory;

mod corpus;
mod findings;
mod replay;

mod campaign;
mod progress;
mod schedule;
mod summary;
mod worker;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use campaign::{End, Plan};
use worker::Share;

/// Mutated files against every reader of what a user gives.
#[derive(Debug, Parser)]
#[command(name = "fuzz", max_term_width = 100)]
struct Arguments {
    /// Inputs in all; the same seed gives the same inputs.
    #[arg(long, default_value_t = 10_000_000)]
    inputs: u64,
    /// Ends after so many seconds.
    #[arg(long)]
    seconds: Option<u64>,
    /// Only this target; repeat for several.
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,
    /// Decides about every input.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Processes; by default one for each core.
    #[arg(long)]
    jobs: Option<u64>,
    /// Names the targets.
    #[arg(long)]
    list: bool,
    /// Reads the kept inputs of the corpus and compares what the readers say with what they should.
    #[arg(long)]
    corpus: bool,
    /// Reads this file as an input of the one target named.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// Where inputs with a fault are kept.
    #[arg(long, value_name = "FOLDER", default_value = "target/fuzz/found")]
    found: PathBuf,
    /// The folder of a worker.
    #[arg(long, hide = true)]
    worker: Option<PathBuf>,
    /// A worker's first input.
    #[arg(long, hide = true, default_value_t = 0)]
    first: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse(); // ends with 2 on a wrong argument
    match run(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    let chosen = targets::named(&arguments.target)?;
    if arguments.list {
        for target in chosen {
            println!("{}", target.name);
        }
        return Ok(0);
    }
    if let Some(file) = &arguments.replay {
        let [target] = chosen[..] else {
            anyhow::bail!("--replay needs one --target");
        };
        return replay::file(target, file);
    }
    if arguments.corpus {
        return match &arguments.worker {
            Some(folder) => replay::corpus_here(&chosen, arguments.first as usize, folder),
            None => replay::corpus(&chosen),
        };
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
    let jobs = arguments.jobs.unwrap_or(cores).max(1);
    if let Some(folder) = &arguments.worker {
        let share = Share {
            seed: arguments.seed,
            first: arguments.first,
            step: jobs,
            end: arguments.inputs,
        };
        worker::run(&chosen, share, folder)?;
        return Ok(0);
    }
    let end = campaign::run(&Plan {
        targets: chosen,
        seed: arguments.seed,
        inputs: arguments.inputs,
        time: arguments.seconds.map(Duration::from_secs),
        jobs,
        found: arguments.found.clone(),
    })?;
    Ok(match end {
        End::Clean => 0,
        End::Faults => 1,
        End::Interrupted => 130,
    })
}
