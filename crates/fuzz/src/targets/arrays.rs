//! Archives of arrays, and tables in files of any format and name.

use std::fs;
use std::path::Path;

use datasets::{Loading, Protocol, Roots, load, load_npz, load_npz_images};

use super::files::{nothing, through};
use crate::formats::npy::{self, Numbers};
use crate::formats::{text, zip};
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

pub(super) const NPZ: Target = Target {
    name: "npz",
    weight: 160,
    prepare: nothing,
    make: npz,
    read: |folder, input| {
        // Numbers are held as the widest type that a file may have.
        through(&folder.join("a.npz"), input, |path| {
            Outcome::of(load_npz(path), |set| set.n() * set.d() * 8)
        })
    },
};

pub(super) const NPZ_IMAGES: Target = Target {
    name: "npz-images",
    weight: 60,
    prepare: nothing,
    make: npz_images,
    read: |folder, input| {
        through(&folder.join("a.npz"), input, |path| {
            Outcome::of(load_npz_images(path), |images| images.len())
        })
    },
};

/// The first line is the file's name.
pub(super) const TABLE_FILE: Target = Target {
    name: "table-file",
    weight: 50,
    prepare: nothing,
    make: table_file,
    read: read_table_file,
};

pub(super) const TOKENS: [&[u8]; 9] = [
    b"\x93NUMPY",
    b"'descr': '<f8'",
    b"'shape': (",
    b"True",
    b"'|O'",
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"[('a', '<f8')]",
];

/// A kept archive with its bytes changed, or with those of a member and all checksums right.
pub(super) fn changed(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let seed = seeds.pick(random);
    if random.one_in(3) {
        let mut file = seed.to_vec();
        let others = seeds.pick(random);
        mutate::bytes(random, &mut file, others, &TOKENS);
        file
    } else {
        zip::change(random, seed, &TOKENS)
    }
}

fn npz(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(3) {
        changed(random, seeds)
    } else {
        table(random)
    }
}

fn table(random: &mut Random) -> Vec<u8> {
    let (n, d) = (random.within(1, 24), random.within(1, 8));
    let x = npy::array(random, &[n, d], Numbers::Any);
    let labels = if random.one_in(20) {
        random.below(30)
    } else {
        n
    };
    let shape: &[usize] = if random.one_in(4) {
        &[labels, 1]
    } else {
        &[labels]
    };
    let y = npy::array(random, shape, Numbers::Labels);
    zip::archive(random, &[("X.npy".to_owned(), x), ("y.npy".to_owned(), y)])
}

fn npz_images(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(3) {
        return changed(random, seeds);
    }
    let mut side = || random.within(1, 9);
    let (n, h, w) = (side(), side(), side());
    let shapes: [&[usize]; 4] = [&[n, h, w], &[n, h, w, 1], &[n, h, w, 3], &[n, h, w, 4]];
    let kind = if random.one_in(20) {
        3
    } else {
        random.below(3)
    };
    let images = npy::array(random, shapes[kind], Numbers::Bytes(256));
    zip::archive(random, &[("images.npy".to_owned(), images)])
}

fn table_file(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    const NAMES: [&str; 18] = [
        "a.npz",
        "A.NPZ",
        "a.npy",
        "a.csv",
        "a.CSV",
        "a.tsv",
        "a.parquet",
        "a.mat",
        "a.xlsx",
        "a.h5",
        "a.pkl",
        "a",
        "a.txt",
        "a.gz",
        "a.json",
        "a.arff",
        "a@2.npz",
        "10:30.npz",
    ];
    if random.one_in(3) {
        let seed = seeds.pick(random);
        return text::change(
            random,
            seed,
            &[b"1,2,0", b"a;b;y", b"PAR1", b"\x89HDF\r\n\x1a\n"],
        );
    }
    let mut file = format!("{}\n", random.pick(&NAMES)).into_bytes();
    file.extend(table(random));
    file
}

/// Through the loader of whatever a user names.
fn read_table_file(folder: &Path, input: &[u8]) -> Outcome {
    let end = input
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(input.len());
    let name = String::from_utf8_lossy(&input[..end]);
    let plain = |c: char| c.is_alphanumeric() || "._-@: ".contains(c);
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) || name.len() > 200 {
        return Outcome::refused("no name for a file");
    }
    let path = folder.join(name.as_ref());
    let outcome = through(&path, input.get(end + 1..).unwrap_or_default(), |path| {
        let loading = Loading::of(Protocol::Semi);
        let set = load(&path.to_string_lossy(), &Roots::of([]), &loading);
        Outcome::of(set, |set| set.n() * set.d() * 8)
    });
    // Nothing to remove where the name was none.
    let _ = fs::remove_file(&path);
    outcome
}
