/// Values of a block before it is cut in two.
const BLOCK: usize = 2048;

/// A growing set of numbers, equal ones included, that says how many are above another: ascending blocks
/// of bounded length. A number takes one search and one look at the length of each block above it; a million
/// numbers take about a second.
#[derive(Debug, Clone)]
pub(crate) struct Ranks {
    /// Ascending, none empty but the only one of an empty set.
    blocks: Vec<Vec<f64>>,
    len: usize,
}

impl Ranks {
    /// Of ascending, finite numbers.
    pub(crate) fn new(ascending: &[f64]) -> Self {
        let mut blocks: Vec<_> = ascending.chunks(BLOCK / 2).map(<[f64]>::to_vec).collect();
        if blocks.is_empty() {
            blocks.push(Vec::new());
        }
        Self {
            blocks,
            len: ascending.len(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// How many are above `value`.
    pub(crate) fn above(&self, value: f64) -> usize {
        self.counted(|&v| v <= value)
    }

    /// How many are at least `value`.
    pub(crate) fn at_least(&self, value: f64) -> usize {
        self.counted(|&v| v < value)
    }

    /// How many are not `below`, which holds for the first ones only.
    fn counted(&self, below: impl Fn(&f64) -> bool) -> usize {
        let at = self
            .blocks
            .partition_point(|block| block.last().is_some_and(&below));
        let rest = self.blocks.get(at..).unwrap_or_default();
        let inside = rest.first().map_or(0, |block| block.partition_point(below));
        rest.iter().map(Vec::len).sum::<usize>() - inside
    }

    pub(crate) fn insert(&mut self, value: f64) {
        let end = self.blocks.len() - 1;
        let at = self
            .blocks
            .partition_point(|block| block.last().is_some_and(|&last| last < value));
        let at = at.min(end);
        let block = &mut self.blocks[at];
        block.insert(block.partition_point(|&v| v < value), value);
        self.len += 1;
        if block.len() == BLOCK {
            let upper = block.split_off(BLOCK / 2);
            self.blocks.insert(at + 1, upper);
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    #[test]
    fn counts_are_those_of_a_scan() {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let mut scan = vec![0.5; 3];
        let mut ranks = Ranks::new(&scan);
        for i in 0..20_000 {
            // Half of the numbers are tied with others.
            let value: f64 = if i % 2 == 0 {
                rng.random()
            } else {
                (10.0 * rng.random::<f64>()).floor() / 10.0
            };
            if i % 97 == 0 {
                assert_eq!(
                    ranks.above(value),
                    scan.iter().filter(|&&v| v > value).count()
                );
                assert_eq!(
                    ranks.at_least(value),
                    scan.iter().filter(|&&v| v >= value).count()
                );
            }
            ranks.insert(value);
            scan.push(value);
        }
        assert_eq!(ranks.len(), scan.len());
        assert!(ranks.blocks.len() > 10);
        scan.sort_by(f64::total_cmp);
        assert_eq!(ranks.blocks.concat(), scan);
        assert_eq!(Ranks::new(&[]).above(0.0), 0);
    }
}
