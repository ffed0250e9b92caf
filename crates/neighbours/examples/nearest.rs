//! Times the search for the five nearest among made-up rows.
//! `cargo run --release -p neighbours --example nearest -- [rows] [columns]`
#![allow(clippy::print_stdout)] // an example prints

use std::time::Instant;

use detector::{DetectorError, Silent};
use ndarray::Array2;
use neighbours::Neighbours;

fn main() -> Result<(), DetectorError> {
    let given: Vec<usize> = std::env::args().skip(1).flat_map(|a| a.parse()).collect();
    let (n, d) = (
        given.first().copied().unwrap_or(2000),
        given.get(1).copied().unwrap_or(64),
    );
    let mut state = 1u32;
    let x = Array2::from_shape_simple_fn((n, d), || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32
    });
    let start = Instant::now();
    let nearest = Neighbours::new(x.view()).nearest_of_own(5, &Silent)?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{n} x {d}: {seconds:.3} s; row 0 is nearest to row {}",
        nearest.rows(0)[0]
    );
    Ok(())
}
