//! `cargo xtask bench`: the crates' own benches, and the comparison with Python.

mod peer;
mod python;

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::setup;
use crate::workspace::{Workspace, write_atomic};

/// Run the benches of the crates, or compare with scikit-learn, PyOD and PyTorch.
///
/// The comparison runs both sides on this machine, warm, in alternating rounds, and prints a table
/// in Markdown. It uses CIFAR10_4 where RESIDUUM_DATA has it, else generated rows of its shape.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask bench                                     all benches
  cargo xtask bench -p metrics                          those of one crate
  cargo xtask bench --against-python --no-torch         classical detectors beside Python's
  cargo xtask bench --against-python --write            all of it, into benches/python.md")]
pub(crate) struct Arguments {
    /// Only the benches of this crate; repeat for several.
    #[arg(short, long, value_name = "CRATE", conflicts_with = "against_python")]
    package: Vec<String>,
    /// Compare with Python. Makes a virtual environment in the cache folder; PyTorch brings 3 GB.
    #[arg(long)]
    against_python: bool,
    /// Leave DDPM beside PyTorch out.
    #[arg(long, requires = "against_python")]
    no_torch: bool,
    /// A Python that has the packages of scripts/bench/requirements*.txt, instead of an environment
    /// in the cache.
    #[arg(long, value_name = "PATH", requires = "against_python")]
    python: Option<PathBuf>,
    /// Rounds; each side runs once in each.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
    /// Write the table to benches/python.md.
    #[arg(long, requires = "against_python")]
    write: bool,
}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<u8> {
    if !arguments.against_python {
        return own(workspace, &arguments.package);
    }
    let table = python::compare(workspace, arguments)?;
    println!("{table}");
    if arguments.write {
        let dir = workspace.root.join("benches");
        std::fs::create_dir_all(&dir)?;
        let path = dir.join("python.md");
        write_atomic(&path, table.as_bytes())?;
        println!("{}", path.display());
    }
    Ok(0)
}

/// `cargo bench` for each crate that has benches; libraries' unit tests are not started.
fn own(workspace: &Workspace, packages: &[String]) -> anyhow::Result<u8> {
    let metadata = crate::ci::metadata(workspace, &["--no-deps"])?;
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

/// CIFAR10_4's file in one of the data roots.
fn cifar10_4(workspace: &Workspace) -> Option<PathBuf> {
    let given = std::env::var_os("RESIDUUM_DATA");
    let roots = given.iter().flat_map(std::env::split_paths);
    roots
        .chain([
            workspace.root.join("data/external"),
            workspace.root.join("data"),
        ])
        .map(|root: PathBuf| root.join(Path::new("adbench/CV_by_ResNet18/CIFAR10_4.npz")))
        .find(|path| path.is_file())
}
