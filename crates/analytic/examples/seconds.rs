//! Times a fit and the scores of the local Wiener denoiser on made-up rows of the shape of CIFAR10_4.
//! `cargo run --release -p analytic --example seconds -- [training rows] [rows] [columns]`
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use analytic::{Wiener, WienerConfig};
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::Array2;

fn main() -> Result<(), DetectorError> {
    let mut given = std::env::args().skip(1).flat_map(|a| a.parse::<usize>());
    let n = given.next().unwrap_or(2500);
    let m = given.next().unwrap_or(2763);
    let d = given.next().unwrap_or(512);
    let mut state = 1u32;
    let mut rows = |n: usize| {
        Array2::from_shape_simple_fn((n, d), || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5).max(0.0)
        })
    };
    let (train, test) = (rows(n), rows(m));
    let wiener = Wiener::new(WienerConfig::default())?;
    let start = Instant::now();
    let scorer = wiener.fit(Input::Rows(train.view()), 0, &Silent)?;
    let fitted = start.elapsed();
    scorer.score(Input::Rows(test.view()), &Silent)?;
    let scored = start.elapsed() - fitted;
    println!(
        "{n} + {m} x {d}: fit {:.3} s, score {:.3} s",
        fitted.as_secs_f64(),
        scored.as_secs_f64()
    );
    Ok(())
}
