//! Holds what a model promises against the real tables and embeddings of the catalogue, over many seeded splits.
//! `cargo run -p residuum --release --example guarantees -- [--splits N] [--only NAME] [--csv FILE] [-o PAGE]`
//!
//! The page, `docs/guarantees.md`, keeps its words; the tables between its markers are replaced. The program ends
//! with 1 where a promise is missed.
#![allow(clippy::print_stdout, clippy::print_stderr)] // an example prints

mod draw;
mod measure;
mod page;
mod set;
mod streams;
mod summary;
mod thresholds;
mod wrong;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use datasets::{Roots, catalogue};
use residuum::{Config, ModelError, RegistryError};
use set::Set;
use summary::Cell;

/// What was asked for.
struct Args {
    splits: u32,
    only: Option<String>,
    page: Option<PathBuf>,
    csv: Option<PathBuf>,
}

fn args() -> Result<Args, Box<dyn Error>> {
    let mut found = Args {
        splits: 200,
        only: None,
        page: None,
        csv: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(option) = given.next() {
        let value = given.next().ok_or(format!("{option} wants a value"))?;
        match option.as_str() {
            "--splits" => found.splits = value.parse()?,
            "--only" => found.only = Some(value),
            "--csv" => found.csv = Some(value.into()),
            "-o" => found.page = Some(value.into()),
            _ => return Err(format!("unknown option {option}").into()),
        }
    }
    Ok(found)
}

/// The methods: three that fit in milliseconds, and the one that a model takes by itself. Scores of bins tie, those
/// of principal components hardly do.
fn configs() -> Result<Vec<Config>, RegistryError> {
    let mut configs = Vec::new();
    for (name, settings) in [
        ("hbos", &[][..]),
        ("iforest", &["trees=25", "sample-size=128"]),
        ("pca", &[]),
        ("wiener", &[]),
    ] {
        let mut config = residuum::find(name)?.config();
        for setting in settings {
            config.set_text(setting)?;
        }
        configs.push(config);
    }
    Ok(configs)
}

/// PCA takes time with the cube of the columns, the denoiser with the square of the rows times the columns.
fn is_cheap(config: &Config, set: &Set) -> bool {
    match config.method() {
        "pca" => set.columns() <= 100,
        "wiener" => set.normal.len() <= 2000 && set.normal.len() * set.columns() <= 250_000,
        _ => true,
    }
}

fn cells(args: &Args) -> Result<Vec<Cell>, Box<dyn Error>> {
    let roots = Roots::discover(None)?;
    let configs = configs()?;
    let mut cells = Vec::new();
    for entry in catalogue() {
        let left_out = args.only.as_ref().is_some_and(|only| only != entry.name());
        if left_out || !set::is_rows(entry) || entry.locate(&roots).is_none() {
            continue;
        }
        let Some(set) = Set::new(&entry.load(&roots)?) else {
            eprintln!("{}: too few normal rows", entry.name());
            continue;
        };
        for config in configs.iter().filter(|config| is_cheap(config, &set)) {
            let start = Instant::now();
            let splits = measure::splits(&set, config, args.splits)?;
            let order = wrong::file_order(&set, config)?;
            cells.push(Cell::new(&set, config.method(), &splits, order));
            let seconds = start.elapsed().as_secs_f64();
            eprintln!("{} {}: {seconds:.1} s", set.name, config.method());
        }
    }
    Ok(cells)
}

fn run() -> Result<bool, Box<dyn Error>> {
    let args = args()?;
    let cells = cells(&args)?;
    if let Some(path) = &args.csv {
        std::fs::write(path, summary::csv(&cells))?;
    }
    let (tables, missed) = page::tables(&cells);
    match &args.page {
        Some(path) => {
            let text = std::fs::read_to_string(path)?;
            std::fs::write(path, page::with_tables(&text, &tables)?)?;
        }
        None => tables
            .iter()
            .for_each(|(name, table)| println!("{name}\n\n{table}")),
    }
    for what in &missed {
        eprintln!("missed: {what}");
    }
    Ok(missed.is_empty())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    match run()? {
        true => Ok(ExitCode::SUCCESS),
        false => Ok(ExitCode::FAILURE),
    }
}

/// What is measured on a split, by name.
type Measured = Vec<(&'static str, f64)>;
type Outcome<T> = Result<T, ModelError>;
