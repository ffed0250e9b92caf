//! The Rust side of `cargo xtask bench --against-python`; the Python side is
//! `scripts/bench/peers.py`, which also writes the folder that this reads.
//!
//! `cargo run --release -p baselines --example peers -- FOLDER`
//!
//! Prints a line when it is ready, then for each line "METHOD JOBS" on stdin the seconds that fit
//! and score took. The process stays warm. JOBS is for the peer; here RAYON_NUM_THREADS holds.
//! Without FOLDER it times each method once, on generated rows.
#![allow(clippy::print_stdout)] // an example prints

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use baselines::{Copod, CopodConfig, Ecdf, Ecod, EcodConfig, Hbos, HbosConfig};
use baselines::{IsolationForest, IsolationForestConfig, Knn, KnnConfig, Lof, LofConfig};
use baselines::{OneClassSvm, OneClassSvmConfig};
use detector::{Detector, Input, Silent};
use ndarray::Array2;

const METHODS: [&str; 7] = ["ocsvm", "iforest", "copod", "ecod", "hbos", "knn", "lof"];

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1) else {
        // Any rows do: a fixed pattern that no column repeats.
        let x = Array2::from_shape_fn((600, 16), |(i, j)| ((i * (2 * j + 7)) % 101) as f32);
        for method in METHODS {
            println!("{method}: {:.4} s", fit_and_score(method, &x, &x)?);
        }
        return Ok(());
    };
    let folder = Path::new(&folder);
    let header: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.join("header.json"))?)?;
    let d = header["d"].as_u64().ok_or("header.json has no d")? as usize;
    let train = rows(&folder.join("train.f32"), d)?;
    let test = rows(&folder.join("test.f32"), d)?;
    let mut stdout = std::io::stdout();
    writeln!(
        stdout,
        "{{\"baselines\":\"{}\"}}",
        env!("CARGO_PKG_VERSION")
    )?;
    stdout.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let method = line.split_whitespace().next().unwrap_or_default();
        writeln!(stdout, "{}", fit_and_score(method, &train, &test)?)?;
        stdout.flush()?;
    }
    Ok(())
}

/// Seconds for one fit and the scores of all test rows, with the settings of the paper's table.
fn fit_and_score(
    method: &str,
    train: &Array2<f32>,
    test: &Array2<f32>,
) -> Result<f64, Box<dyn Error>> {
    let detector: Box<dyn Detector> = match method {
        "ocsvm" => Box::new(OneClassSvm::new(OneClassSvmConfig::default())?),
        "iforest" => Box::new(IsolationForest::new(IsolationForestConfig::default())?),
        // The same work as PyOD's: the distribution of train and test rows together.
        "copod" => Box::new(Copod::new(CopodConfig {
            ecdf: Ecdf::TrainAndTest,
            ..CopodConfig::default()
        })),
        "ecod" => Box::new(Ecod::new(EcodConfig {
            ecdf: Ecdf::TrainAndTest,
            ..EcodConfig::default()
        })),
        "hbos" => Box::new(Hbos::new(HbosConfig::default())?),
        "knn" => Box::new(Knn::new(KnnConfig::default())?),
        "lof" => Box::new(Lof::new(LofConfig::default())?),
        other => return Err(format!("no method {other:?} here: {}", METHODS.join(", ")).into()),
    };
    let start = Instant::now();
    let scorer = detector.fit(Input::Rows(train.view()), 44, &Silent)?;
    let scores = scorer.score(Input::Rows(test.view()), &Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    if scores.len() != test.nrows() {
        return Err(format!("{} scores for {} rows", scores.len(), test.nrows()).into());
    }
    Ok(seconds)
}

/// Little-endian f32, row by row.
fn rows(path: &Path, d: usize) -> Result<Array2<f32>, Box<dyn Error>> {
    let bytes = std::fs::read(path)?;
    let (values, rest) = bytes.as_chunks::<4>();
    if d == 0 || !rest.is_empty() || values.len() % d != 0 {
        return Err(format!("{path:?} has {} bytes, no rows of {d} f32", bytes.len()).into());
    }
    let values = values.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok(Array2::from_shape_vec((bytes.len() / 4 / d, d), values)?)
}
