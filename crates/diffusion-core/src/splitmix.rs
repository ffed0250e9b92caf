/// One round of splitmix64 (Steele et al. 2014) over `state` and a word: what seeds are mixed with.
///
/// ```
/// use diffusion_core::splitmix64;
///
/// let seed = [7, 1, 250].into_iter().fold(0, splitmix64);
/// assert_ne!(seed, [7, 250, 1].into_iter().fold(0, splitmix64));
/// ```
pub fn splitmix64(state: u64, word: u64) -> u64 {
    let mut z = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::splitmix64;

    #[test]
    fn the_published_generators_first_numbers() {
        // splitmix64.c (Vigna 2015) from the state 0, which grows by the constant before every number.
        let step = 0x9e37_79b9_7f4a_7c15_u64;
        assert_eq!(splitmix64(0, 0), 0xe220_a839_7b1d_cdaf);
        assert_eq!(splitmix64(step, 0), 0x6e78_9e6a_a1b9_65f4);
        assert_eq!(splitmix64(0, step), 0x6e78_9e6a_a1b9_65f4);
    }
}
