//! Walks noisy points back to a Gaussian whose denoiser is known exactly, by both walks: `cargo run
//! -p diffusion-core --example recover`.
#![allow(clippy::print_stdout)] // an example prints

use diffusion_core::{Denoiser, Prediction, Process, Schedule, Walk};
use tch::{Device, Kind, Tensor};

/// Data `x_0 ~ N(mean, sd²)`: then `E[ε | x_t] = √(1−ᾱ)·(x_t − √ᾱ·mean)/(ᾱ·sd² + 1 − ᾱ)`.
#[derive(Debug)]
struct Gaussian {
    mean: f64,
    sd: f64,
    schedule: Schedule,
}

impl Denoiser for Gaussian {
    fn predict(&self, x_t: &Tensor, t: &Tensor, _train: bool) -> Prediction {
        let alpha_bar = self.schedule.alpha_bars()[t.double_value(&[0]) as usize];
        let noise = 1.0 - alpha_bar;
        let factor = noise.sqrt() / (alpha_bar * self.sd.powi(2) + noise);
        Prediction::new((x_t - alpha_bar.sqrt() * self.mean) * factor)
    }
}

fn main() -> Result<(), diffusion_core::ProcessError> {
    tch::manual_seed(0);
    let schedule = Schedule::cosine(200).expect("200 steps are valid");
    let data = Gaussian {
        mean: 3.0,
        sd: 0.5,
        schedule: schedule.clone(),
    };
    let process = Process::new(schedule, Device::Cpu)?;
    let x = Tensor::randn([20_000, 1], (Kind::Float, Device::Cpu));
    let show = |name: &str, x: &Tensor| {
        let (mean, sd) = (x.mean(Kind::Double), x.std(true));
        println!(
            "{name:>12}: mean {mean:.3}, sd {sd:.3}",
            mean = mean.double_value(&[]),
            sd = sd.double_value(&[])
        );
    };
    show("noise", &x);
    let mut noise = |_t| Ok(x.f_randn_like()?);
    show(
        "ancestral",
        &process.walk(&data, &x, 200, Walk::Ancestral, &mut noise)?,
    );
    show("mean only", &process.walk_mean_only(&data, &x, 200)?);
    println!("{:>12}: mean 3.000, sd 0.500", "data");
    Ok(())
}
