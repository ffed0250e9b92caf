//! `cargo xtask ci`: what must hold before a change goes in.

mod dependencies;
mod licences;
mod repository;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod sources;
mod spdx;

use std::time::Instant;

use anyhow::Context;

use crate::setup;
use crate::test;
use crate::workspace::Workspace;
use sweep::human;

/// Formatting, lints, documentation, tests, dependency rules, licences, repository rules.
///
/// Goes through all of them and says at the end which failed.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  cargo xtask ci
  RESIDUUM_DATA=~/data cargo xtask ci    with the tests on real data")]
pub(crate) struct Arguments {}

/// Runs the command; the value is the exit code.
pub(crate) fn run(workspace: &Workspace, _: &Arguments) -> anyhow::Result<u8> {
    setup::ensure(workspace)?;
    let start = Instant::now();
    let cargo = |arguments: &str, rustdocflags: &str| {
        let mut cargo = workspace.cargo();
        cargo.args(arguments.split(' '));
        if !rustdocflags.is_empty() {
            cargo.env("RUSTDOCFLAGS", rustdocflags);
        }
        let status = cargo.status().context("cannot start cargo")?;
        anyhow::ensure!(status.success(), "cargo ended with {status}");
        Ok(())
    };
    let broken_links = "-D rustdoc::broken_intra_doc_links -D warnings";
    type Step<'a> = (&'a str, &'a dyn Fn() -> anyhow::Result<()>);
    let steps: [Step<'_>; 7] = [
        ("formatting", &|| {
            cargo("fmt --all --check", "")?;
            cargo("fmt --manifest-path crates/python/Cargo.toml --check", "")
        }),
        ("repository rules", &|| repository::check(&workspace.root)),
        ("dependency rules", &|| dependencies::check(workspace)),
        ("licences", &|| licences::check(workspace)),
        ("clippy", &|| {
            cargo(
                "clippy --release --workspace --all-targets -- -D warnings",
                "",
            )?;
            cargo(
                "clippy --release --locked --manifest-path crates/python/Cargo.toml -- -D warnings",
                "",
            )
        }),
        ("documentation", &|| {
            cargo("doc --release --workspace --no-deps", broken_links)
        }),
        ("tests", &|| {
            let code = test::run(workspace, &test::Arguments::default())?;
            anyhow::ensure!(code == 0, "tests failed");
            Ok(())
        }),
    ];
    let mut results = Vec::new();
    for (name, step) in steps {
        eprintln!("== {name}");
        let result = step();
        if let Err(error) = &result {
            eprintln!("{name}: {error:#}");
        }
        results.push((name, result.is_ok()));
    }
    for (name, good) in &results {
        println!("{}  {name}", if *good { "ok  " } else { "FAIL" });
    }
    let failed = results.iter().filter(|(_, good)| !good).count();
    println!(
        "ci: {failed} of {} steps failed; {}",
        results.len(),
        human(start.elapsed())
    );
    Ok(u8::from(failed > 0))
}
