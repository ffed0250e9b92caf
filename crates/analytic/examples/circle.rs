//! Scores the points of a line through a ring of training rows: low where it crosses the ring.
//! `cargo run --release -p analytic --example circle`
#![allow(clippy::print_stdout)] // an example prints

use analytic::{LinearDenoiser, LinearDenoiserConfig, Wiener, WienerConfig};
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::Array2;

fn main() -> Result<(), DetectorError> {
    let angle = |i: usize| i as f32 * 0.618;
    let ring = Array2::from_shape_fn((500, 2), |(i, j)| {
        let radius = 1.0 + ((i * 37) % 11) as f32 / 100.0;
        radius
            * if j == 0 {
                angle(i).cos()
            } else {
                angle(i).sin()
            }
    });
    let line = Array2::from_shape_fn(
        (9, 2),
        |(i, j)| {
            if j == 0 { i as f32 / 2.0 - 2.0 } else { 0.0 }
        },
    );
    let methods: [(&str, Box<dyn Detector>); 2] = [
        (
            "one Gaussian",
            Box::new(LinearDenoiser::new(LinearDenoiserConfig::default())?),
        ),
        ("local", Box::new(Wiener::new(WienerConfig::default())?)),
    ];
    for (name, method) in methods {
        let scorer = method.fit(Input::Rows(ring.view()), 0, &Silent)?;
        println!(
            "{name}: {:.1}",
            scorer.score(Input::Rows(line.view()), &Silent)?
        );
    }
    Ok(())
}
