//! `cargo bench -p patches`: seconds of `patch-wiener` on 256 photographs of 256 pixels, and how fast its search is
//! beside bare matrix products of the same run, on all threads of libtorch.
//!
//! The search is what scoring takes beyond scoring with a memory of hardly anything. Needs the network's weights.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use detector::{Detector, Input, Scorer, Silent};
use ndarray::{Array4, s};
use patches::{PatchRuntime, PatchWiener, PatchWienerConfig};
use tch::{Device, Kind, Tensor};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const IMAGES: usize = 256;
const SCORED: usize = 32;
const ROUNDS: usize = 3;

fn main() -> Result<()> {
    let images = pictures(IMAGES);
    let runtime = PatchRuntime {
        training: training::Runtime::new(Device::Cpu),
        weights: datasets::cache_folder().map(|cache| cache.join("weights")),
    };
    let threads = usize::try_from(tch::get_num_threads())?;
    let fit = |share| -> Result<(Box<dyn Scorer>, f64)> {
        let config = PatchWienerConfig {
            share,
            ..PatchWienerConfig::default()
        };
        let detector = PatchWiener::new(config, runtime.clone())?;
        let start = Instant::now();
        let scorer = detector.fit(Input::Images(images.view()), 0, &Silent)?;
        Ok((scorer, start.elapsed().as_secs_f64()))
    };
    let (nothing, _) = fit(1e-4)?;
    let (quarter, seconds) = fit(0.25)?;
    println!("{threads} threads; fit of {IMAGES} images: {seconds:.1} s");

    let scored = images.slice(s![..SCORED, .., .., ..]);
    let score = |scorer: &dyn Scorer| -> Result<f64> {
        let start = Instant::now();
        scorer.score(Input::Images(scored), &Silent)?;
        Ok(start.elapsed().as_secs_f64() / SCORED as f64)
    };
    // Patches of an image, of the memory, and their numbers.
    let products = 2.0 * 1024.0 * 65_536.0 * 128.0;
    for _ in 0..ROUNDS {
        let (empty, full) = (score(&*nothing)?, score(&*quarter)?);
        let (search, gemm) = (products / (full - empty) / 1e9, gemm(threads)?);
        println!(
            "{:.2} images/s; search {search:.0} GFLOP/s, matrix products {gemm:.0}: {:.0} %",
            1.0 / full,
            100.0 * search / gemm
        );
    }
    Ok(())
}

/// GFLOP/s of products of the search's shape, each thread at its own.
fn gemm(threads: usize) -> Result<f64> {
    const TIMES: usize = 200;
    let start = Instant::now();
    std::thread::scope(|scope| {
        let work = || -> std::result::Result<(), tch::TchError> {
            tch::set_num_threads(1);
            let options = (Kind::Float, Device::Cpu);
            let (a, b) = (
                Tensor::f_randn([256, 128], options)?,
                Tensor::f_randn([4096, 128], options)?,
            );
            let mut c = Tensor::f_zeros([256, 4096], options)?;
            for _ in 0..TIMES {
                c = a.f_matmul_out(&c, &b.f_tr()?)?;
            }
            Ok(())
        };
        let started: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        started
            .into_iter()
            .try_for_each(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
    })?;
    let seconds = start.elapsed().as_secs_f64();
    tch::set_num_threads(i32::try_from(threads)?);
    let flops = 2.0 * (256 * 4096 * 128 * TIMES * threads) as f64;
    Ok(flops / seconds / 1e9)
}

/// Stripes with grain, a little different from image to image.
fn pictures(n: usize) -> Array4<u8> {
    Array4::from_shape_fn((n, 3, 256, 256), |(i, c, y, x)| {
        let wave = ((x + i % 13) as f64 / 9.0).sin() + ((y + i % 7) as f64 / 17.0).cos();
        let grain = ((x * 31 + y * 17 + i * 7 + c * 3) % 23) as f64;
        (110.0 + 40.0 * wave + grain) as u8
    })
}
