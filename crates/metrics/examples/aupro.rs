//! AUPRO of made-up maps, with its time: `cargo run --release -p metrics --example aupro [IMAGES]`.
#![allow(clippy::print_stdout)]

use std::time::Instant;

use metrics::PixelMetrics;
use ndarray::Array3;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let images: usize = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 100,
    };
    // Every second image has two defects, a disc and a scratch of two pixels' height. The map is noise
    // without ties, half a unit higher on the disc and a whole one on the scratch.
    let disc = |y: usize, x: usize| y.abs_diff(90).pow(2) + x.abs_diff(80).pow(2) < 30 * 30;
    let scratch = |y: usize, x: usize| (200..202).contains(&y) && (40..220).contains(&x);
    let masks = Array3::from_shape_fn((images, 256, 256), |(image, y, x)| {
        image % 2 == 1 && (disc(y, x) || scratch(y, x))
    });
    let maps = Array3::from_shape_fn((images, 256, 256), |(image, y, x)| {
        let pixel = ((image * 256 + y) * 256 + x) as u64;
        let noise = (pixel.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f32 / (1 << 24) as f32;
        let anomalous = masks[(image, y, x)];
        noise + f32::from(anomalous) * if y < 150 { 0.5 } else { 1.0 }
    });

    let start = Instant::now();
    let PixelMetrics { auroc, ap, aupro } = PixelMetrics::of(maps.view(), masks.view())?;
    println!("pixel AUROC      {auroc:.4}");
    println!("pixel AP         {ap:.4}");
    println!("AUPRO to 0.3     {aupro:.4}");
    println!(
        "{images} maps of 256 x 256 in {:.2} s",
        start.elapsed().as_secs_f64()
    );
    Ok(())
}
