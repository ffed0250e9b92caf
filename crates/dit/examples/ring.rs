//! Trains a small transformer on a ring of points in the plane, each seen as a row of eight numbers,
//! and compares its noise error there with that at the ring's centre: `cargo run -p dit --release
//! --example ring`.
#![allow(clippy::print_stdout)] // an example prints

use std::f64::consts::TAU;

use diffusion_core::{Denoiser, Schedule};
use dit::{VectorDit, VectorDitConfig};
use tch::{Device, Kind, Reduction, Tensor, nn};
use training::{Adam, Optimizer};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

/// Points of the plane at `radius` as rows: `[n]` angles → `[n, 8]`.
fn rows(angles: &Tensor, radius: f64) -> Tensor {
    let plane = Tensor::stack(&[angles.cos(), angles.sin()], 1) * radius; // [n, 2]
    let turn = Tensor::arange(8, FLOAT) * 0.9;
    plane.matmul(&Tensor::stack(&[turn.cos(), turn.sin()], 0)) // [n, 8]
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tch::set_num_threads(1);
    tch::manual_seed(0);
    let alpha_bars = Tensor::from_slice(Schedule::cosine(100)?.alpha_bars()).to_kind(Kind::Float);
    let (signal, noise) = (alpha_bars.sqrt(), (1f64 - &alpha_bars).sqrt());
    let noised = |x_0: &Tensor, t: &Tensor, eps: &Tensor| {
        let [signal, noise] = [&signal, &noise].map(|c| c.index_select(0, t).unsqueeze(1));
        signal * x_0 + noise * eps
    };
    let config = VectorDitConfig {
        chunk: 2,
        depth: 2,
        width: 32,
        heads: 2,
        ..VectorDitConfig::default()
    };
    let vs = nn::VarStore::new(Device::Cpu);
    let network = VectorDit::new(&vs.root(), 8, &config)?;
    println!("{} parameters", config.n_parameters());

    let mut adam = Adam::new(&vs, Optimizer::AdamW, 0.0)?;
    for step in 0..300 {
        let x_0 = rows(&(Tensor::rand([128], FLOAT) * TAU), 1.0);
        let t = Tensor::randint(100, [128], (Kind::Int64, Device::Cpu));
        let eps = x_0.randn_like();
        let found = network.predict(&noised(&x_0, &t, &eps), &t.to_kind(Kind::Float), true);
        let loss = found.mean.mse_loss(&eps, Reduction::Mean);
        adam.backward(&loss)?;
        adam.step(2e-3, 0.0)?;
        if step % 100 == 0 {
            println!("step {step:3}: loss {:.3}", loss.double_value(&[]));
        }
    }

    let _no_grad = tch::no_grad_guard();
    let angles = Tensor::rand([1000], FLOAT) * TAU;
    let t = Tensor::full([1], 20, (Kind::Int64, Device::Cpu));
    for (name, radius) in [
        ("on the ring", 1.0),
        ("at its centre", 0.0),
        ("outside", 2.0),
    ] {
        let eps = Tensor::randn([1000, 8], FLOAT);
        let x_t = noised(&rows(&angles, radius), &t, &eps);
        let found = network.predict(&x_t, &t.to_kind(Kind::Float), false).mean;
        let error = found.mse_loss(&eps, Reduction::Mean).double_value(&[]);
        println!("noise error {name}: {error:.3}");
    }
    Ok(())
}
