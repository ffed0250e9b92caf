//! `cargo xtask test`: every test of the workspace, with one runner's output and one last line.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, IsTerminal};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context;
use tempfile::NamedTempFile;

use crate::setup;
use crate::wheel::{self, Tests};
use crate::workspace::Workspace;
use sweep::human;

/// Run the tests: set-up, then cargo-nextest (or `cargo test`), then the doctests, then those of the Python package.
///
/// RESIDUUM_DATA (folders, separated by `:`) is passed through; tests that need data or a GPU say
/// that they were skipped where there is none.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask test                                   the whole workspace
  cargo xtask test -p metrics -p baselines           two crates
  cargo xtask test -p residuum-python                the Python package
  RESIDUUM_DATA=~/data cargo xtask test              with the tests on real data
  cargo xtask test -- copod                          tests whose name holds `copod`")]
pub(crate) struct Arguments {
    /// Only this crate; repeat for several.
    #[arg(short, long, value_name = "CRATE")]
    package: Vec<String>,
    /// Passed to the test runner.
    #[arg(last = true)]
    filter: Vec<String>,
}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<u8> {
    if arguments.package == [wheel::PACKAGE] {
        return python_alone(workspace, Tests::Everyday);
    }
    setup::ensure(workspace)?;
    let start = Instant::now();
    let skips = NamedTempFile::new()?;
    let (tests, summary) = run_tests(workspace, arguments, Which::Everyday, skips.path())?;
    // A filter names tests; doctests would all run or all be filtered out.
    let documents = if arguments.filter.is_empty() {
        Some(run_doctests(workspace, arguments)?)
    } else {
        None
    };
    let python = match arguments.package.is_empty() && arguments.filter.is_empty() {
        true => Some(wheel::test(workspace, Tests::Everyday, skips.path())?),
        false => None,
    };
    let word = |good: bool| if good { "passed" } else { "FAILED" };
    let documents_word = documents.map_or("not run", word);
    let python_word = python.map_or("not run", word);
    println!(
        "test: {}{}; doctests {documents_word}; Python {python_word}{}; {}",
        word(tests),
        summary.map(|s| format!(" ({s})")).unwrap_or_default(),
        skipped(skips.path())?,
        human(start.elapsed())
    );
    let failed = [Some(tests), documents, python].contains(&Some(false));
    Ok(u8::from(failed))
}

/// The tests of the Python package, which belong to no crate of the workspace and need no libtorch.
fn python_alone(workspace: &Workspace, tests: Tests) -> anyhow::Result<u8> {
    let start = Instant::now();
    let skips = NamedTempFile::new()?;
    let good = wheel::test(workspace, tests, skips.path())?;
    println!(
        "Python: {}{}; {}",
        if good { "passed" } else { "FAILED" },
        skipped(skips.path())?,
        human(start.elapsed())
    );
    Ok(u8::from(!good))
}

/// Which of the tests are run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    /// Those of every day.
    Everyday,
    /// Those that are marked `#[ignore]`, because they take minutes.
    Long,
}

/// Run the long tests: those that `cargo xtask test` leaves out because they take minutes.
///
/// They hold published means over dozens of data sets to a tenth of a point, and memory on 100,000
/// files. Most need RESIDUUM_DATA, and say that they were skipped where there is none. With --fuzz,
/// mutated files against every reader instead.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  RESIDUUM_DATA=~/data cargo xtask soak              all of them, with their figures
  RESIDUUM_DATA=~/data cargo xtask soak -p analytic  those of one crate
  cargo xtask soak --fuzz                            ten million mutated files, about ten minutes
  cargo xtask soak --fuzz --target npz --seconds 30  one reader for half a minute")]
pub(crate) struct Soak {
    /// Only this crate; repeat for several.
    #[arg(short, long, value_name = "CRATE", conflicts_with = "fuzz")]
    package: Vec<String>,
    #[command(flatten)]
    fuzz: crate::fuzz::Arguments,
}

/// Runs the command; the value is the exit code.
pub(crate) fn soak(workspace: &Workspace, arguments: &Soak) -> anyhow::Result<u8> {
    if arguments.package == [wheel::PACKAGE] {
        return python_alone(workspace, Tests::Long);
    }
    setup::ensure(workspace)?;
    if arguments.fuzz.wanted() {
        return crate::fuzz::run(workspace, &arguments.fuzz);
    }
    let start = Instant::now();
    let arguments = Arguments {
        package: arguments.package.clone(),
        filter: Vec::new(),
    };
    let skips = NamedTempFile::new()?;
    let (good, summary) = run_tests(workspace, &arguments, Which::Long, skips.path())?;
    let python = match arguments.package.is_empty() {
        true => Some(wheel::test(workspace, Tests::Long, skips.path())?),
        false => None,
    };
    let word = |good: bool| if good { "passed" } else { "FAILED" };
    println!(
        "soak: {}{}; Python {}{}; {}",
        word(good),
        summary.map(|s| format!(" ({s})")).unwrap_or_default(),
        python.map_or("not run", word),
        skipped(skips.path())?,
        human(start.elapsed())
    );
    Ok(u8::from(!good || python == Some(false)))
}

