#![doc = include_str!("../README.md")]

mod args;
mod audit;
mod causes;
mod cell;
mod cells;
mod corrupt;
mod datasets_command;
mod datasets_get;
mod datasets_json;
mod embed;
mod failure;
mod interrupt;
mod lifeline;
mod loader;
mod log;
mod machine_args;
mod maps;
mod methods;
mod networks;
mod normalisation;
mod output;
mod own;
mod own_args;
mod place;
mod progress;
mod protocol;
mod report_command;
mod run;
mod setup;
mod sheet;
mod shell;
mod sweep_args;
mod sweep_command;
mod ways_out;

use std::io::Write;
use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use datasets::Roots;
use experiment::Machine;
use residuum::{Device, DeviceChoice, Runtime};

use crate::args::{Cli, Command};
use crate::failure::{Failure, exit};
use crate::networks::hand_over;

pub use crate::networks::{Embed, Embedder, Networks};
pub use experiment::NoVectors;

/// The whole program: arguments from the command line, the result on standard output; the value is what it
/// ends with. Without `networks` it starts the program that has them where a command asks for one.
pub fn main(networks: Option<&'static Networks>) -> ExitCode {
    // A panic is reported like any other failure, in one line; its place goes to the log.
    std::panic::set_hook(Box::new(|panic| tracing::debug!("{panic}")));
    let result = catch_unwind(|| start(networks))
        .unwrap_or_else(|payload| Err(Failure::from_panic(payload.as_ref())))
        .and_then(|code| output::check().map(|()| code));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn start(networks: Option<&'static Networks>) -> Result<u8, Failure> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) => return Ok(tell(&answer)),
    };
    log::start(&cli.global);
    interrupt::watch()?;
    dispatch(&cli, networks).map(|()| 0)
}

/// What clap answers instead of a command: help and the version as any other output, else what is wrong
/// with the arguments. The value is the exit code.
fn tell(answer: &clap::Error) -> u8 {
    let text = answer.render();
    if !answer.use_stderr() {
        match output::has_colours() {
            true => output::print_coloured(&text.ansi().to_string()),
            false => output::print(&text.to_string()),
        }
        return 0;
    }
    // An argument may hold anything.
    let _ = std::io::stderr().write_all(files::visible_lines(&text.to_string()).as_bytes());
    exit::USAGE
}

fn dispatch(cli: &Cli, networks: Option<&'static Networks>) -> Result<(), Failure> {
    let roots = Roots::discover(cli.global.data.as_deref())?;
    let machine = |args| machine(args, networks);
    match &cli.command {
        Command::Fit(args) => own::fit(args, &machine(&args.machine)?),
        Command::Score(args) => own::score(args, &machine(&args.machine)?),
        Command::Evaluate(args) => own::evaluate(args, &machine(&args.machine)?),
        Command::Show(args) => own::show(args),
        Command::Calibrate(args) => own::calibrate(args, &machine(&args.machine)?),
        Command::Explain(args) => own::explain(args, &machine(&args.machine)?),
        Command::Datasets(command) => datasets_command::run(command, &roots),
        Command::Methods(command) => methods::run(command),
        Command::Run(args) => run::run(args, &roots, &machine(&args.machine)?),
        Command::Cells(args) => cells::run(args, &roots, &machine(&args.machine)?),
        Command::Sweep(args) => sweep_command::run(args, &cli.global, &roots),
        Command::Embed(args) => {
            let device = machine(&args.machine)?.runtime.device;
            embed::run(args, &roots, networks, device)
        }
        Command::Audit(args) => audit::run(args, &roots, networks),
        Command::Corrupt(args) => corrupt::run(args, &roots),
        Command::Report(args) => report_command::run(args, &roots),
        Command::Setup(args) => setup::run(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "residuum", &mut script);
            output::print_data(&String::from_utf8_lossy(&script));
            Ok(())
        }
    }
}

/// What a command runs on. `auto` is the processor where there are no networks.
fn machine(
    args: &machine_args::Machine,
    networks: Option<&'static Networks>,
) -> Result<Machine, Failure> {
    let choice = args.device.parse::<DeviceChoice>()?;
    let device = match (networks, choice) {
        (Some(networks), choice) => (networks.device)(choice)?,
        (None, DeviceChoice::Only(Device::Cuda(_))) => return Err(hand_over()),
        (None, _) => Device::Cpu,
    };
    let threads = args
        .threads
        .or_else(|| std::thread::available_parallelism().ok())
        .map_or(1, std::num::NonZeroUsize::get);
    networks.map_or(residuum::set_threads as fn(usize), |n| n.set_threads)(threads);
    let models = args.models.clone();
    let runtime = Runtime { device, models };
    Ok(Machine {
        runtime,
        threads,
        networks: networks.map(|networks| networks as _),
    })
}
