//! The corruptions of MNIST-C on the embedded Fashion-MNIST, a row for each, as one picture:
//! `cargo run --release -p datasets --example corruptions [MNIST-C_identity@pixels [SHEET.png]]`.
#![allow(clippy::print_stdout)]

use std::error::Error;

use datasets::{Corruption, Data, Roots, corrupt, find};
use image::{GrayImage, Luma, imageops};
use ndarray::{Axis, s};

const IMAGES: usize = 12;
const ZOOM: u32 = 2;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args
        .next()
        .unwrap_or_else(|| "FashionMNIST-C_identity@pixels".to_owned());
    let set = find(&name)?.load(&Roots::discover(None)?)?;
    let Data::Images(images) = set.data() else {
        return Err("a set of images is needed".into());
    };
    let images = images.slice(s![..IMAGES, .., .., ..]).to_owned();
    let streams: Vec<usize> = (0..IMAGES).collect();
    let kinds = Corruption::all();
    let mut sheet = GrayImage::new(30 * IMAGES as u32, 30 * kinds.len() as u32);
    for (row, kind) in kinds.into_iter().enumerate() {
        let spoilt = corrupt(&images, kind, 0, &streams)?;
        let mean = spoilt.iter().map(|&v| f64::from(v)).sum::<f64>() / spoilt.len() as f64;
        println!("{:>14}: mean value {mean:5.1}", kind.as_str());
        for (column, image) in spoilt.axis_iter(Axis(0)).enumerate() {
            for ((_, y, x), &value) in image.indexed_iter() {
                let (left, top) = (30 * column as u32 + 1, 30 * row as u32 + 1);
                sheet.put_pixel(left + x as u32, top + y as u32, Luma([value]));
            }
        }
    }
    if let Some(path) = args.next() {
        let (w, h) = (sheet.width() * ZOOM, sheet.height() * ZOOM);
        imageops::resize(&sheet, w, h, imageops::FilterType::Nearest).save(&path)?;
        println!("{path}");
    }
    Ok(())
}
