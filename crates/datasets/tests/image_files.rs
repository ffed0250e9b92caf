//! Picture files of every kind, whole and hostile.
#![allow(clippy::unwrap_used)]

#[path = "common/pictures.rs"]
mod pictures;

use std::fs;
use std::path::{Path, PathBuf};

use datasets::{
    Colour, DatasetError, ErrorKind, ImageOptions, OnBadFile, is_image_list, list_images,
    read_images,
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
    png_header(60_000, 8)
}

fn png_header(side: u32, bits: u8) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(side.to_be_bytes());
    header.extend(side.to_be_bytes());
    header.extend([bits, 6, 0, 0, 0]);
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
    let bad: [(&str, Vec<u8>, &str); 8] = [
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
        (
            "deep_bomb.png",
            png_header(9_000, 16),
            "found 9000 × 9000 pixels of 648000000 bytes, expected at most 536870912 bytes",
        ),
        ("cut.png", png[..png.len() / 2].to_vec(), ""),
        (
            "cut.jpg",
            jpg[..jpg.len() - 20].to_vec(),
            "before the image's end marker: it is cut off, expected a whole JPEG image",
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

/// A file of 1 TB, all but its start a hole: reading it whole could only fail.
#[test]
#[cfg(target_os = "linux")]
fn what_is_no_image_is_refused_by_its_first_bytes() {
    let dir = tempdir().unwrap();
    for (name, start) in [
        ("film.png", &b"\0\0\0\x20ftypisom"[..]),
        ("deep.png", &png_header(60_000, 8)[..]),
    ] {
        let path = dir.path().join(name);
        fs::write(&path, start).unwrap();
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(1 << 40).unwrap();
        let error = read(&[path]).unwrap_err().to_string();
        let refused = error.contains("found a start of") || error.contains("found 60000");
        assert!(refused, "{error}");
    }
}

#[test]
#[cfg(unix)]
fn links_to_nothing_and_pipes_are_named_and_never_waited_for() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    save(&at("a.png"), grey(4, 4, 9));
    std::os::unix::fs::symlink(at("gone"), at("b.PNG")).unwrap();
    std::os::unix::fs::symlink(at("gone"), at("notes")).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(at("c.png"))
        .status();
    assert!(made.unwrap().success());
    let paths = list_images(dir.path()).unwrap();
    assert_eq!(paths, [at("a.png"), at("b.PNG"), at("c.png")]);
    let error = read(&paths).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Missing);
    assert!(error.to_string().ends_with("b.PNG"), "{error}");
    let error = read(&paths[2..]).unwrap_err().to_string();
    assert!(error.contains("c.png: the image: found a pipe"), "{error}");
    let options = ImageOptions {
        on_bad_file: OnBadFile::Skip,
        ..ImageOptions::default()
    };
    let images = read_images(&paths, &options).unwrap();
    assert_eq!((images.kept.len(), images.skipped.len()), (1, 2));
}

#[test]
#[cfg(unix)]
fn linked_folders_are_followed_but_not_in_circles() {
    use std::os::unix::fs::symlink;
    let (dir, elsewhere) = (tempdir().unwrap(), tempdir().unwrap());
    let at = |name: &str| dir.path().join(name);
    save(&elsewhere.path().join("1.png"), grey(4, 4, 9));
    save(&at("b/2.png"), grey(4, 4, 9));
    for link in ["a", "c"] {
        symlink(elsewhere.path(), at(link)).unwrap();
    }
    symlink(dir.path(), at("b/back")).unwrap();
    symlink(dir.path().parent().unwrap(), at("b/above")).unwrap();
    symlink(at("d"), at("d")).unwrap();
    // Two links to one folder: its files come once, at the first.
    let expected = [at("a/1.png"), at("b/2.png")];
    assert_eq!(list_images(dir.path()).unwrap(), expected);
}

/// Under `Skip` what is left out decides nothing, wherever it stands.
#[test]
fn a_file_that_is_left_out_decides_neither_size_nor_channels() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    let cut = |name: &str, image: DynamicImage| {
        save(&at(name), image);
        let bytes = fs::read(at(name)).unwrap();
        fs::write(at(name), &bytes[..bytes.len() - 40]).unwrap();
        at(name)
    };
    let whole: Vec<PathBuf> = (0..10).map(|i| at(&format!("{i}.png"))).collect();
    for path in &whole {
        save(path, grey(40, 40, 9));
    }
    let wide = cut("wide.png", grey(41, 40, 9).into());
    let colourful = cut("colourful.png", colour(40, 40, 9).into());
    let skip = ImageOptions {
        on_bad_file: OnBadFile::Skip,
        ..ImageOptions::default()
    };
    for bad in [&wide, &colourful] {
        for place in [0, 10] {
            let mut paths = whole.clone();
            paths.insert(place, bad.clone());
            let images = read_images(&paths, &skip).unwrap();
            assert_eq!(images.pixels.dim(), (10, 1, 40, 40));
            assert_eq!(images.skipped.len(), 1);
            assert!(read(&paths).is_err());
        }
    }
    // Whole files still do.
    save(&at("tall.png"), grey(40, 41, 9));
    save(&at("red.png"), colour(40, 40, 9));
    let mixed = read_images(&[whole[0].clone(), at("tall.png")], &skip).unwrap_err();
    assert!(matches!(mixed, DatasetError::MixedSizes { .. }));
    let red = read_images(&[whole[0].clone(), at("red.png")], &skip).unwrap();
    assert_eq!(red.pixels.dim().1, 3);
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
fn a_list_is_one_whether_or_not_its_images_are_there() {
    let dir = tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    save(&at("a b.png"), grey(2, 2, 0));
    save(&at("#1.png"), grey(2, 2, 0));
    let list = |name: &str, text: &str| {
        fs::write(at(name), text).unwrap();
        at(name)
    };
    for (text, is_list) in [
        ("new/gone.png\n", true),
        ("# good ones\n\n\"a b.png\"\n", true),
        ("'gone.JPG'\ngone.tif\n", true),
        ("gone\ngone.png\n", true),
        ("a b.png, 1\n", false),
        ("file\tlabel\na.png\tgood\n", false),
        ("1,a.png\n2,b.png\n", false),
        ("x\n1\n2\n", false),
        ("# nothing\n", false),
        ("", false),
    ] {
        assert_eq!(is_image_list(list("l.txt", text)), is_list, "{text}");
    }
    assert!(!is_image_list(list("l.csv", "gone.png\n")));
    let text = "# two\n\"a b.png\"\n#1.png\n";
    assert_eq!(
        list_images(list("l.txt", text)).unwrap(),
        [at("a b.png"), at("#1.png")]
    );
    for (text, line) in [("gone.png\n", 1), ("#\na b.png\n'sub/gone.png'\n", 3)] {
        let path = list("l.txt", text);
        let error = list_images(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Missing);
        let found = error.to_string();
        assert!(
            found.contains(&format!("line {line}: no such image")),
            "{found}"
        );
        let skip = OnBadFile::Skip;
        let (paths, _) = datasets::list_images_counted(&path, skip).unwrap();
        assert!(paths.last().unwrap().ends_with("gone.png"), "{paths:?}");
    }
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
/// `cargo xtask soak -p datasets`
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
