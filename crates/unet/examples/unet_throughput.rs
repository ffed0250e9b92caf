//! Training steps a second of a U-Net over images; `scripts/gpu-check.sh` runs it beside
//! `scripts/bench/unet_pytorch.py`, which takes the same arguments and prints the same line.
//!
//! `cargo run -p unet --release --example unet_throughput -- [size] [side] [batch] [steps] [f32|bf16] [nchw|nhwc]`
//!
//! Sizes: `small`, the default of `ddpm-unet`; `ho`, Ho et al.'s for CIFAR-10; `side`, 128 channels with the
//! multipliers that guided-diffusion takes for the side (224 as 256), attention at 16 pixels and below.
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use diffusion_core::Denoiser;
use tch::{Device, Kind, Reduction, Tensor, nn};
use tch_ext::{Autocast, LowPrecision};
use training::{Adam, Optimizer};
use unet::{Unet, UnetConfig};

const CHANNELS: i64 = 3;
/// Steps before the clock starts: caches, kernel choice, the allocator.
const WARM_UP: usize = 10;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = |i: usize, default: &str| arguments.get(i).map_or(default.to_owned(), Clone::clone);
    let number = |i: usize, default: &str| text(i, default).parse::<usize>();
    let (size, side, batch) = (text(0, "small"), number(1, "32")?, number(2, "8")? as i64);
    let (steps, precision, layout) = (number(3, "5")?, text(4, "f32"), text(5, "nchw"));
    let config = UnetConfig {
        channels_last: layout == "nhwc",
        ..config(&size, side)?
    };
    let device = Device::cuda_if_available();
    tch::manual_seed(0);
    let vs = nn::VarStore::new(device);
    let network = Unet::new(&vs.root(), [CHANNELS as usize, side, side], &config)?;
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
    println!(
        "ours {precision} {layout}: {per_second:.2} steps/s, {:.0} images/s, {:.1} M parameters",
        per_second * batch as f64,
        config.n_parameters([CHANNELS as usize, side, side])? as f64 / 1e6,
    );
    Ok(())
}

fn config(size: &str, side: usize) -> Result<UnetConfig, String> {
    let ho = UnetConfig::ho_cifar10();
    match size {
        "small" => Ok(UnetConfig {
            channels: 8,
            multipliers: vec![1, 2, 4],
            blocks: 1,
            attention: vec![],
            groups: 4,
            scale_shift: true,
            dropout: 0.0,
            ..ho
        }),
        "ho" => Ok(UnetConfig { dropout: 0.0, ..ho }),
        "side" => {
            let known = if side == 224 { 256 } else { side };
            let multipliers = UnetConfig::multipliers_for(known)
                .ok_or_else(|| format!("side {side}, expected 32, 64, 128, 224 or 256"))?;
            let resolutions = (0..multipliers.len()).map(|level| side >> level);
            Ok(UnetConfig {
                attention: resolutions.filter(|side| *side <= 16).collect(),
                multipliers,
                heads: 4,
                scale_shift: true,
                dropout: 0.0,
                ..ho
            })
        }
        other => Err(format!("size {other}, expected small, ho or side")),
    }
}

fn finish(device: Device) {
    if let Device::Cuda(index) = device {
        tch::Cuda::synchronize(index as i64);
    }
}
