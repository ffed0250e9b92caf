//! Prints the network's parameters and times a forward pass: `cargo run -p mlp --release --example
//! residual`.
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use diffusion_core::Denoiser;
use mlp::{ResidualMlp, ResidualMlpConfig};
use tch::{Device, Kind, Tensor, nn};

fn main() -> Result<(), mlp::MlpError> {
    tch::set_num_threads(1);
    tch::manual_seed(0);
    let vs = nn::VarStore::new(Device::Cpu);
    let network = ResidualMlp::new(&vs.root(), 512, &ResidualMlpConfig::default())?;

    let mut variables: Vec<_> = vs.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, tensor) in &variables {
        println!("{name:<45}{:?}", tensor.size());
    }

    let x_t = Tensor::randn([64, 512], (Kind::Float, Device::Cpu));
    let t = Tensor::from_slice(&[250.0f32]);
    let _no_grad = tch::no_grad_guard();
    let start = Instant::now();
    for _ in 0..200 {
        network.predict(&x_t, &t, false);
    }
    println!(
        "64 rows of 512: {:.3} ms",
        start.elapsed().as_secs_f64() * 5.0
    );
    Ok(())
}
