//! The command line program `residuum`: arguments, wiring, exit codes.

mod args;
mod attack;
mod audit;
mod cell;
mod cells;
mod corrupt;
mod curves;
mod datasets_command;
#[cfg(feature = "torch")]
mod embed;
mod experiment;
mod failure;
mod interval;
mod maps;
mod memory;
mod methods;
#[cfg(feature = "torch")]
mod normalisation;
#[cfg(feature = "torch")]
mod npz;
mod output;
mod progress;
#[cfg(feature = "report")]
mod report_command;
mod run;
mod sheet;

use std::io::{IsTerminal, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use datasets::Roots;
use residuum::{DeviceChoice, Runtime};
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command, Global, LogFormat};
use crate::experiment::Machine;
use crate::failure::Failure;

fn main() -> ExitCode {
    let cli = Cli::parse();
    start_log(&cli.global);
    // A panic is reported like any other failure, in one line; its place goes to the log.
    std::panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    let result = catch_unwind(AssertUnwindSafe(|| dispatch(&cli)))
        .unwrap_or_else(|payload| Err(Failure::from_panic(payload.as_ref())));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(cli: &Cli) -> Result<(), Failure> {
    let roots = Roots::discover(cli.global.data.as_deref())?;
    match &cli.command {
        Command::Datasets(command) => datasets_command::run(command, &roots),
        Command::Methods(command) => methods::run(command),
        Command::Run(args) => run::run(args, &roots, &machine(&args.machine)?),
        Command::Cells(args) => cells::run(args, &roots, &machine(&args.machine)?),
        #[cfg(feature = "torch")]
        Command::Embed(args) => embed::run(args, &roots, &machine(&args.machine)?),
        Command::Audit(args) => audit::run(args, &roots),
        Command::Corrupt(args) => corrupt::run(args, &roots),
        #[cfg(feature = "report")]
        Command::Report(args) => report_command::run(args, &roots),
        Command::Completions { shell } => {
            clap_complete::generate(
                *shell,
                &mut Cli::command(),
                "residuum",
                &mut std::io::stdout().lock(),
            );
            Ok(())
        }
    }
}

fn machine(args: &args::Machine) -> Result<Machine, Failure> {
    let device = args.device.parse::<DeviceChoice>()?.resolve()?;
    let threads = args
        .threads
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, std::num::NonZeroUsize::get);
    residuum::set_threads(threads);
    let models = args.models.clone();
    let runtime = Runtime { device, models };
    Ok(Machine { runtime, threads })
}

fn start_log(global: &Global) {
    let level = match global.verbose {
        0 => "warn",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false);
    match global.log_format {
        LogFormat::Text => builder.without_time().init(),
        LogFormat::Json => builder.json().init(),
    }
}
