//! Small picture files and folders of them.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::path::Path;

use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};

/// Writes `image` to `path`, in the format of its ending, with the folders above it.
pub fn save(path: &Path, image: impl Into<DynamicImage>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    image.into().save(path).unwrap();
}

/// A grey picture whose value at column `x`, row `y` is `value + 10 y + x`.
pub fn grey(width: u32, height: u32, value: u8) -> GrayImage {
    GrayImage::from_fn(width, height, |x, y| Luma([value + (10 * y + x) as u8]))
}

/// A picture in which red grows to the right and green downwards.
pub fn colour(width: u32, height: u32, blue: u8) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| Rgb([x as u8, y as u8, blue]))
}

/// White in the columns from `from` on, else black.
pub fn mask(width: u32, height: u32, from: u32) -> GrayImage {
    GrayImage::from_fn(width, height, |x, _| {
        Luma([if x >= from { 255 } else { 0 }])
    })
}

/// A category in MVTec AD's layout, grey, 6 wide and 4 high: three training images, two good ones and
/// three of the defects `bent` and `cut` to test, whose masks begin at column 4.
pub fn category(folder: &Path) {
    for i in 0..3 {
        save(
            &folder.join(format!("train/good/{i:03}.png")),
            grey(6, 4, i),
        );
    }
    for i in 0..2 {
        save(
            &folder.join(format!("test/good/{i:03}.png")),
            grey(6, 4, 50 + i),
        );
    }
    for (defect, n) in [("bent", 1), ("cut", 2)] {
        for i in 0..n {
            save(
                &folder.join(format!("test/{defect}/{i:03}.png")),
                grey(6, 4, 100 + i),
            );
            let truth = folder.join(format!("ground_truth/{defect}/{i:03}_mask.png"));
            save(&truth, mask(6, 4, 4));
        }
    }
}

/// Class folders `cat`, `dog`, `owl` under `train` and `val`, colour, 5 × 5.
pub fn classes(folder: &Path) {
    for (part, n) in [("train", 4), ("val", 2)] {
        for (class, name) in ["cat", "dog", "owl"].iter().enumerate() {
            for i in 0..n {
                let blue = (100 * class + 10 * usize::from(part == "val") + i) as u8;
                save(
                    &folder.join(format!("{part}/{name}/{i}.png")),
                    colour(5, 5, blue),
                );
            }
        }
    }
}
