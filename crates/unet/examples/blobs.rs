//! A small U-Net learns to denoise images of one bright blob; the loss falls from 1, that of an
//! untrained network, which answers zero.
//!
//! `cargo run -p unet --release --example blobs`
#![allow(clippy::print_stdout)] // an example prints

use diffusion_core::{Process, Schedule};
use tch::{Device, Kind, Tensor, nn};
use training::{Adam, Optimizer};
use unet::{Unet, UnetConfig};

const SIDE: i64 = 12;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tch::manual_seed(0);
    tch::set_num_threads(1);
    let config = UnetConfig {
        channels: 8,
        multipliers: vec![1, 2],
        blocks: 1,
        attention: vec![],
        groups: 4,
        ..UnetConfig::ho_cifar10()
    };
    let vs = nn::VarStore::new(Device::Cpu);
    let network = Unet::new(&vs.root(), [1, SIDE as usize, SIDE as usize], &config)?;
    let process = Process::new(Schedule::cosine(100)?, Device::Cpu)?;
    let mut adam = Adam::new(&vs, Optimizer::AdamW, 0.0)?;
    let (mut sum, every) = (0.0, 25);
    for step in 1..=100 {
        let x_0 = blobs(32);
        let t = Tensor::randint(100, [32], (Kind::Int64, Device::Cpu));
        let loss = process.simple_loss(&network, &x_0, &t, &x_0.randn_like())?;
        sum += loss.double_value(&[]);
        adam.backward(&loss)?;
        adam.step(3e-3, 1.0)?;
        if step % every == 0 {
            println!("steps {:>3}: mean loss {:.3}", step, sum / f64::from(every));
            sum = 0.0;
        }
    }
    Ok(())
}

/// `[b, 1, SIDE, SIDE]` in [−1, 1]: a Gaussian bump somewhere on black.
fn blobs(b: i64) -> Tensor {
    let axis = Tensor::arange(SIDE, (Kind::Float, Device::Cpu));
    let centre = || Tensor::rand([b, 1], (Kind::Float, Device::Cpu)) * (SIDE - 5) as f64 + 2.0;
    let bump = |centre: Tensor| ((&axis - centre).square() / -4.0).exp(); // [b, SIDE]
    let image = bump(centre()).unsqueeze(2) * bump(centre()).unsqueeze(1);
    (image * 2.0 - 1.0).unsqueeze(1)
}
