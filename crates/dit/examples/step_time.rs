//! Milliseconds per training step of the transformer over vectors, one thread: the peer of
//! `scripts/bench/dit_pytorch.py`, which takes the same arguments and prints the same line.
//!
//! `cargo run -p dit --release --example step_time -- [batch] [d] [chunk] [depth] [width] [heads] [steps]`
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use diffusion_core::Denoiser;
use dit::{VectorDit, VectorDitConfig};
use tch::{Device, Kind, Reduction, Tensor, nn};
use training::{Adam, Optimizer};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<usize> = std::env::args()
        .skip(1)
        .map(|a| a.parse())
        .collect::<Result<_, _>>()?;
    let at = |i: usize, default| arguments.get(i).copied().unwrap_or(default);
    let default = VectorDitConfig::default();
    let (b, d, steps) = (at(0, 64) as i64, at(1, 512), at(6, 60));
    let config = VectorDitConfig {
        chunk: at(2, default.chunk),
        depth: at(3, default.depth),
        width: at(4, default.width),
        heads: at(5, default.heads),
        ..default
    };
    tch_ext::keep_freed_memory(); // as `training` does
    tch::set_num_threads(1);
    tch::manual_seed(0);
    let vs = nn::VarStore::new(Device::Cpu);
    let network = VectorDit::new(&vs.root(), d, &config)?;
    let mut adam = Adam::new(&vs, Optimizer::AdamW, 0.0)?;

    let float = (Kind::Float, Device::Cpu);
    let betas = Tensor::linspace(1e-4, 0.01, 1000, float);
    let bars = (betas.neg() + 1.0).cumprod(0, Kind::Float);
    let (signal, noise) = (bars.sqrt(), (bars.neg() + 1.0).sqrt());
    let x_0 = Tensor::randn([b, d as i64], float);
    let mut times = Vec::new();
    for _ in 0..steps + 5 {
        let start = Instant::now();
        let t = Tensor::randint(1000, [b], (Kind::Int64, Device::Cpu));
        let eps = x_0.randn_like();
        let [signal, noise] = [&signal, &noise].map(|c| c.index_select(0, &t).unsqueeze(1));
        let x_t = signal * &x_0 + noise * &eps; // [b, d]
        let found = network.predict(&x_t, &t.to_kind(Kind::Float), true).mean;
        let loss = found.mse_loss(&eps, Reduction::Mean);
        adam.backward(&loss)?;
        adam.step(1e-4, 0.0)?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let mut times = times.split_off(5); // the first five warm up
    times.sort_by(f64::total_cmp);
    println!("{config:?}, batch {b} x {d}:");
    println!("{:.3} ms per step", times[times.len() / 2]);
    Ok(())
}
