//! Training steps a second of a published transformer over images, and what share of the device's
//! arithmetic they use; `scripts/gpu-check.sh` runs it beside `scripts/bench/dit_images_pytorch.py`,
//! which takes the same arguments and prints the same line.
//!
//! `cargo run -p dit --release --example throughput -- [size] [patch] [side] [batch] [steps] [f32|bf16] [peak TFLOP/s]`
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use diffusion_core::Denoiser;
use dit::{Dit, DitConfig};
use tch::{Device, Kind, Reduction, Tensor, nn};
use tch_ext::{Autocast, LowPrecision};
use training::{Adam, Optimizer};

const CHANNELS: i64 = 3;
/// Steps before the clock starts: caches, kernel choice, the allocator.
const WARM_UP: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |i: usize, default: &str| arguments.get(i).map_or(default.to_owned(), Clone::clone);
    let number = |i: usize, default: &str| text(i, default).parse::<usize>();
    let (size, patch, side) = (text(0, "s"), number(1, "8")?, number(2, "32")?);
    let (batch, steps, precision) = (number(3, "8")? as i64, number(4, "5")?, text(5, "f32"));
    let peak: f64 = text(6, "0").parse()?;
    let config = match size.as_str() {
        "s" => DitConfig::s(patch),
        "b" => DitConfig::b(patch),
        "l" => DitConfig::l(patch),
        "xl" => DitConfig::xl(patch),
        other => return Err(format!("size {other}, expected s, b, l or xl").into()),
    };
    let device = Device::cuda_if_available();
    tch::manual_seed(0);
    let vs = nn::VarStore::new(device);
    let network = Dit::new(&vs.root(), [CHANNELS as usize, side, side], &config)?;
    let mut adam = Adam::new(&vs, Optimizer::AdamW, 0.0)?;

    let float = (Kind::Float, device);
    let betas = Tensor::linspace(1e-4, 0.02, 1000, float);
    let bars = (betas.neg() + 1.0).cumprod(0, Kind::Float);
    let (signal, noise) = (bars.sqrt(), (bars.neg() + 1.0).sqrt());
    let x_0 = Tensor::randn([batch, CHANNELS, side as i64, side as i64], float);
    let mut start = Instant::now();
    for step in 0..WARM_UP + steps {
        if step == WARM_UP {
            finish(device);
            start = Instant::now();
        }
        let t = Tensor::randint(1000, [batch], (Kind::Int64, device));
        let eps = x_0.randn_like();
        let [signal, noise] = [&signal, &noise].map(|c| c.index_select(0, &t).view([-1, 1, 1, 1]));
        let x_t = signal * &x_0 + noise * &eps;
        let loss = {
            let _autocast = match precision.as_str() {
                "bf16" => Some(Autocast::begin(device, LowPrecision::BFloat16)?),
                _ => None,
            };
            let found = network.predict(&x_t, &t.to_kind(Kind::Float), true).mean;
            found.to_kind(Kind::Float).mse_loss(&eps, Reduction::Mean)
        };
        adam.backward(&loss)?;
        adam.step(1e-4, 0.0)?;
    }
    finish(device);
    let per_second = steps as f64 / start.elapsed().as_secs_f64();
    let images = per_second * batch as f64;
    // Forward and backward take three times the forward's multiply-adds, two operations each.
    let tflops = images * 6.0 * multiply_adds(&config, side) / 1e12;
    print!("ours {precision}: {per_second:.2} steps/s, {images:.0} images/s, {tflops:.2} TFLOP/s");
    if peak > 0.0 {
        print!(", {:.1} % of {peak} TFLOP/s", 100.0 * tflops / peak);
    }
    println!();
    Ok(())
}

/// Multiply-adds of one image's forward pass, matrix products and attention only.
fn multiply_adds(config: &DitConfig, side: usize) -> f64 {
    let width = config.width as f64;
    let tokens = (side / config.patch).pow(2) as f64;
    let d_token = CHANNELS as f64 * (config.patch as f64).powi(2);
    let per_token = (4.0 + 2.0 * config.mlp_ratio as f64) * width * width;
    let block = tokens * (per_token + 2.0 * tokens * width) + 6.0 * width * width;
    config.depth as f64 * block + tokens * 3.0 * d_token * width
}

fn finish(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}
