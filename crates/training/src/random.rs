//! Randomness that depends on the seed, the purpose and the step, and on nothing else.

use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// What random numbers are drawn for; each purpose has its own stream per seed and index.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// The network's first weights.
    Weights = 1,
    /// The order of the rows in an epoch.
    Order = 2,
    /// Diffusion steps, noise and dropout of one training batch.
    Step = 3,
    /// The noise of scores.
    Walk = 4,
    /// The noise of the check for a degenerate network.
    Probe = 5,
}

impl Purpose {
    /// The seed of stream number `index` for this purpose: the three mixed by rounds of [`splitmix64`].
    pub fn seed(self, seed: u64, index: u64) -> u64 {
        [seed, self as u64, index].into_iter().fold(0, splitmix64)
    }
}

/// One round of splitmix64 (Steele et al. 2014) over `state` and a word: what seeds are mixed with.
pub fn splitmix64(state: u64, word: u64) -> u64 {
    SplitMix64::seed_from_u64(state ^ word).next_u64()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn streams_are_apart_in_the_bits_that_libtorch_uses() {
        // Its CPU generator keeps the low 32 bits of a seed.
        let mut seen = HashSet::new();
        for seed in 0..5 {
            for purpose in [
                Purpose::Weights,
                Purpose::Order,
                Purpose::Step,
                Purpose::Walk,
                Purpose::Probe,
            ] {
                for index in 0..100 {
                    seen.insert(purpose.seed(seed, index) as u32);
                }
            }
        }
        assert_eq!(seen.len(), 2500);
    }

    #[test]
    fn splitmix_has_the_published_generators_first_numbers() {
        // splitmix64.c (Vigna 2015) from the state 0, which grows by the constant before every number.
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        assert_eq!(splitmix64(0, 0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(step, 0), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(splitmix64(0, step), 0x6e78_9e6a_a1b9_65f4);
    }
}
