//! Where every choice of an input comes from.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Numbers at which sizes, signs and shifts go wrong.
const EDGES: [u64; 30] = [
    0,
    1,
    2,
    3,
    7,
    8,
    16,
    31,
    32,
    63,
    64,
    100,
    127,
    128,
    255,
    256,
    1000,
    4096,
    0x7fff,
    0x8000,
    0xffff,
    0x1_0000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_ffff_ffff,
];

/// The choices of one input: the same seed, target and number give the same choices on every machine.
#[derive(Debug)]
pub(crate) struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn of(seed: u64, target: &str, index: u64) -> Self {
        // FNV-1a over the name, so that targets do not share their choices.
        let name = target
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            });
        let mixed = (seed ^ name).wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Self(ChaCha8Rng::seed_from_u64(mixed))
    }

    /// Below `n`, 0 for `n` 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        if n == 0 { 0 } else { self.0.random_range(0..n) }
    }

    /// From `low` to `high`, both included.
    pub(crate) fn within(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True once in `n`.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.random()
    }

    pub(crate) fn bytes(&mut self, n: usize) -> Vec<u8> {
        let mut bytes = vec![0; n];
        self.0.fill(&mut bytes[..]);
        bytes
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// Mostly a number at an edge or beside one, else any.
    pub(crate) fn number(&mut self) -> u64 {
        match self.below(8) {
            0 => self.0.random(),
            1 | 2 => EDGES[self.below(EDGES.len())].wrapping_add(self.below(5) as u64),
            3 => EDGES[self.below(EDGES.len())].wrapping_sub(1 + self.below(3) as u64),
            _ => EDGES[self.below(EDGES.len())],
        }
    }

    /// A number as text, also negative, fractional, huge or none at all.
    pub(crate) fn number_text(&mut self) -> String {
        match self.below(12) {
            0 => format!("-{}", self.number()),
            1 => format!("{}.5", self.below(100)),
            2 => format!("1e{}", self.below(400)),
            3 => format!("-1e-{}", self.below(400)),
            4 => self
                .pick(&["nan", "inf", "-inf", "-0.0", "1e308", "5e-324", "0x10"])
                .to_owned(),
            5 => format!("{}{}", self.number(), self.number()),
            6 | 7 => self.below(20).to_string(),
            8 => format!("0.{}", self.below(1000)),
            _ => self.number().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_depend_on_seed_target_and_number_alone() {
        let draw = |seed, target, index| Random::of(seed, target, index).bytes(16);
        assert_eq!(draw(1, "npz", 7), draw(1, "npz", 7));
        assert_ne!(draw(1, "npz", 7), draw(2, "npz", 7));
        assert_ne!(draw(1, "npz", 7), draw(1, "idx", 7));
        assert_ne!(draw(1, "npz", 7), draw(1, "npz", 8));
    }
}
