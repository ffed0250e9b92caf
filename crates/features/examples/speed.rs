//! Time for the vectors of made-up images: `cargo run -p features --release --example speed -- 1000 128`
//! for 1000 images of 128 × 128 pixels. Weights are downloaded where they are not in the cache folder.

use std::time::Instant;

use features::{Backbone, embed, lite0_weights};
use ndarray::Array4;
use tch::Device;

#[allow(clippy::print_stdout)]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| match arguments.next() {
        Some(text) => text.parse(),
        None => Ok(default),
    };
    let (n, side) = (number(64)?, number(128)?);
    let folder = datasets::cache_folder().ok_or("no cache folder")?;
    let backbone = Backbone::Lite0 {
        weights: lite0_weights(&folder.join("weights"))?,
    };
    let images = Array4::from_shape_fn((n, 3, side, side), |(i, c, y, x)| {
        (i * 7 + c * 50 + x * y / 16) as u8
    });
    let start = Instant::now();
    let vectors = embed(
        &backbone,
        images.view(),
        None,
        Device::Cpu,
        &detector::Silent,
    )?;
    let seconds = start.elapsed().as_secs_f64();
    println!(
        "{} vectors of {} numbers in {seconds:.1} s on {} threads: {:.2} ms an image",
        vectors.nrows(),
        vectors.ncols(),
        tch::get_num_threads(),
        1e3 * seconds / n as f64
    );
    Ok(())
}
