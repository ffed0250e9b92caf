/// Words of state.
const N: usize = 624;
/// Offset of the word that the recurrence mixes in.
const M: usize = 397;

/// The Mersenne Twister of Matsumoto & Nishimura 1998 ("Mersenne Twister: a 623-dimensionally
/// equidistributed uniform pseudo-random number generator", table II), 32-bit outputs.
#[derive(Debug, Clone)]
pub struct Mt19937 {
    state: [u32; N],
    next: usize,
}

impl Mt19937 {
    /// Seeded by the 2002 initialisation of the authors (`init_genrand`), as NumPy seeds from one
    /// integer.
    pub fn new(seed: u32) -> Self {
        let mut state = [0; N];
        let mut word = seed;
        for (i, slot) in (1u32..).zip(&mut state) {
            *slot = word;
            word = 1_812_433_253_u32
                .wrapping_mul(word ^ (word >> 30))
                .wrapping_add(i);
        }
        Self { state, next: N }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        if self.next == N {
            self.twist();
        }
        let mut y = self.state[self.next];
        self.next += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }

    fn twist(&mut self) {
        for i in 0..N {
            let y = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % N] & 0x7fff_ffff);
            let odd = if y & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + M) % N] ^ (y >> 1) ^ odd;
        }
        self.next = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ten_thousandth_output_is_the_one_of_the_cpp_standard() {
        // ISO C++ [rand.predef]: the 10000th invocation of a default std::mt19937 (seed 5489).
        let mut generator = Mt19937::new(5489);
        for _ in 1..10_000 {
            generator.next_u32();
        }
        assert_eq!(generator.next_u32(), 4_123_659_995);
    }
}
