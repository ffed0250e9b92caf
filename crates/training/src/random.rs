//! Randomness that depends on the seed, the purpose and the step, and on nothing else.

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

/// A seed for `purpose` number `index`: the three mixed by rounds of splitmix64 (Steele et al. 2014).
pub(crate) fn mix(seed: u64, purpose: Purpose, index: u64) -> u64 {
    absorb(absorb(absorb(0, seed), purpose as u64), index)
}

/// One round of splitmix64 over `state` and a word.
pub(crate) fn absorb(state: u64, word: u64) -> u64 {
    let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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
                    seen.insert(mix(seed, purpose, index) as u32);
                }
            }
        }
        assert_eq!(seen.len(), 2500);
    }
}
