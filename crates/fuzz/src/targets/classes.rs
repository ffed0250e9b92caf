//! Known sets of classes in the forms that their authors publish.

use std::io;
use std::path::Path;

use datasets::{Loading, Protocol, Roots, find, load_idx};

use super::arrays::{TOKENS, changed};
use super::files::{nothing, put, through};
use crate::formats::npy::{self, Numbers};
use crate::formats::{gzip, matlab, zip};
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

pub(super) const IDX: Target = Target {
    name: "idx",
    weight: 80,
    prepare: nothing,
    make: idx,
    read: |folder, input| {
        through(&folder.join("idx"), input, |path| {
            let axes = if input.first() == Some(&0) {
                input.get(3).copied().unwrap_or(3)
            } else {
                3
            };
            let read = load_idx(path, axes.min(8)).or_else(|_| load_idx(path, 1));
            Outcome::of(read, |idx| idx.bytes.len())
        })
    },
};

/// Images or labels, each beside a fixed file of the other.
pub(super) const MNIST: Target = Target {
    name: "mnist",
    weight: 40,
    prepare: prepare_mnist,
    make: mnist,
    read: |folder, input| {
        let (root, file) = match input.get(3) {
            Some(1) => ("labels", LABELS),
            _ => ("images", IMAGES),
        };
        let root = folder.join(root);
        through(&root.join("mnist").join(file), input, |_| {
            known("MNIST_0@pixels", &root)
        })
    },
};

/// A batch of CIFAR-100 where its length fits, else one of CIFAR-10.
pub(super) const CIFAR: Target = Target {
    name: "cifar",
    weight: 20,
    prepare: prepare_cifar,
    make: cifar,
    read: |folder, input| {
        if input.len().is_multiple_of(1 + CIFAR_RECORD) {
            through(&folder.join("cifar100/train.bin"), input, |_| {
                known("CIFAR100_0@pixels", folder)
            })
        } else {
            through(&folder.join("cifar10/data_batch_1.bin"), input, |_| {
                known("CIFAR10_0@pixels", folder)
            })
        }
    },
};

pub(super) const CIFAR_NPZ: Target = Target {
    name: "cifar-npz",
    weight: 4,
    prepare: |folder| put(folder.join("cifar10/cifar10_13k.npz"), b""),
    make: cifar_npz,
    read: |folder, input| {
        through(&folder.join("cifar10/cifar10_13k.npz"), input, |_| {
            known("CIFAR10_0@pixels", folder)
        })
    },
};

pub(super) const SVHN: Target = Target {
    name: "svhn",
    weight: 20,
    prepare: |folder| put(folder.join("svhn/test_32x32.mat"), b""),
    make: svhn,
    read: |folder, input| {
        through(&folder.join("svhn/test_32x32.mat"), input, |_| {
            known("SVHN_1@pixels", folder)
        })
    },
};

const IMAGES: &str = "t10k-images-idx3-ubyte";
const LABELS: &str = "t10k-labels-idx1-ubyte";
/// Images of the fixed files.
const FIXED: usize = 40;
/// A class and the pixels.
const CIFAR_RECORD: usize = 3073;

/// A set of the catalogue, its files below `root`.
fn known(name: &str, root: &Path) -> Outcome {
    let set = find(name).and_then(|entry| {
        let loading = Loading::of(Protocol::Semi);
        entry.load_with(&Roots::of([root.to_owned()]), &loading)
    });
    Outcome::of(set, |set| set.n() * set.d() * 4)
}

fn idx_of(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let mut file = vec![0, 0, 8, shape.len() as u8];
    file.extend(shape.iter().flat_map(|axis| axis.to_be_bytes()));
    file.extend(data);
    file
}

