//! Replicas of small networks trained as one beside the same networks one after another: seconds, and the largest
//! difference of a score relative to it. On a GPU where one is found.
//!
//!     cargo run --release -p networks --example replicas -- [REPLICAS [ROWS [COLUMNS [EPOCHS]]]]
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::time::Instant;

use detector::{Detector, Input, Scorer, Silent};
use ndarray::{Array1, Array2};
use residuum::{DeviceChoice, Runtime};

/// Rows near a curved sheet, others for each seed.
fn rows(n: usize, d: usize, seed: u64) -> Array2<f32> {
    let phase = seed as f32 * 0.61;
    Array2::from_shape_fn((n, d), |(i, j)| {
        let (a, b) = ((i as f32 * 0.7 + phase).sin(), (i as f32 * 1.9).cos());
        a * (j as f32 * 0.9).sin() + b * (j as f32 * 0.3 + phase).cos()
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<usize>());
    let mut next = |default: usize| arguments.next().unwrap_or(Ok(default));
    let (replicas, n, d, epochs) = (next(8)?, next(1000)?, next(32)?, next(400)?);
    let device = networks::resolve(DeviceChoice::Auto)?;
    println!("{replicas} networks on {device}, {n} rows of {d} columns, at most {epochs} epochs");
    let runtime = Runtime {
        device,
        models: None,
    };
    let sets: Vec<(Array2<f32>, u64)> = (0..replicas as u64)
        .map(|seed| (rows(n, d, seed % 2), seed))
        .collect();
    let inputs: Vec<(Input<'_>, u64)> = (sets.iter())
        .map(|(x, seed)| (Input::Rows(x.view()), *seed))
        .collect();
    let test = rows(200, d, 7);
    for name in ["dte-c", "dte-ig", "ddpm"] {
        let method = networks::find(name)?;
        let detector = |replicas: usize| {
            let mut config = method.config();
            config.set("train.replicas", replicas.into())?;
            config.set("train.epochs", epochs.into())?;
            method.detector(&config, &runtime)
        };
        // What a device does once is not to be counted.
        let mut once = method.config();
        once.set("train.epochs", 1.into())?;
        method
            .detector(&once, &runtime)?
            .fit(inputs[0].0, 0, &Silent)?;

        let start = Instant::now();
        let together = detector(replicas)?.fit_together(&inputs, &Silent);
        let as_one = start.elapsed().as_secs_f64();
        let start = Instant::now();
        let alone = detector(1)?.fit_together(&inputs, &Silent);
        let one_by_one = start.elapsed().as_secs_f64();

        let mut gap = 0.0f64;
        for (together, alone) in together.into_iter().zip(alone) {
            let scores = |scorer: &dyn Scorer| -> Result<Array1<f64>, Box<dyn Error>> {
                Ok(scorer.score(Input::Rows(test.view()), &Silent)?)
            };
            let (a, b) = (scores(&*together?)?, scores(&*alone?)?);
            let gaps = a
                .iter()
                .zip(&b)
                .map(|(a, b)| (a - b).abs() / b.abs().max(1e-12));
            gap = gaps.fold(gap, f64::max);
        }
        println!(
            "{name}: {as_one:.2} s as one, {one_by_one:.2} s one after another, {:.2} times as fast; scores \
             differ by {gap:.1e} at most",
            one_by_one / as_one
        );
    }
    Ok(())
}
