//! How late in the diffusion rows lie that carry more and more noise, by DTE-NP and by DTE-C. `cargo run --release -p dte --example time_of_a_row`
#![allow(clippy::print_stdout)]

use baselines::{DteNonParametric, DteNonParametricConfig, NonParametricScore};
use detector::{Detector, Input, Silent};
use ndarray::Array2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = DteNonParametricConfig {
        score: NonParametricScore::PosteriorMean,
        ..Default::default()
    };
    let detectors: [(&str, Box<dyn Detector>); 2] = [
        (
            "DTE-NP, mean step of 300",
            Box::new(DteNonParametric::new(config)?),
        ),
        ("DTE-C, mean bin of 7", Box::new(categorical()?)),
    ];

    // Rows on a curve in sixteen dimensions.
    let train = rows(1000, 0.0);
    for (name, detector) in detectors {
        let scorer = detector.fit(Input::Rows(train.view()), 0, &Silent)?;
        println!("{name}");
        for noise in [0.0, 0.1, 0.2, 0.4, 0.8] {
            let scores = scorer.score(Input::Rows(rows(200, noise).view()), &Silent)?;
            println!(
                "  noise {noise:.1}: {:.2}",
                scores.sum() / scores.len() as f64
            );
        }
    }
    Ok(())
}

fn categorical() -> Result<dte::DteCategorical, detector::DetectorError> {
    let mut config = dte::DteCategoricalConfig::default();
    config.train.epochs = 20; // instead of 400, and faster for it
    config.train.learning_rate = 1e-3;
    dte::DteCategorical::new(config, training::Runtime::new(tch::Device::Cpu))
}

fn rows(n: usize, noise: f64) -> Array2<f32> {
    let mut state = 0x2545_f491_u32;
    let mut uniform = move || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f64::from(state) / f64::from(u32::MAX) - 0.5
    };
    let mut rows = Array2::zeros((n, 16));
    for mut row in rows.outer_iter_mut() {
        let angle = 6.0 * uniform();
        for (j, value) in row.iter_mut().enumerate() {
            let eps: f64 = (0..12).map(|_| uniform()).sum(); // variance 1
            *value = ((angle * (1.0 + j as f64 / 8.0)).sin() + noise * eps) as f32;
        }
    }
    rows
}
