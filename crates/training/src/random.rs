//! Randomness that depends on the seed, the purpose and the step, and on nothing else.

use diffusion_core::splitmix64;

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
    [seed, purpose as u64, index]
        .into_iter()
        .fold(0, splitmix64)
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
