//! A contact sheet of made-up images, maps and masks:
//! `cargo run --release -p pictures --example sheet [FILE.png]`.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use ndarray::{Array2, Array3, Axis};
use pictures::{ColourMap, ContactSheet, Picture, Scale, heat_map, outline, overlay};

const SIDE: usize = 48;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).map(PathBuf::from);
    let path = path.unwrap_or_else(|| std::env::temp_dir().join("contact-sheet.png"));

    // A striped tile; the second has a spot, which the map finds a little to the right.
    let spot = |y: usize, x: usize, at: usize| y.abs_diff(30).pow(2) + x.abs_diff(at).pow(2);
    let image = |defect: bool| {
        Array3::from_shape_fn((3, SIDE, SIDE), |(c, y, x)| {
            let stripe = if (x + y / 2) % 8 < 4 { 150 } else { 110 };
            let spotted = defect && spot(y, x, 18) < 40;
            if spotted { 60 } else { stripe - 20 * c as u8 }
        })
    };
    let map = |defect: bool| {
        Array2::from_shape_fn((SIDE, SIDE), |(y, x)| {
            let noise = 0.1 * ((x * 7 + y * 13) % 11) as f32 / 11.0;
            let heat = (-(spot(y, x, 20) as f32) / 60.0).exp();
            noise + if defect { heat } else { 0.0 }
        })
    };
    let maps = [map(false), map(true)];
    let scale = Scale::of_normals(maps[0].view().insert_axis(Axis(0)))?;

    let mut sheet = ContactSheet::new(["input", "inferno", "viridis", "overlay"]).zoom(3);
    for (label, defect, map) in [("good", false, &maps[0]), ("spot", true, &maps[1])] {
        let mask = Array2::from_shape_fn((SIDE, SIDE), |(y, x)| defect && spot(y, x, 18) < 40);
        let input = Picture::from_image(image(defect).view())?;
        let over = overlay(&input, map.view(), scale, ColourMap::Inferno, 0.8)?;
        let pictures = vec![
            input,
            heat_map(map.view(), scale, ColourMap::Inferno)?,
            heat_map(map.view(), scale, ColourMap::Viridis)?,
            outline(&over, mask.view(), [0, 255, 255])?,
        ];
        sheet.push_row(label, pictures)?;
    }
    sheet.picture()?.save(&path)?;
    println!("{}", path.display());
    Ok(())
}
