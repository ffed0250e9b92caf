//! Times a fit and the scores of a method of this crate on made-up rows: by default those of the shape of CIFAR10_4.
//! `cargo run --release -p analytic --example seconds -- [method] [training rows] [rows] [columns] [levels]`
//! Values are rounded to so many levels; 0 leaves them as they are.
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use analytic::{
    LinearDenoiser, LinearDenoiserConfig, MaskedWiener, MaskedWienerConfig, ViewsAndPairs,
    ViewsAndPairsConfig, Wiener, WienerConfig,
};
use detector::{Detector, DetectorError, Input, Silent};
use ndarray::Array2;

fn main() -> Result<(), DetectorError> {
    let mut given = std::env::args().skip(1);
    let name = given.next().unwrap_or_else(|| "wiener".to_owned());
    let method: Box<dyn Detector> = match name.as_str() {
        "linear-denoiser" => Box::new(LinearDenoiser::new(LinearDenoiserConfig::default())?),
        "masked-wiener" => Box::new(MaskedWiener::new(MaskedWienerConfig::default())?),
        "views-and-pairs" => Box::new(ViewsAndPairs::new(ViewsAndPairsConfig::default())?),
        _ => Box::new(Wiener::new(WienerConfig::default())?),
    };
    let mut number = |default: usize| {
        let given = given.next().and_then(|text| text.parse().ok());
        given.unwrap_or(default)
    };
    let (n, m, d, levels) = (number(2500), number(2763), number(512), number(0));
    let mut state = 1u32;
    let mut rows = |n: usize| {
        Array2::from_shape_simple_fn((n, d), || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let value = (state as f32 / u32::MAX as f32 - 0.5).max(0.0);
            match levels {
                0 => value,
                levels => (value * levels as f32).round(),
            }
        })
    };
    let (train, test) = (rows(n), rows(m));
    let start = Instant::now();
    let scorer = method.fit(Input::Rows(train.view()), 0, &Silent)?;
    let fitted = start.elapsed();
    scorer.score(Input::Rows(test.view()), &Silent)?;
    let scored = start.elapsed() - fitted;
    println!(
        "{name}, {n} + {m} x {d}: fit {:.3} s, score {:.3} s",
        fitted.as_secs_f64(),
        scored.as_secs_f64()
    );
    Ok(())
}
