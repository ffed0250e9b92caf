//! Prints the network's parameters and times a forward pass: `cargo run -p mlp --release --example
//! residual`.
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use diffusion_core::Denoiser;
use mlp::{ResidualMlp, ResidualMlpConfig};
use tch::{Device, Kind, Tensor, nn};

fn main() -> Result<(), settings::Setting> {
    tch::set_num_threads(1);
    tch::manual_seed(0);
    let vs = nn::VarStore::new(Device::Cpu);
    let network = ResidualMlp::new(&vs.root(), 512, &ResidualMlpConfig::default())?;

    let mut variables: Vec<_> = vs.variables().into_iter().collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, tensor) in &variables {
        println!("{name:<45}{:?}", tensor.size());
    }

    let t = Tensor::from_slice(&[250.0f32]);
    let _no_grad = tch::no_grad_guard();
    for rows in [64, 4096] {
        let x_t = Tensor::randn([rows, 512], (Kind::Float, Device::Cpu));
        let mut times: Vec<f64> = (0..20)
            .map(|_| {
                let start = Instant::now();
                network.predict(&x_t, &t, false);
                start.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{rows} rows of 512: {:.3} ms", times[0]); // the least disturbed run
    }
    Ok(())
}