/// Tests that miss what they need write a line each to the file that this names; the crate `skipped` does it.
const SKIPPED: &str = "RESIDUUM_SKIPPED";

/// How many tests skipped themselves, for the last line; nothing where none did.
fn skipped(file: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(file)?;
    // A test may say it more than once.
    let test = |line: &str| line.split_once(": ").map(|(test, _)| test.to_owned());
    let tests: BTreeSet<String> = text.lines().filter_map(test).collect();
    Ok(match tests.len() {
        0 => String::new(),
        n => format!("; {n} passed without what they need (data, weights, a program)"),
    })
}

fn run_tests(
    workspace: &Workspace,
    arguments: &Arguments,
    which: Which,
    skips: &Path,
) -> anyhow::Result<(bool, Option<String>)> {
    let nextest = workspace
        .cargo()
        .args(["nextest", "--version"])
        .output()
        .is_ok_and(|o| o.status.success());
    let mut cargo = workspace.cargo();
    if nextest {
        cargo.args(["nextest", "run", "--no-fail-fast", "--no-tests=warn"]);
        if which == Which::Long {
            cargo.args(["--run-ignored", "only", "--no-capture"]);
        }
    } else {
        cargo.args([
            "test",
            "--no-fail-fast",
            "--lib",
            "--bins",
            "--tests",
            "--examples",
        ]);
    }
    select(&mut cargo, arguments);
    cargo.env(SKIPPED, skips);
    if !nextest && (which == Which::Long || !arguments.filter.is_empty()) {
        cargo.arg("--");
        if which == Which::Long {
            cargo.args(["--ignored", "--nocapture", "--test-threads=1"]);
        }
    }
    cargo.args(&arguments.filter);
    if nextest && !std::io::stderr().is_terminal() {
        return tee_summary(&mut cargo);
    }
    Ok((
        cargo.status().context("cannot start cargo")?.success(),
        None,
    ))
}

/// Passes the runner's stderr on and keeps its summary for the last line.
fn tee_summary(cargo: &mut Command) -> anyhow::Result<(bool, Option<String>)> {
    let mut child = cargo
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let stderr = child.stderr.take().context("cargo has no stderr")?;
    let mut summary = None;
    for line in BufReader::new(stderr).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        eprintln!("{line}");
        if let Some((_, counts)) = line
            .trim()
            .strip_prefix("Summary [")
            .and_then(|s| s.split_once("] "))
        {
            summary = Some(counts.trim().to_owned());
        }
    }
    Ok((child.wait()?.success(), summary))
}

fn run_doctests(workspace: &Workspace, arguments: &Arguments) -> anyhow::Result<bool> {
    let mut arguments = Arguments {
        package: arguments.package.clone(),
        filter: Vec::new(),
    };
    if !arguments.package.is_empty() {
        // `--doc` refuses a named package without a library. All packages go by `--workspace`: another
        // selection has other features, and would build much once more.
        let libraries = libraries(workspace)?;
        arguments.package.retain(|name| libraries.contains(name));
        if arguments.package.is_empty() {
            return Ok(true);
        }
    }
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--doc", "--no-fail-fast"]);
    select(&mut cargo, &arguments);
    Ok(cargo.status().context("cannot start cargo")?.success())
}

fn libraries(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let metadata = workspace.metadata(&["--no-deps"])?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let has_library = |package: &&serde_json::Value| {
        let targets = package["targets"].as_array().into_iter().flatten();
        targets
            .flat_map(|t| t["kind"].as_array())
            .flatten()
            .any(|kind| kind == "lib")
    };
    Ok(packages
        .filter(has_library)
        .filter_map(|p| Some(p["name"].as_str()?.to_owned()))
        .collect())
}

fn select(cargo: &mut Command, arguments: &Arguments) {
    cargo.arg("--release").env("OMP_WAIT_POLICY", "passive");
    if arguments.package.is_empty() {
        cargo.arg("--workspace");
    }
    for package in &arguments.package {
        cargo.args(["-p", package]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_that_skip_themselves_are_counted_once_each() {
        let file = NamedTempFile::new().unwrap();
        assert_eq!(skipped(file.path()).unwrap(), "");
        let text = "protocols-1 a: no data\nprotocols-1 a: no data: x\nnpz-2 a: no data\nnpz-2 b: no data\n";
        std::fs::write(file.path(), text).unwrap();
        assert!(
            skipped(file.path())
                .unwrap()
                .starts_with("; 3 passed without")
        );
    }
}
