//! What the formats can say of an image beside its pixels: depth, transparency, palette, orientation.
#![allow(clippy::unwrap_used)]

#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::Path;

use datasets::{DatasetError, ImageOptions, read_images};
use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgba};
use pictures::save;
use tempfile::tempdir;

/// One file's `[c, h, w]` values.
fn pixels(path: &Path) -> Result<ndarray::Array3<u8>, DatasetError> {
    let images = read_images(&[path.to_owned()], &ImageOptions::default())?;
    Ok(images.pixels.index_axis(ndarray::Axis(0), 0).to_owned())
}

/// Numbers of the corners as the orientations 1 to 8 of EXIF and TIFF show an image that is stored as
/// 0 1 over 2 3: top left, top right, bottom left, bottom right.
const TURNED: [[u8; 4]; 8] = [
    [0, 1, 2, 3],
    [1, 0, 3, 2], // mirrored
    [3, 2, 1, 0], // half a turn
    [2, 3, 0, 1],
    [0, 2, 1, 3],
    [2, 0, 3, 1], // a quarter to the right
    [3, 1, 2, 0],
    [1, 3, 0, 2], // a quarter to the left
];

#[test]
fn exif_turns_a_photograph() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("photograph.jpg");
    let corner = |x: u32, y: u32| u8::from(x >= 16) + 2 * u8::from(y >= 8);
    save(
        &path,
        GrayImage::from_fn(32, 16, |x, y| Luma([85 * corner(x, y)])),
    );
    let plain = fs::read(&path).unwrap();
    for (orientation, expected) in (1u8..).zip(TURNED) {
        // APP1 with a TIFF directory of one entry: 0x0112, a short.
        let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
        let mut turned = plain[..2].to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend((exif.len() as u16 + 2).to_be_bytes());
        turned.extend(exif);
        turned.extend(&plain[2..]);
        fs::write(&path, turned).unwrap();
        let found = pixels(&path).unwrap();
        let (h, w) = if orientation < 5 { (16, 32) } else { (32, 16) };
        assert_eq!(found.dim(), (1, h, w), "orientation {orientation}");
        let corners = [[0, 0], [0, w - 1], [h - 1, 0], [h - 1, w - 1]];
        for ([y, x], corner) in corners.into_iter().zip(expected) {
            let off = found[[0, y, x]].abs_diff(85 * corner);
            assert!(
                off < 10,
                "orientation {orientation} at {y}, {x}: off by {off}"
            );
        }
    }
}

/// A TIFF of 2 × 2 pixels of one byte: 10, 11 over 12, 13.
fn tiff(photometric: u32, orientation: u32) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    let colour_map: Vec<u8> = (0..3 * 256u32)
        .flat_map(|v| (v as u16).to_le_bytes())
        .collect();
    let mut entries = vec![
        (256, LONG, 1, 2), // width
        (257, LONG, 1, 2),
        (258, SHORT, 1, 8), // bits
        (259, SHORT, 1, 1), // not packed
        (262, SHORT, 1, photometric),
        (273, LONG, 1, 8), // where the pixels are
        (274, SHORT, 1, orientation),
        (277, SHORT, 1, 1),
        (278, LONG, 1, 2),
        (279, LONG, 1, 4),
    ];
    if photometric == PALETTE {
        entries.push((320, SHORT, 3 * 256, 12));
    }
    let mut out = b"II*\0".to_vec();
    out.extend((12 + colour_map.len() as u32).to_le_bytes());
    out.extend([10, 11, 12, 13]);
    out.extend(colour_map);
    out.extend((entries.len() as u16).to_le_bytes());
    for (tag, kind, count, value) in entries {
        out.extend((tag as u16).to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend((count as u32).to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    out.extend([0; 4]);
    out
}

const BLACK_IS_ZERO: u32 = 1;
const PALETTE: u32 = 3;

#[test]
fn tiffs_are_turned_rounded_and_made_opaque() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("any.tiff");
    for (orientation, expected) in (1..).zip(TURNED) {
        fs::write(&path, tiff(BLACK_IS_ZERO, orientation)).unwrap();
        let found = pixels(&path).unwrap().into_raw_vec_and_offset().0;
        assert_eq!(found, expected.map(|v| v + 10), "orientation {orientation}");
    }
    let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_fn(3, 1, |x, _| {
        Luma([[0, 257 * 100 + 128, 65_535][x as usize]])
    });
    save(&path, DynamicImage::ImageLuma16(deep));
    let found = pixels(&path).unwrap();
    assert_eq!(found.into_raw_vec_and_offset().0, [0, 100, 255]);
    let clear: ImageBuffer<Rgba<u8>, _> = ImageBuffer::from_fn(2, 1, |_, _| Rgba([1, 2, 3, 0]));
    save(&path, DynamicImage::ImageRgba8(clear));
    let found = pixels(&path).unwrap();
    assert_eq!(found.into_raw_vec_and_offset().0, [1, 1, 2, 2, 3, 3]);
}

#[test]
fn a_tiff_with_a_palette_is_refused_by_name() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("palette.tiff");
    fs::write(&path, tiff(PALETTE, 1)).unwrap();
    let error = pixels(&path).unwrap_err().to_string();
    assert!(error.contains("palette.tiff"), "{error}");
    assert!(error.contains("RGBPalette"), "{error}");
}
