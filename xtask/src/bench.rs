//! `cargo xtask bench`: the crates' own benches, and the comparison with Python.

mod package;
mod peer;
mod python;

use anyhow::Context;

use crate::setup;
use crate::workspace::{Workspace, write_atomic};

/// Run the benches of the crates, or compare with scikit-learn, PyOD and PyTorch.
///
/// A comparison runs all sides on this machine, warm, in alternating rounds, and prints a table
/// in Markdown. It uses CIFAR10_4 where RESIDUUM_DATA has it, else generated rows of its shape.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("comparison").args(["against_python", "wheel"]))]
#[command(after_help = "Examples:
  cargo xtask bench                                     all benches
  cargo xtask bench -p metrics                          those of one crate
  cargo xtask bench --against-python --no-torch         classical detectors beside Python's
  cargo xtask bench --against-python --write            all of it, into benches/python.md
  cargo xtask bench --wheel --write                     the Python package, into benches/package.md")]
pub(crate) struct Arguments {
    /// Only the benches of this crate; repeat for several.
    #[arg(short, long, value_name = "CRATE", conflicts_with = "comparison")]
    package: Vec<String>,
    /// Compare with Python. Makes a virtual environment in the cache folder; PyTorch brings 3 GB.
    #[arg(long)]
    against_python: bool,
    /// Compare the Python package with scikit-learn, PyOD and the program's own calls, in a few minutes.
    #[arg(long)]
    wheel: bool,
    #[command(flatten)]
    options: python::Options,
    /// Write the table to benches/python.md, or benches/package.md.
    #[arg(long, requires = "comparison")]
    write: bool,
}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<u8> {
    let (name, table) = match (arguments.against_python, arguments.wheel) {
        (true, _) => ("python.md", python::compare(workspace, &arguments.options)?),
        (_, true) => (
            "package.md",
            package::compare(workspace, &arguments.options)?,
        ),
        _ => return own(workspace, &arguments.package),
    };
    println!("{table}");
    if arguments.write {
        let dir = workspace.root.join("benches");
        std::fs::create_dir_all(&dir)?;
        let path = dir.join(name);
        write_atomic(&path, table.as_bytes())?;
        println!("{}", path.display());
    }
    Ok(0)
}

/// `cargo bench` for each crate that has benches; libraries' unit tests are not started.
fn own(workspace: &Workspace, packages: &[String]) -> anyhow::Result<u8> {
    let metadata = workspace.metadata(&["--no-deps"])?;
    let mut ran = 0;
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        let targets = package["targets"].as_array().into_iter().flatten();
        let benches = targets.filter(|t| {
            t["kind"]
                .as_array()
                .is_some_and(|k| k.iter().any(|k| k == "bench"))
        });
        let benches: Vec<&str> = benches.filter_map(|t| t["name"].as_str()).collect();
        if benches.is_empty() || !(packages.is_empty() || packages.iter().any(|p| p == name)) {
            continue;
        }
        if ran == 0 {
            setup::ensure(workspace)?;
        }
        let mut cargo = workspace.cargo();
        cargo.args(["bench", "-p", name]);
        for bench in benches {
            cargo.args(["--bench", bench]);
        }
        let status = cargo.status().context("cannot start cargo")?;
        anyhow::ensure!(
            status.success(),
            "cargo bench -p {name} ended with {status}"
        );
        ran += 1;
    }
    anyhow::ensure!(ran > 0, "no benches in {}", packages.join(", "));
    Ok(0)
}
