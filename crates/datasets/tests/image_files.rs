//! Picture files of every kind, whole and hostile.
#![allow(clippy::unwrap_used)]

#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{
    Colour, DatasetError, ErrorKind, ImageOptions, OnBadFile, list_images, read_images,
};
use image::{DynamicImage, ImageBuffer, Luma, LumaA, Rgb, Rgba};
use pictures::{colour, grey, save};
use tempfile::tempdir;

fn read(paths: &[PathBuf]) -> Result<datasets::Images, DatasetError> {
    read_images(paths, &ImageOptions::default())
}

/// One file's `[c, h, w]` values.
fn pixels(path: &Path) -> ndarray::Array3<u8> {
    let images = read(&[path.to_owned()]).unwrap();
    images.pixels.index_axis(ndarray::Axis(0), 0).to_owned()
}

#[test]
fn formats_are_told_by_content_and_keep_their_pixels() {
    let dir = tempdir().unwrap();
    for ending in ["png", "bmp", "tiff"] {
        let path = dir.path().join(format!("grey.{ending}"));
        save(&path, grey(7, 4, 3));
        let found = pixels(&path);
        // BMP has no grey of its own: its palette is one, and the pixels stay the same.
        assert_eq!(found.dim().1, 4, "{ending}");
        assert_eq!(found.dim().2, 7, "{ending}");
        assert_eq!(found[[0, 2, 5]], 3 + 20 + 5, "{ending}");
        let path = dir.path().join(format!("colour.{ending}"));
        save(&path, colour(7, 4, 99));
        let renamed = dir.path().join(format!("{ending}.dat"));
        fs::rename(path, &renamed).unwrap();
        let found = pixels(&renamed);
        assert_eq!([0, 1, 2].map(|c| found[[c, 3, 6]]), [6, 3, 99], "{ending}");
    }
    let path = dir.path().join("flat.jpg");
    save(
        &path,
        image::RgbImage::from_pixel(16, 9, Rgb([200, 100, 50])),
    );
    let found = pixels(&path);
    assert_eq!(found.dim(), (3, 9, 16));
    assert!(found[[0, 4, 4]].abs_diff(200) <= 2);
}

#[test]
fn sixteen_bits_are_rounded_and_transparency_is_dropped() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("deep.png");
    let deep: ImageBuffer<Luma<u16>, _> = ImageBuffer::from_fn(3, 1, |x, _| {
        Luma([[0, 257 * 100 + 128, 65_535][x as usize]])
    });
    save(&path, DynamicImage::ImageLuma16(deep));
    assert_eq!(pixels(&path).into_raw_vec_and_offset().0, [0, 100, 255]);
    let clear: ImageBuffer<LumaA<u8>, _> = ImageBuffer::from_fn(2, 2, |_, _| LumaA([70, 0]));
    save(&path, DynamicImage::ImageLumaA8(clear));
    assert_eq!(pixels(&path).into_raw_vec_and_offset().0, [70; 4]);
    let clear: ImageBuffer<Rgba<u8>, _> = ImageBuffer::from_fn(2, 1, |_, _| Rgba([1, 2, 3, 0]));
    save(&path, DynamicImage::ImageRgba8(clear));
    assert_eq!(
        pixels(&path).into_raw_vec_and_offset().0,
        [1, 1, 2, 2, 3, 3]
    );
}

#[test]
fn exif_turns_a_photograph() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("plain.jpg");
    save(
        &path,
        image::GrayImage::from_fn(16, 8, |x, _| Luma([if x < 8 { 0 } else { 255 }])),
    );
    let plain = fs::read(&path).unwrap();
    // APP1 with a TIFF directory of one entry: 0x0112, orientation, short, 6 (a quarter to the right).
    let mut exif =
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    let mut turned = plain[..2].to_vec();
    turned.extend([0xff, 0xe1]);
    turned.extend((exif.len() as u16 + 2).to_be_bytes());
    turned.append(&mut exif);
    turned.extend(&plain[2..]);
    let path = dir.path().join("turned.jpg");
    fs::write(&path, turned).unwrap();
    let found = pixels(&path);
    assert_eq!(found.dim(), (1, 16, 8));
    assert!(found[[0, 0, 4]] < 10 && found[[0, 15, 4]] > 245);
}

#[test]
fn one_colour_file_makes_all_colour_unless_told_otherwise() {
    let dir = tempdir().unwrap();
    save(&dir.path().join("a.png"), grey(4, 4, 9));
    save(&dir.path().join("b.png"), colour(4, 4, 9));
    let paths = list_images(dir.path()).unwrap();
    let images = read(&paths).unwrap().pixels;
    assert_eq!(images.dim(), (2, 3, 4, 4));
    assert_eq!([0, 1, 2].map(|c| images[[0, c, 1, 1]]), [20; 3]);
    for (colour, channels) in [(Colour::Grey, 1), (Colour::Rgb, 3), (Colour::Keep, 3)] {
        let options = ImageOptions {
            colour,
            ..ImageOptions::default()
        };
        assert_eq!(
            read_images(&paths, &options).unwrap().pixels.dim().1,
            channels
        );
    }
    assert_eq!(read(&paths[..1]).unwrap().pixels.dim().1, 1);
}

/// A PNG header that promises 60,000 × 60,000 pixels, with nothing behind it.
fn bomb() -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(60_000u32.to_be_bytes());
    header.extend(60_000u32.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let mut crc = flate2::Crc::new();
    crc.update(&header);
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0d".to_vec();
    bytes.extend(header);
    bytes.extend(crc.sum().to_be_bytes());
    bytes.extend(b"\0\0\0\0IDAT\x35\xaf\x06\x1e");
    bytes
}

