//! What methods cost as rows and columns grow, as CSV: seconds of CPU time to fit and to score 1000 rows,
//! and the largest resident set. Every line is measured in a process of its own, on generated rows of 16
//! directions and a little noise. Linux only: it reads `/proc`.
//!
//! `cargo run --release -p networks --example cost > cost.csv`
//! `cargo run --release -p networks --example cost -- knn 8000 512`
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::process::Command;

use detector::{Detector, Input, Silent};
use ndarray::Array2;
use residuum::Runtime;

type Done = Result<(), Box<dyn Error>>;

/// Rows fitted to and columns: first the rows grow, then the columns.
const SIZES: [[usize; 2]; 6] = [
    [500, 512],
    [2000, 512],
    [8000, 512],
    [2000, 32],
    [2000, 128],
    [2000, 2048],
];
const METHODS: [&str; 18] = [
    "norm",
    "copod",
    "ecod",
    "hbos",
    "pca",
    "knn",
    "lof",
    "feature-bagging",
    "mcd",
    "ocsvm",
    "iforest",
    "linear-denoiser",
    "wiener",
    "dte-np",
    "dte-c",
    "tccm",
    "dit",
    "ddpm",
];
/// The most columns of `mcd`: its covariance needs many more rows than columns.
const MCD_COLUMNS: usize = 128;
const N_SCORED: usize = 1000;
/// Of the published 400: time grows as the epochs do. DiT trains by steps, whatever the rows.
const EPOCHS: &str = "train.epochs=10";

fn main() -> Done {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [method, n, d] = arguments.as_slice() {
        return measure(method, n.parse()?, d.parse()?);
    }
    println!("method,n,d,fit_cpu_seconds,score_cpu_seconds,peak_mib");
    for method in METHODS {
        for [n, d] in SIZES {
            if method == "mcd" && d > MCD_COLUMNS {
                continue;
            }
            let mut child = Command::new(std::env::current_exe()?);
            let status = child
                .args([method, &n.to_string(), &d.to_string()])
                .status()?;
            if !status.success() {
                return Err(format!("{method} on {n} x {d}: {status}").into());
            }
        }
    }
    Ok(())
}

fn measure(name: &str, n: usize, d: usize) -> Done {
    let method = networks::find(name)?;
    let mut config = method.config();
    if ["ddpm", "dte-c", "tccm"].contains(&name) {
        config.set_text(EPOCHS)?;
    }
    let detector = method.detector(&config, &Runtime::cpu())?;
    let (train, test) = (rows(n, d, 1), rows(N_SCORED, d, 2));
    let start = cpu_seconds()?;
    let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent)?;
    let fitted = cpu_seconds()?;
    scorer.score(Input::Rows(test.view()), &Silent)?;
    let scored = cpu_seconds()?;
    let (fit, score, peak) = (fitted - start, scored - fitted, peak_mib()?);
    println!("{name},{n},{d},{fit:.2},{score:.2},{peak}");
    Ok(())
}

/// Sixteen directions of falling strength, and noise.
fn rows(n: usize, d: usize, seed: u32) -> Array2<f32> {
    let mut state = seed;
    let mut uniform = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 - 0.5
    };
    let strengths = Array2::from_shape_fn((n, 16), |(_, k)| uniform() * 4.0 / (k + 1) as f32);
    let directions =
        Array2::from_shape_fn((16, d), |(k, j)| ((k + 1) as f32 * j as f32 * 0.37).sin());
    let mut x = strengths.dot(&directions);
    x.mapv_inplace(|v| v + 0.3 * uniform());
    x
}

/// Of all threads so far; the kernel counts hundredths.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).ok_or("a short /proc/self/stat");
    let (user, system) = (ticks(11)?.parse::<u64>()?, ticks(12)?.parse::<u64>()?);
    Ok((user + system) as f64 / 100.0)
}

fn peak_mib() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.ok_or("no VmHWM in /proc/self/status")?.parse::<u64>()? / 1024)
}
