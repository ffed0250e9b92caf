use crate::{Mt19937, RandomError};

/// `numpy.random.RandomState(seed)`: the same calls in the same order give the same values.
///
/// `numpy.random.seed(seed)` followed by calls of the module's functions walks the same stream.
#[derive(Debug, Clone)]
pub struct RandomState {
    bits: Mt19937,
}

impl RandomState {
    /// The stream of one integer seed.
    pub fn new(seed: u32) -> Self {
        Self {
            bits: Mt19937::new(seed),
        }
    }

    /// The next 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.bits.next_u32()
    }

    /// Uniform in [0, 1) with 53 random bits: `random_sample()`, `rand()`.
    pub fn random_sample(&mut self) -> f64 {
        let high = f64::from(self.next_u32() >> 5); // 27 bits
        let low = f64::from(self.next_u32() >> 6); // 26 bits
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// A uniform integer in `0..=max`, by masked rejection: draws of as many bits as `max` has,
    /// repeated until one is not above it. `max = 0` draws nothing.
    ///
    /// Every bounded integer of the legacy generator is made this way. A `max` of at most 32 bits
    /// takes one word for each attempt, a larger one two words, the high one first.
    pub fn interval(&mut self, max: u64) -> u64 {
        if max == 0 {
            return 0;
        }
        let mask = u64::MAX >> max.leading_zeros();
        let narrow = max <= u64::from(u32::MAX);
        loop {
            let mut value = u64::from(self.next_u32());
            if !narrow {
                value = (value << 32) | u64::from(self.next_u32());
            }
            value &= mask;
            if value <= max {
                return value;
            }
        }
    }

    /// A uniform integer in `low..high`: `randint(low, high)`, for `int64` and, where the bounds
    /// fit, for `int32`.
    ///
    /// # Errors
    /// [`RandomError::EmptyRange`] unless `low < high`.
    pub fn randint(&mut self, low: i64, high: i64) -> Result<i64, RandomError> {
        if low >= high {
            return Err(RandomError::EmptyRange { low, high });
        }
        // The width of any such range fits 64 bits without sign, and so do the wrapping sums.
        let max = high.wrapping_sub(low).cast_unsigned() - 1;
        Ok(low.wrapping_add(self.interval(max).cast_signed()))
    }

    /// `size` indices out of `0..n`, repeats allowed: `choice(n, size, replace=True)`.
    ///
    /// # Errors
    /// [`RandomError::EmptyRange`] where `n` is 0 and `size` is not.
    pub fn choice_with_replacement(
        &mut self,
        n: usize,
        size: usize,
    ) -> Result<Vec<usize>, RandomError> {
        if n == 0 && size > 0 {
            return Err(RandomError::EmptyRange { low: 0, high: 0 });
        }
        Ok((0..size).map(|_| self.index(n - 1)).collect())
    }

    /// `size` different indices out of `0..n`: `choice(n, size, replace=False)`, which is the head
    /// of a permutation of all `n`.
    ///
    /// # Errors
    /// [`RandomError::TooMany`] where `size > n`.
    pub fn choice_without_replacement(
        &mut self,
        n: usize,
        size: usize,
    ) -> Result<Vec<usize>, RandomError> {
        if size > n {
            return Err(RandomError::TooMany { n, size });
        }
        let mut indices = self.permutation(n);
        indices.truncate(size);
        Ok(indices)
    }

    /// `0..n` in random order: `permutation(n)`.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = (0..n).collect();
        self.shuffle(&mut indices);
        indices
    }

    /// Shuffles in place, from the last element down: `shuffle(items)` of a one-dimensional array.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            let j = self.index(i);
            items.swap(i, j);
        }
    }

    /// [`interval`](Self::interval) for indices; a `usize` has at most 64 bits.
    fn index(&mut self, max: usize) -> usize {
        self.interval(max as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_bounded_draw_stays_in_its_range(seed: u32, low: i64, high: i64) {
            let draw = RandomState::new(seed).randint(low, high);
            match draw {
                Ok(value) => prop_assert!(low <= value && value < high),
                Err(error) => {
                    prop_assert!(low >= high);
                    prop_assert_eq!(error, RandomError::EmptyRange { low, high });
                }
            }
        }

        #[test]
        fn a_permutation_holds_every_index_once(seed: u32, n in 0usize..300) {
            let mut permutation = RandomState::new(seed).permutation(n);
            permutation.sort_unstable();
            prop_assert_eq!(permutation, (0..n).collect::<Vec<_>>());
        }
    }

    #[test]
    fn impossible_draws_are_errors() {
        let mut state = RandomState::new(0);
        assert_eq!(
            state.choice_with_replacement(0, 1),
            Err(RandomError::EmptyRange { low: 0, high: 0 })
        );
        assert_eq!(state.choice_with_replacement(0, 0), Ok(vec![]));
        assert_eq!(
            state.choice_without_replacement(3, 4),
            Err(RandomError::TooMany { n: 3, size: 4 })
        );
        assert_eq!(
            state
                .choice_without_replacement(3, 4)
                .unwrap_err()
                .to_string(),
            "cannot draw 4 of 3 values without replacement"
        );
    }
}
