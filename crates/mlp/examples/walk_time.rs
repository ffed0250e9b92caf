//! Seconds to score random rows by the published walk (mean-only from step 250 of 1000, residual MLP
//! with its first weights), by the ancestral walk, and by ten DDIM steps, one thread: the peer of
//! `scripts/bench/ddpm_pytorch.py walk`. The defaults have the shape of CIFAR10_4's test rows.
//!
//! `cargo run -p mlp --release --example walk_time -- [rows] [columns]`
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use diffusion_core::{Process, RowNoise, Schedule, ScoreConfig, ScoreWalk, Scoring};
use mlp::{ResidualMlp, ResidualMlpConfig};
use tch::{Device, Kind, Tensor, nn};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<i64> = std::env::args()
        .skip(1)
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let at = |i: usize, default| arguments.get(i).copied().unwrap_or(default);
    let (rows, columns) = (at(0, 2763), at(1, 512));

    tch::set_num_threads(1);
    tch::manual_seed(0);
    let x = Tensor::rand([rows, columns], (Kind::Float, Device::Cpu)) * 3.4 - 1.7;
    let vs = nn::VarStore::new(Device::Cpu);
    let network = ResidualMlp::new(&vs.root(), columns as usize, &ResidualMlpConfig::default())?;
    let process = Process::new(Schedule::linear(1000, 1e-4, 0.01)?, Device::Cpu)?;
    for (name, walk, evaluations) in [
        ("ten DDIM steps", ScoreWalk::Ddim, 10),
        ("mean-only walk", ScoreWalk::MeanOnly, 0),
        ("ancestral walk", ScoreWalk::Ancestral, 0),
    ] {
        let config = ScoreConfig {
            walk,
            evaluations,
            ..ScoreConfig::default()
        };
        let scoring = Scoring::new(config, process.steps())?;
        let start = Instant::now();
        let mut noise = RowNoise::new(&x, 0)?;
        scoring.score(&process, &network, &x, &mut noise)?;
        println!(
            "{rows} x {columns}: {:.2} s, {name}",
            start.elapsed().as_secs_f64()
        );
    }
    Ok(())
}
