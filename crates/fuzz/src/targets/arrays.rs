//! Archives of arrays.

use std::fs;
use std::path::Path;

use datasets::load_npz;

use super::nothing;
use crate::formats::npy::{self, Numbers};
use crate::formats::zip;
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

pub(super) const NPZ: Target = Target {
    name: "npz",
    weight: 100,
    prepare: nothing,
    make: npz,
    read: read_npz,
};

const TOKENS: [&[u8]; 9] = [
    b"\x93NUMPY", b"'descr': '<f8'", b"'shape': (", b"True", b"'|O'", b"PK\x03\x04", b"PK\x05\x06", b"PK\x06\x06", b"[('a', '<f8')]",
];

fn npz(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    match random.below(8) {
        0 => {
            let mut file = seeds.pick(random).to_vec();
            let others = seeds.pick(random);
            mutate::bytes(random, &mut file, others, &TOKENS);
            file
        }
        1 | 2 => {
            let seed = seeds.pick(random);
            zip::change(random, seed, &TOKENS)
        }
        _ => {
            let (n, d) = (random.within(1, 24), random.within(1, 8));
            let x = npy::array(random, &[n, d], Numbers::Any);
            let labels = if random.one_in(20) { random.below(30) } else { n };
            let shape: &[usize] = if random.one_in(4) { &[labels, 1] } else { &[labels] };
            let y = npy::array(random, shape, Numbers::Labels);
            zip::archive(random, &[("X.npy".to_owned(), x), ("y.npy".to_owned(), y)])
        }
    }
}

fn read_npz(folder: &Path, input: &[u8]) -> Outcome {
    let path = folder.join("a.npz");
    if let Err(error) = fs::write(&path, input) {
        return Outcome::Refused(error.to_string());
    }
    Outcome::of(load_npz(&path), |set| set.n() * set.d() * 8)
}
