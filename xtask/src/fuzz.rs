//! `cargo xtask soak --fuzz`: the fuzz harnesses, built and started.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::failure::{Failure, code};
use crate::program::executable;
use crate::workspace::Workspace;

/// What is passed on to the harnesses.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Mutated files against every reader of what a user gives; ends with 1 where one has a fault
    #[arg(long)]
    fuzz: bool,
    /// Inputs in all [default: 10000000]
    #[arg(long, requires = "fuzz")]
    inputs: Option<u64>,
    /// End after so many seconds
    #[arg(long, requires = "fuzz")]
    seconds: Option<u64>,
    /// Only this reader; repeat for several
    #[arg(long, value_name = "NAME", requires = "fuzz")]
    target: Vec<String>,
    /// Decides about every input: the same seed gives the same inputs [default: 0]
    #[arg(long, requires = "fuzz")]
    seed: Option<u64>,
    /// Name the readers
    #[arg(long, requires = "fuzz")]
    list: bool,
    /// Read the kept inputs and compare what is said about them with what should be
    #[arg(long, requires = "fuzz")]
    corpus: bool,
    /// Read this file once, as an input of the one reader named
    #[arg(long, value_name = "FILE", requires = "target")]
    replay: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn wanted(&self) -> bool {
        self.fuzz
    }

    fn passed_on(&self) -> Vec<String> {
        let flags = [("--list", self.list), ("--corpus", self.corpus)];
        let numbers = [
            ("--inputs", self.inputs),
            ("--seconds", self.seconds),
            ("--seed", self.seed),
        ];
        let flags = flags.into_iter().filter(|(_, set)| *set);
        let mut passed: Vec<String> = flags.map(|(name, _)| name.to_owned()).collect();
        for (name, value) in numbers {
            passed.extend(value.map(|value| format!("{name}={value}")));
        }
        passed.extend(self.target.iter().map(|name| format!("--target={name}")));
        let replay = self.replay.as_ref();
        passed.extend(replay.map(|file| format!("--replay={}", file.display())));
        passed
    }
}

/// Builds and runs the harnesses; the value is their exit code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<u8> {
    let out = workspace
        .cargo()
        // All packages, so that the builds of libtorch's bindings and of Parquet are those of the tests.
        .args(["build", "--release", "--workspace", "--bin", "fuzz"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cannot start cargo")?;
    let built = out
        .status
        .success()
        .then(|| executable(&out.stdout, "fuzz"));
    let Some(program) = built.flatten() else {
        let failure = Failure::new(code::INTERNAL, "the harnesses do not build (see above)");
        return Err(failure.hint("cargo xtask doctor").into());
    };
    let status = Command::new(&program)
        .args(arguments.passed_on())
        .arg("--found")
        .arg(workspace.root.join("target/fuzz/found"))
        .env("LD_LIBRARY_PATH", workspace.library_path())
        .status()
        .with_context(|| format!("cannot start {}", program.display()))?;
    Ok(status.code().map_or(code::INTERNAL, |code| code as u8))
}
