//! The program's side of `cargo xtask bench --wheel`; the Python side is `scripts/bench/peers.py`, which also writes the
//! folder that this reads: rows, and for each class of the Python package the method and the settings that it asks for.
//!
//! `cargo run --release -p residuum --example calls -- FOLDER`
//!
//! Prints a line when it is ready, then for each line "WORD JOBS" on stdin the seconds that the same calls take that the
//! package makes: `METHOD` is a fit and a score of new rows, `fit-METHOD` and `score-METHOD` the median of many. JOBS is
//! for the peer. Without FOLDER it does both once, on generated rows.
#![allow(clippy::print_stdout)] // an example prints

use std::error::Error;
use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use detector::Silent;
use ndarray::Array2;
use residuum::data::Data;
use residuum::{FitOptions, Model};
use serde_json::{Map, Value};

/// Calls that a median is taken of, as in peers.py.
const CALLS: usize = 101;

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1) else {
        // Any rows do: a fixed pattern that no column repeats.
        let x = Array2::from_shape_fn((600, 16), |(i, j)| ((i * (2 * j + 7)) % 101) as f32);
        let bench = Bench {
            options: Map::from_iter([("knn".to_owned(), serde_json::json!({"method": "knn"}))]),
            train: x.clone(),
            test: x,
        };
        for word in ["knn", "score-knn"] {
            println!("{word}: {:.4} s", bench.seconds(word)?);
        }
        return Ok(());
    };
    let bench = Bench::read(Path::new(&folder))?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{{\"residuum\":\"{}\"}}", env!("CARGO_PKG_VERSION"))?;
    stdout.flush()?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let word = line.split_whitespace().next().unwrap_or_default();
        writeln!(stdout, "{}", bench.seconds(word)?)?;
        stdout.flush()?;
    }
    Ok(())
}

/// What is fitted and scored.
struct Bench {
    /// By name: `method`, `settings`, `seed`.
    options: Map<String, Value>,
    train: Array2<f32>,
    test: Array2<f32>,
}

impl Bench {
    fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let json = |name: &str| -> Result<Map<String, Value>, Box<dyn Error>> {
            let text = std::fs::read(folder.join(name))?;
            Ok(serde_json::from_slice(&text)?)
        };
        let d = json("header.json")?["d"].as_u64();
        let d = d.ok_or("header.json has no d")? as usize;
        Ok(Self {
            options: json("options.json")?,
            train: rows(&folder.join("train.f32"), d)?,
            test: rows(&folder.join("test.f32"), d)?,
        })
    }

    fn seconds(&self, word: &str) -> Result<f64, Box<dyn Error>> {
        let fit = |name: &str| self.fit(name);
        let score = |model: &Model| model.scores(Data::Rows(self.test.view()), &Silent);
        if let Some(name) = word.strip_prefix("fit-") {
            return median(|| fit(name).map(drop));
        }
        if let Some(name) = word.strip_prefix("score-") {
            let model = fit(name)?;
            return median(|| {
                score(&model)?;
                Ok(())
            });
        }
        let start = Instant::now();
        let scores = score(&fit(word)?)?;
        let seconds = start.elapsed().as_secs_f64();
        if scores.len() != self.test.nrows() {
            return Err(format!("{} scores of {} rows", scores.len(), self.test.nrows()).into());
        }
        Ok(seconds)
    }

    /// As the package does it: the options are read with each call.
    fn fit(&self, name: &str) -> Result<Model, Box<dyn Error>> {
        let asked = self.options.get(name);
        let asked = asked.ok_or_else(|| format!("no method {name:?} in options.json"))?;
        let mut method = residuum::find(asked["method"].as_str().unwrap_or_default())?.config();
        if let Some(settings) = asked["settings"].as_object() {
            method.set_all(settings)?;
        }
        let options = FitOptions {
            method: Some(method),
            seed: asked["seed"].as_u64().unwrap_or_default(),
            ..FitOptions::new(residuum::methods())
        };
        Ok(Model::train(
            Data::Rows(self.train.view()),
            &options,
            &Silent,
        )?)
    }
}

/// The median of the seconds of many calls.
fn median(call: impl Fn() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let mut times = Vec::with_capacity(CALLS);
    for _ in 0..CALLS {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[CALLS / 2])
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
