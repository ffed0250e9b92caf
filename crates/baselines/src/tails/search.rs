use std::hint::select_unpredictable;

/// Keys whose places in a column are searched side by side, to hide the latency of each step behind the others.
pub(super) const LANES: usize = 8;
/// Keys between two of the next sparser level: 32 of 64 bits are four cache lines.
const FANOUT: usize = 32;

/// Sparser copies of a sorted column, each with the last key of every [`FANOUT`] of the one below, so that a search
/// in a long column touches few cache lines.
#[derive(Debug)]
pub(super) struct Sparse<K>(Vec<Vec<K>>);

impl<K: Ord + Copy + Default> Sparse<K> {
    /// Of a sorted column.
    pub(super) fn of(column: &[K]) -> Self {
        let mut levels: Vec<Vec<K>> = Vec::new();
        loop {
            let below = levels.last().map_or(column, Vec::as_slice);
            // A level of a few groups is searched as fast without one above it.
            if below.len() <= FANOUT * FANOUT {
                return Self(levels);
            }
            let last = below.chunks_exact(FANOUT).map(|group| group[FANOUT - 1]);
            let level = last.collect();
            levels.push(level);
        }
    }

    /// How many of `column`, which this was made of, lie below each of up to [`LANES`] keys.
    pub(super) fn count_below(&self, column: &[K], keys: &[K]) -> [usize; LANES] {
        let mut lanes = [K::default(); LANES];
        lanes[..keys.len()].copy_from_slice(keys);
        let mut below = [0; LANES];
        let levels = self.0.iter().rev().map(Vec::as_slice);
        for (place, level) in levels.chain([column]).enumerate() {
            let mut size = level.len();
            if place > 0 {
                size = FANOUT.min(level.len());
                // The first key that is not below is in this group or, in the last one, which may be short, at its end.
                below = below.map(|group| (group * FANOUT).min(level.len() - size));
            }
            count(level, size, &lanes, &mut below);
        }
        below
    }
}

/// Adds to `below`, where each lane's search begins, how many of the next `size` keys of `level` lie below its key.
fn count<K: Ord>(level: &[K], mut size: usize, lanes: &[K; LANES], below: &mut [usize; LANES]) {
    while size > 1 {
        let half = size / 2;
        for (below, key) in below.iter_mut().zip(lanes) {
            // Each comparison is a coin toss: without the hint the compiler makes it a branch, even
            // of a product, and the search takes nine times as long.
            let up = *below + half;
            *below = select_unpredictable(level[up - 1] < *key, up, *below);
        }
        size -= half;
    }
    for (below, key) in below.iter_mut().zip(lanes) {
        *below += usize::from(level[*below] < *key);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_are_those_of_a_plain_search(
            // Up to three levels; many ties or few.
            n in prop_oneof![1usize..70, 1000usize..1100, 32_700usize..33_900],
            span in 1i64..200_000,
            seed in any::<i64>(),
            picks in proptest::collection::vec(any::<i64>(), 1..=LANES),
        ) {
            let key = |i: i64| (i.wrapping_mul(0x5851_f42d_4c95_7f2d) >> 20).rem_euclid(span);
            let mut column: Vec<i64> = (0..n as i64).map(|i| key(i.wrapping_add(seed))).collect();
            column.sort_unstable();
            let keys: Vec<i64> = picks.iter().map(|pick| pick.rem_euclid(span + 2) - 1).collect();
            let below = Sparse::of(&column).count_below(&column, &keys);
            for (key, below) in keys.iter().zip(below) {
                prop_assert_eq!(below, column.partition_point(|k| k < key));
            }
        }
    }
}
