//! How fast a folder of pictures becomes arrays, and in how much memory:
//! `cargo run --release -p datasets --example decode FOLDER [SIZE [CHUNK]]`.
//! Without a folder it reads two pictures that it makes itself.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use datasets::{Colour, ImageOptions, list_images, read_images};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let made = std::env::temp_dir().join(format!("residuum-decode-{}", std::process::id()));
    let folder = args.next().map(PathBuf::from);
    let size = args.next().map_or(Ok(64), |size| size.parse())?;
    let chunk = args.next().map_or(Ok(1000), |chunk| chunk.parse())?;
    if folder.is_none() {
        fs::create_dir_all(&made)?;
        for i in 0..2 {
            image::RgbImage::from_fn(300, 200, |x, y| image::Rgb([x as u8, y as u8, 99 * i]))
                .save(made.join(format!("{i}.jpg")))?;
        }
    }
    let paths = list_images(folder.as_ref().unwrap_or(&made))?;
    let options = ImageOptions {
        size: Some(size),
        colour: Colour::Rgb,
        ..ImageOptions::default()
    };
    let start = Instant::now();
    let mut sum = 0u64;
    for paths in paths.chunks(chunk) {
        let images = read_images(paths, &options)?;
        sum += images.pixels.iter().map(|&v| u64::from(v)).sum::<u64>();
    }
    let seconds = start.elapsed().as_secs_f64();
    let n = paths.len();
    println!(
        "{n} pictures at {size} px in {seconds:.2} s: {:.0} a second, mean value {:.1}, peak {} MiB",
        n as f64 / seconds,
        sum as f64 / (n * size * size * 3) as f64,
        peak_kib().unwrap_or_default() / 1024,
    );
    if folder.is_none() {
        fs::remove_dir_all(&made)?;
    }
    Ok(())
}

/// The most memory that this process has held, from Linux.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}
