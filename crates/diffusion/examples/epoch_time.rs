//! Milliseconds per epoch of the published DDPM on random rows, one thread: the peer of
//! `scripts/bench/ddpm_pytorch.py`, which takes the same arguments and prints the same line.
//!
//! `cargo run -p diffusion --release --example epoch_time -- [rows] [columns] [epochs]`
#![allow(clippy::print_stdout)] // an example prints

use std::sync::Mutex;
use std::time::Instant;

use detector::{Detector, Input, Progress};
use diffusion::{DiffusionConfig, DiffusionDetector};
use mlp::{ResidualMlp, ResidualMlpConfig};
use ndarray::Array2;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use training::{Runtime, TrainConfig};

/// When each epoch ended.
struct Clock(Mutex<Vec<Instant>>);

impl Progress for Clock {
    fn update(&self, _stage: &str, _done: u64, _total: u64, _note: &str) {
        if let Ok(mut ends) = self.0.lock() {
            ends.push(Instant::now());
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let at = |i: usize, default| arguments.get(i).copied().unwrap_or(default);
    let (rows, columns, epochs) = (at(0, 300), at(1, 512), at(2, 30));

    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let x = Array2::from_shape_simple_fn((rows, columns), || rng.random_range(-1.7f32..1.7));
    let train = TrainConfig {
        epochs: epochs + 5,
        early_stop_after: usize::MAX,
        ..TrainConfig::default()
    };
    let config = DiffusionConfig {
        train,
        ..DiffusionConfig::default()
    };
    let runtime = Runtime::new(tch::Device::Cpu);
    let ddpm = DiffusionDetector::new(config, "residual-mlp", runtime, |vs, d| {
        Ok(Box::new(ResidualMlp::new(
            vs,
            d,
            &ResidualMlpConfig::default(),
        )?))
    })?;
    let clock = Clock(Mutex::default());
    ddpm.fit(Input::Rows(x.view()), 0, &clock)?;

    let ends = clock.0.into_inner()?;
    let mut times: Vec<f64> = ends
        .windows(2)
        .skip(4) // the first five epochs warm up
        .map(|w| (w[1] - w[0]).as_secs_f64() * 1e3)
        .collect();
    times.sort_by(f64::total_cmp);
    println!(
        "{rows} x {columns}: {:.3} ms per epoch",
        times[times.len() / 2]
    );
    Ok(())
}
