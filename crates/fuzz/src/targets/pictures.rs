//! Image files, masks, and folders and lists of them.

use std::fs;
use std::io;
use std::path::{Component, Path};

use datasets::{ImageOptions, Loading, OnBadFile, Protocol, Roots, list_images, load, read_images};

use super::files::{nothing, put, through};
use crate::formats::{png, text, tiff};
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

pub(super) const IMAGE: Target = Target {
    name: "image",
    weight: 160,
    prepare: nothing,
    make: image,
    read: |folder, input| {
        through(&folder.join("image"), input, |path| {
            let options = ImageOptions {
                // Resized or as it is, by the input alone.
                size: (input.len() % 4 == 3).then_some(16),
                max_pixels: MOST_PIXELS,
                ..ImageOptions::default()
            };
            Outcome::of(read_images(&[path.to_owned()], &options), |images| {
                images.pixels.len()
            })
        })
    },
};

/// The mask of one image of 8 × 8 pixels.
pub(super) const MASK: Target = Target {
    name: "mask",
    weight: 20,
    prepare: prepare_mask,
    make: mask,
    read: |folder, input| {
        let set = folder.join("set");
        through(&set.join("ground_truth/cut/0_mask.png"), input, |_| {
            folder_of_images(&set)
        })
    },
};

/// The input names files, one a line; each holds the same image.
pub(super) const FOLDER: Target = Target {
    name: "folder",
    weight: 10,
    prepare: nothing,
    make: |random, seeds| {
        if random.one_in(2) {
            return tree(random);
        }
        let seed = seeds.pick(random);
        text::change(random, seed, &PATHS)
    },
    read: read_folder,
};

pub(super) const LIST: Target = Target {
    name: "list",
    weight: 40,
    prepare: |folder| {
        for image in ["a.png", "b.png", "b/c.png", "d.png"] {
            put(folder.join(image), &pixels())?;
        }
        Ok(())
    },
    make: |random, seeds| {
        let seed = seeds.pick(random);
        text::change(random, seed, &PATHS)
    },
    read: |folder, input| {
        let list = folder.join(if input.len() % 2 == 0 {
            "list.txt"
        } else {
            "LIST.TXT"
        });
        through(&list, input, |path| {
            Outcome::of(list_images(path), |paths| paths.len() * 64)
        })
    },
};

/// One of the tables beside the images.
pub(super) const MINI_IMAGENET: Target = Target {
    name: "mini-imagenet",
    weight: 20,
    prepare: |folder| {
        put(folder.join("set/images/a.png"), &pixels())?;
        put(folder.join("set/images/b.png"), &pixels())
    },
    make: |random, seeds| {
        let tokens: [&[u8]; 5] = [
            b"filename,label",
            b"a.png,cat",
            b"b.png,dog",
            b"a.png,\"cat\"",
            b"c.png,cat",
        ];
        {
            let seed = seeds.pick(random);
            text::change(random, seed, &tokens)
        }
    },
    read: |folder, input| {
        let set = folder.join("set");
        through(&set.join("train.csv"), input, |_| {
            let name = format!("{}:cat", set.display());
            let set = load(&name, &Roots::of([]), &Loading::of(Protocol::Semi));
            Outcome::of(set, |set| set.n() * set.d())
        })
    },
};

/// Larger images are refused, so that none that is read needs more memory than any reader may take.
const MOST_PIXELS: u64 = 1 << 21;

/// Of a path in a folder: making and removing a thousand folders in one another takes a second.
const LONGEST_PATH: usize = 512;

/// Parts of paths in the layouts that folders have.
const PATHS: [&[u8]; 24] = [
    b"a.png",
    b"A.PNG",
    b"sub dir\\b.png",
    b"train/good/1.png",
    b"test/bad/1.png",
    b"test/good/1.png",
    b"ground_truth/cut/1_mask.png",
    b"ground_truth/cut/1.png",
    b"good/1.png",
    b"OK/1.png",
    b"NG/1.png",
    b"normal/1.png",
    b"abnormal/1.png",
    b"val/normal/1.png",
    b"@eaDir/1.png",
    b"__MACOSX/1.png",
    b"good/Thumbs.db",
    b"good/desktop.ini",
    b"test/.DS_Store",
    b"images/1.png",
    b"train.csv",
    b"data_batch_1",
    b"\x1b[31m/1.png",
    b"ground_truth/cut/000/000.png",
];

fn image(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(3) {
        return png::image(random);
    }
    let seed = seeds.pick(random);
    if seed.starts_with(b"\x89PNG") && !random.one_in(6) {
        return png::change(random, seed);
    }
    if seed.starts_with(b"II*\0") && !random.one_in(3) {
        return tiff::change(random, seed);
    }
    let mut file = seed.to_vec();
    let markers: [&[u8]; 8] = [
        b"\xff\xd9",
        b"\xff\xda",
        b"\xff\xc0",
        b"\xff\xc2",
        b"\xff\xc4",
        b"\xff\xdd\0\x04\0\x01",
        b"\xff\xe1",
        b"Exif\0\0",
    ];
    let others = seeds.pick(random);
    mutate::bytes(random, &mut file, others, &markers);
    file
}

fn mask(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(8) {
        return png::image(random);
    }
    let seed = seeds.pick(random);
    if seed.starts_with(b"\x89PNG") {
        return png::change(random, seed);
    }
    let mut file = seed.to_vec();
    mutate::bytes(random, &mut file, &[], &[]);
    file
}

/// An image of 8 × 8 black pixels.
fn pixels() -> Vec<u8> {
    let rows = [0; 9 * 8];
    png::grey(8, 8, &rows)
}

fn prepare_mask(folder: &Path) -> io::Result<()> {
    for image in [
        "train/good/0.png",
        "test/good/0.png",
        "test/cut/0.png",
        "ground_truth/cut/0_mask.png",
    ] {
        put(folder.join("set").join(image), &pixels())?;
    }
    Ok(())
}

fn folder_of_images(folder: &Path) -> Outcome {
    let mut loading = Loading::of(Protocol::Semi).on_bad_file(OnBadFile::Skip);
    loading.images.max_pixels = MOST_PIXELS;
    let set = load(&folder.to_string_lossy(), &Roots::of([]), &loading);
    Outcome::of(set, |set| set.n() * set.d() * 2)
}

/// Some of the known paths.
fn tree(random: &mut Random) -> Vec<u8> {
    let n = random.within(1, 8);
    let paths: Vec<&[u8]> = (0..n).map(|_| PATHS[random.below(PATHS.len())]).collect();
    paths.join(&b'\n')
}

fn read_folder(folder: &Path, input: &[u8]) -> Outcome {
    let set = folder.join("set");
    let image = pixels();
    let made = || -> io::Result<()> {
        if set.exists() {
            fs::remove_dir_all(&set)?;
        }
        fs::create_dir_all(&set)
    };
    if let Err(error) = made() {
        return Outcome::refused(error.to_string());
    }
    let text = String::from_utf8_lossy(input);
    for line in text
        .lines()
        .take(20)
        .filter(|line| line.len() <= LONGEST_PATH)
    {
        let path = Path::new(line);
        // Nothing is written outside of the folder.
        if path
            .components()
            .all(|part| matches!(part, Component::Normal(_)))
            && !line.is_empty()
        {
            let bytes: &[u8] = if line.ends_with("csv") {
                b"filename,label\n1.png,normal\n"
            } else {
                &image
            };
            // A name that the file system does not take is left out.
            let _ = put(set.join(path), bytes);
        }
    }
    folder_of_images(&set)
}
