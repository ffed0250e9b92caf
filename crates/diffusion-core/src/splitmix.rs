use rand_xoshiro::SplitMix64;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// One round of splitmix64 (Steele et al. 2014) over `state` and a word: what the keys of noise are mixed
/// with.
pub(crate) fn splitmix64(state: u64, word: u64) -> u64 {
    SplitMix64::seed_from_u64(state ^ word).next_u64()
}
