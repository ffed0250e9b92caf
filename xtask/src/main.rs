#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
// A command: it prints.
#![allow(clippy::print_stdout, clippy::print_stderr)]

// First, since its macros stand in for Rust's.
#[macro_use]
mod output;

mod bench;
mod ci;
mod doctor;
mod failure;
mod fuzz;
mod machine;
mod program;
mod reproduce;
mod setup;
mod test;
mod wheel;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use workspace::Workspace;

/// Set-up, sweeps, tests and benches of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
#[command(after_help = "Start here:
  cargo xtask doctor       what is there, and what is missing
  cargo xtask reproduce    the paper's table beside ours
  cargo xtask test         all tests")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Setup(setup::Arguments),
    Doctor(doctor::Arguments),
    Reproduce(reproduce::Arguments),
    Test(test::Arguments),
    Soak(test::Soak),
    Ci(ci::Arguments),
    Bench(bench::Arguments),
    Wheel(wheel::Arguments),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(answer) if answer.use_stderr() => answer.exit(), // with 2
        Err(help) => {
            println!("{}", help.render());
            return match output::check() {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => ExitCode::from(failure::report(&failure.into())),
            };
        }
    };
    let result = Workspace::find()
        .map_err(Into::into)
        .and_then(|workspace| match &cli.command {
            Command::Setup(arguments) => setup::run(&workspace, arguments).map(|()| 0),
            Command::Doctor(arguments) => doctor::run(&workspace, arguments),
            Command::Reproduce(arguments) => reproduce::run(&workspace, arguments),
            Command::Test(arguments) => test::run(&workspace, arguments),
            Command::Soak(arguments) => test::soak(&workspace, arguments),
            Command::Ci(arguments) => ci::run(&workspace, arguments),
            Command::Bench(arguments) => bench::run(&workspace, arguments),
            Command::Wheel(arguments) => wheel::run(&workspace, arguments),
        });
    match result.and_then(|code| Ok(output::check().map(|()| code)?)) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(failure::report(&error)),
    }
}
