//! Trains a DDPM on two half-moons and scores points on and off them: `cargo run -p diffusion
//! --release --example two_moons`.
#![allow(clippy::print_stdout)] // an example prints

use detector::{Detector, Input, Silent};
use diffusion::{DiffusionConfig, DiffusionDetector};
use diffusion_core::ScoreConfig;
use mlp::{ResidualMlp, ResidualMlpConfig};
use ndarray::{Array2, array};
use training::{Runtime, TrainConfig};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let moons = Array2::from_shape_fn((600, 2), |(i, j)| {
        let angle = (i / 2) as f32 / 300.0 * std::f32::consts::PI;
        let point = [angle.cos() - 0.5, angle.sin() - 0.25];
        if i % 2 == 0 { point[j] } else { -point[j] }
    });
    let train = TrainConfig {
        epochs: 150,
        learning_rate: 1e-3,
        ..TrainConfig::default()
    };
    let config = DiffusionConfig {
        train,
        score: ScoreConfig {
            start: vec![100],
            ..ScoreConfig::default()
        },
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
    let scorer = ddpm.fit(Input::Rows(moons.view()), 0, &Silent)?;

    let points = array![
        [-0.5, 0.75],
        [0.5, -0.75],
        [1.5, 1.0],
        [-2.0, 0.0],
        [3.0, 3.0]
    ];
    let scores = scorer.score(Input::Rows(points.view()), &Silent)?;
    println!("  point          score   (the first two lie on the moons)");
    for (point, score) in points.rows().into_iter().zip(&scores) {
        println!("{:5.2} {:5.2}  {score:11.5}", point[0], point[1]);
    }
    Ok(())
}