fn idx(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let mut file = if random.one_in(3) {
        let mut file = seeds.pick(random).to_vec();
        mutate::bytes(
            random,
            &mut file,
            &[],
            &[b"\x00\x00\x08\x03", b"\x1f\x8b\x08", b"\x00\x00\x0d\x02"],
        );
        file
    } else {
        let axes = if random.one_in(8) {
            random.below(6)
        } else {
            *random.pick(&[&1, &3])
        };
        let mut shape: Vec<u32> = (0..axes).map(|_| random.within(1, 6) as u32).collect();
        let n: u32 = shape.iter().product();
        let data = random.bytes(n as usize);
        if random.one_in(6) && axes > 0 {
            shape[random.below(axes)] = random.number() as u32;
        }
        let mut file = idx_of(&shape, &data);
        if random.one_in(12) {
            file.truncate(random.below(file.len()));
        }
        file
    };
    if random.one_in(4) {
        file = gzip(&file);
        if random.one_in(8) {
            mutate::bytes(random, &mut file, &[], &[]);
        }
    }
    file
}

fn prepare_mnist(folder: &Path) -> io::Result<()> {
    let images = idx_of(&[FIXED as u32, 3, 3], &[7; 9 * FIXED]);
    let mut labels = [0; FIXED];
    labels[FIXED - 4..].copy_from_slice(&[1, 2, 3, 4]);
    for root in ["images", "labels"] {
        put(folder.join(root).join("mnist").join(IMAGES), &images)?;
        put(
            folder.join(root).join("mnist").join(LABELS),
            &idx_of(&[FIXED as u32], &labels),
        )?;
    }
    Ok(())
}

fn mnist(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(2) {
        let mut file = seeds.pick(random).to_vec();
        mutate::bytes(random, &mut file, &[], &[]);
        return file;
    }
    let n = if random.one_in(8) {
        random.below(50)
    } else {
        FIXED
    };
    if random.one_in(2) {
        let (h, w) = (random.within(0, 5), random.within(1, 5));
        let pixels = random.bytes(n * h * w);
        return idx_of(&[n as u32, h as u32, w as u32], &pixels);
    }
    let below = if random.one_in(8) { 12 } else { 10 };
    let labels: Vec<u8> = (0..n).map(|_| random.below(below) as u8).collect();
    idx_of(&[n as u32], &labels)
}

fn prepare_cifar(folder: &Path) -> io::Result<()> {
    let record = |labels: &[u8], fill: u8| [labels, &[fill; CIFAR_RECORD - 1]].concat();
    for i in 1..=5 {
        put(
            folder.join(format!("cifar10/data_batch_{i}.bin")),
            &record(&[i], i),
        )?;
    }
    put(
        folder.join("cifar10/test_batch.bin"),
        &[record(&[0], 9), record(&[0], 8)].concat(),
    )?;
    put(folder.join("cifar100/train.bin"), &record(&[1, 1], 1))?;
    put(
        folder.join("cifar100/test.bin"),
        &[record(&[0, 3], 1), record(&[0, 4], 2)].concat(),
    )
}

fn cifar(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let mut file = Vec::new();
    let record = if random.one_in(2) {
        CIFAR_RECORD
    } else {
        CIFAR_RECORD + 1
    };
    for _ in 0..random.within(1, 3) {
        let start = file.len();
        file.resize(start + record, random.byte());
        let below = if random.one_in(8) { 256 } else { 10 };
        file[start] = random.below(below) as u8;
    }
    if random.one_in(4) {
        file = seeds.pick(random).to_vec();
        mutate::bytes(random, &mut file, &[], &[]);
    }
    file
}

fn cifar_npz(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(3) {
        return changed(random, seeds);
    }
    // Eleven normal ones are enough for one anomaly.
    let n = 12 + random.below(3);
    let images = npy::array(random, &[n, 32, 32, 3], Numbers::Bytes(2));
    let classes = if random.one_in(8) { 12 } else { 2 };
    let labels = npy::array(random, &[n], Numbers::Bytes(classes));
    let parts = if random.one_in(8) { 3 } else { 2 };
    let split = npy::array(random, &[n], Numbers::Bytes(parts));
    let names = ["images.npy", "labels.npy", "split.npy"].map(str::to_owned);
    let members: Vec<_> = names.into_iter().zip([images, labels, split]).collect();
    zip::archive(random, &members)
}

fn svhn(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    if random.one_in(3) {
        let mut file = seeds.pick(random).to_vec();
        mutate::bytes(
            random,
            &mut file,
            TOKENS[0],
            &[b"\x0e\0\0\0", b"\x0f\0\0\0", b"\x09\0\0\0", b"X\0\0\0"],
        );
        return file;
    }
    matlab::digits(random, 13)
}
