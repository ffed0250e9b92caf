//! Weights as PyTorch saves them. Modules of TorchScript are programs that libtorch reads, not we.

use features::StateDict;

use super::files::nothing;
use crate::mutate;
use crate::random::Random;
use crate::target::{Outcome, Seeds, Target};

/// Tensors in the format before PyTorch 1.6, each copied out.
pub(super) const WEIGHTS: Target = Target {
    name: "weights",
    weight: 120,
    prepare: nothing,
    make: weights,
    read: |_, input| read_weights(input),
};

fn weights(random: &mut Random, seeds: &Seeds) -> Vec<u8> {
    let mut file = seeds.pick(random).to_vec();
    let tokens: [&[u8]; 12] = [
        b"ctorch\nFloatStorage\n",
        b"ctorch\nDoubleStorage\n",
        b"ccollections\nOrderedDict\n)R",
        b"ctorch._utils\n_rebuild_tensor_v2\n",
        b"(",
        b"t",
        b"Q",
        b"R",
        b"q\x01",
        b"h\x01",
        b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"J\xff\xff\xff\x7f",
    ];
    if random.one_in(4) {
        // The numbers of the tensors, which stand last.
        let n = file.len();
        if let Some(byte) = file.get_mut(n.saturating_sub(1 + random.below(24))) {
            *byte = random.byte();
        }
    } else if random.one_in(2) {
        // One number alone, so that most stay files of weights.
        let places: Vec<usize> = (0..file.len())
            .filter(|&at| matches!(file[at], b'J' | b'K' | b'X'))
            .collect();
        if let Some(&at) = places.get(random.below(places.len())) {
            let number = if random.one_in(2) {
                random.below(4) as u64
            } else {
                random.number()
            };
            for (byte, new) in file.iter_mut().skip(at + 1).zip(&number.to_le_bytes()[..4]) {
                *byte = *new;
            }
        }
    } else {
        let others = seeds.pick(random);
        mutate::bytes(random, &mut file, others, &tokens);
    }
    file
}

fn read_weights(input: &[u8]) -> Outcome {
    let dict = match StateDict::parse(input.to_vec()) {
        Ok(dict) => dict,
        Err(error) => return Outcome::refused(error.to_string()),
    };
    for name in dict.names() {
        if let Err(error) = dict.tensor(name) {
            return Outcome::refused(error.to_string());
        }
    }
    Outcome::accepted(input.len())
}