#[test]
fn bad_files_are_errors_or_are_skipped_and_counted() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    save(&at("good.png"), grey(40, 40, 9));
    save(&at("whole.jpg"), colour(40, 40, 9));
    let png = fs::read(at("good.png")).unwrap();
    let jpg = fs::read(at("whole.jpg")).unwrap();
    let bad: [(&str, Vec<u8>, &str); 7] = [
        (
            "text.png",
            b"hello there".to_vec(),
            "found the text \"hello there\"",
        ),
        ("empty.jpg", Vec::new(), "found an empty file"),
        (
            "bomb.png",
            bomb(),
            "found 60000 × 60000 pixels, expected at most 89478485 pixels",
        ),
        ("cut.png", png[..png.len() / 2].to_vec(), ""),
        (
            "cut.jpg",
            jpg[..jpg.len() - 20].to_vec(),
            "found the end of the file, expected a whole JPEG",
        ),
        ("start.jpg", jpg[..60].to_vec(), ""),
        (
            "animation.gif",
            b"GIF89a\x01\0\x01\0\0\0\0;".to_vec(),
            "Gif",
        ),
    ];
    let mut paths = vec![at("good.png")];
    for (name, bytes, message) in &bad {
        fs::write(at(name), bytes).unwrap();
        let error = read(&[at(name)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadData, "{error}");
        let text = error.to_string();
        assert!(text.contains(name) && text.contains(message), "{text}");
        paths.push(at(name));
    }
    paths.push(at("good.png"));
    let options = ImageOptions {
        on_bad_file: OnBadFile::Skip,
        ..ImageOptions::default()
    };
    let images = read_images(&paths, &options).unwrap();
    assert_eq!(images.kept, [0, bad.len() + 1]);
    assert_eq!(images.skipped.len(), bad.len());
    assert_eq!(images.pixels.dim(), (2, 1, 40, 40));
    assert_eq!(
        images.pixels.index_axis(ndarray::Axis(0), 0),
        images.pixels.index_axis(ndarray::Axis(0), 1)
    );
    // Nothing left is an error under any choice.
    let error = read_images(&paths[1..3], &options).unwrap_err();
    assert!(matches!(error, DatasetError::NoImages { .. }));
    assert!(matches!(
        read(&[]).unwrap_err(),
        DatasetError::NoImages { .. }
    ));
    assert_eq!(
        read(&[at("gone.png")]).unwrap_err().kind(),
        ErrorKind::Missing
    );
}

#[test]
fn lists_and_folders_name_their_files_in_order() {
    let dir = tempdir().unwrap();
    for name in ["b/2.png", "a.png", "b/10.png"] {
        save(&dir.path().join(name), grey(2, 2, 0));
    }
    fs::write(dir.path().join("Thumbs.db"), "").unwrap();
    fs::write(dir.path().join(".DS_Store"), "").unwrap();
    let names = |paths: Vec<PathBuf>| -> Vec<String> {
        let inside = |path: &PathBuf| path.strip_prefix(dir.path()).unwrap().to_owned();
        paths
            .iter()
            .map(|p| inside(p).display().to_string())
            .collect()
    };
    assert_eq!(
        names(list_images(dir.path()).unwrap()),
        ["a.png", "b/10.png", "b/2.png"]
    );
    let list = dir.path().join("list.txt");
    fs::write(&list, "b/2.png\n\na.png\n").unwrap();
    assert_eq!(names(list_images(&list).unwrap()), ["b/2.png", "a.png"]);
    let empty = tempdir().unwrap();
    assert!(matches!(
        list_images(empty.path()).unwrap_err(),
        DatasetError::NoImages { .. }
    ));
}

#[test]
fn a_path_given_many_times_is_read_many_times() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("one.png");
    save(&path, colour(31, 17, 5));
    let options = ImageOptions {
        size: Some(8),
        ..ImageOptions::default()
    };
    let images = read_images(&vec![path; 1000], &options).unwrap().pixels;
    let first = images.index_axis(ndarray::Axis(0), 0);
    assert!(images.outer_iter().all(|image| image == first));
}

/// A hundred thousand files, some at a time: the memory is that of their paths and of one part. All of
/// them at 64 pixels would be 1.2 GB.
/// `cargo nextest run --release -p datasets --test image_files --run-ignored all`
#[test]
#[ignore = "15 seconds"]
#[cfg(target_os = "linux")]
fn a_hundred_thousand_files_need_the_memory_of_a_few() {
    const FILES: usize = 100_000;
    let dir = tempdir().unwrap();
    let one = dir.path().join("one.png");
    save(&one, colour(31, 17, 5));
    let folder = dir.path().join("links");
    for i in 0..FILES {
        let part = folder.join(format!("{:02}", i / 1000));
        if i % 1000 == 0 {
            fs::create_dir_all(&part).unwrap();
        }
        std::os::unix::fs::symlink(&one, part.join(format!("{i:06}.png"))).unwrap();
    }
    let options = ImageOptions {
        size: Some(64),
        colour: Colour::Rgb,
        ..ImageOptions::default()
    };
    let expected = read_images(&[one], &options).unwrap().pixels;
    fs::write("/proc/self/clear_refs", "5").unwrap(); // the peak starts anew
    let before = peak_kib();
    let paths = list_images(&folder).unwrap();
    let mut n = 0;
    for chunk in paths.chunks(256) {
        let images = read_images(chunk, &options).unwrap().pixels;
        n += images.dim().0;
        let last = images.slice(ndarray::s![-1.., .., .., ..]);
        assert_eq!(last, expected);
    }
    assert_eq!(n, FILES);
    let grown = peak_kib() - before;
    assert!(grown < 64 * 1024, "{grown} KiB more than before");
}

/// The largest resident set since the peak was last reset.
#[cfg(target_os = "linux")]
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    kib.unwrap().parse().unwrap()
}
